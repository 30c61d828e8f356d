// The cases with a store in PostgreSQL, whose server dies as well.

#include "crash-scene.h"
#include "pg-cluster.h"

namespace troth {
namespace {

class PgGround final: public Ground {
public:
  ~PgGround() noexcept(false) override = default;

  kj::String newLocation(const TemporaryFolder&) override {
    run("SET client_min_messages = warning; DROP SCHEMA IF EXISTS troth CASCADE");
    return kj::str("postgresql:///postgres?user=troth&host=", cluster.getFolder());
  }
  bool hasDatabase() const override { return true; }
  void killDatabase() override { cluster.kill(); }
  void startDatabase() override { cluster.start(); }

private:
  // Its processes die, the machine does not.
  PgCluster cluster{PgCluster::Disk::FAST};

  void run(kj::StringPtr sql) {
    ChildProcess psql{
        "/usr/bin/env", "psql", "--quiet", "--no-psqlrc", cluster.where(), "--command", sql};
    KJ_REQUIRE(psql.wait() == 0, sql);
  }
};

// The database dies when a call has come to `point`; the vat goes on, and finds it gone.
class DatabaseCrash: public CrashTest {
protected:
  ~DatabaseCrash() noexcept override = default;

  void expectOneRunAfterDeathAt(kj::StringPtr point, Ask what = {}) {
    auto fault = kj::str("TROTH_STOP=", point);
    auto server = serve({.fault = fault, .lease_ms = 3 * LONG_LEASE_MS});
    auto asker = ask(what);
    ASSERT_TRUE(server->waitForStop());
    ground().killDatabase();
    server->resume();
    ground().startDatabase();
    auto outcome = asker->readLine();
    expectWhole(outcome, {1, 1});
    EXPECT_EQ(outcome, outcomeFor(what));
  }
};

TEST_F(DatabaseCrash, BeforeTheRecord) { expectOneRunAfterDeathAt("before-record"); }
TEST_F(DatabaseCrash, AfterTheRecord) {
  expectOneRunAfterDeathAt("after-record", {.method = "careful"});
}
TEST_F(DatabaseCrash, InTheCode) { expectOneRunAfterDeathAt("after-effect"); }
TEST_F(DatabaseCrash, AfterTheCode) { expectOneRunAfterDeathAt("before-outcome"); }
TEST_F(DatabaseCrash, AfterTheCommit) { expectOneRunAfterDeathAt("after-outcome"); }

TEST_F(DatabaseCrash, AfterTheAnswer) {
  auto server = serve();
  auto outcome = outcomeFor();
  ground().killDatabase();
  ground().startDatabase();
  expectWhole(outcome, {1, 1});
  EXPECT_EQ(outcome, outcomeFor());
}

TEST_F(DatabaseCrash, ForLongerThanTheLeaseTheCallIsTakenUpAgain) {
  constexpr int LEASE_MS = 300;
  auto server = serve({.fault = "TROTH_STOP=after-effect", .lease_ms = LEASE_MS});
  auto asker = ask();
  ASSERT_TRUE(server->waitForStop());
  ground().killDatabase();
  server->resume();
  usleep(2 * 1000 * LEASE_MS);
  ground().startDatabase();
  auto outcome = asker->readLine();
  auto done = effects();
  expectWhole(outcome, {done["w.1"].size(), done["w.2"].size()});
  EXPECT_LT(1u, get().epoch);
}

TEST_F(DatabaseCrash, TogetherWithTheServer) {
  auto server = serve("TROTH_STOP=after-effect:2");
  auto asker = ask();
  ASSERT_TRUE(server->waitForStop());
  ground().killDatabase();
  server->kill();
  ground().startDatabase();
  server = serve();
  expectWhole(asker->readLine(), {1, 2});
}

}  // namespace

Ground& ground() {
  static PgGround ground;
  return ground;
}

}  // namespace troth
