// The store in PostgreSQL when its process is killed, when the server is, when connections break,
// and when a disk is full.
//
// TROTH_KILLS sets how often processes are killed and connections cut.

#include <sys/stat.h>

#include <fstream>
#include <map>
#include <random>

#include "child-process.h"
#include "pg-load.h"
#include "pg-proxy.h"
#include "pg-testing.h"
#include "temporary-folder.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

constexpr kj::StringPtr CHILD = TROTH_PG_CHILD ""_kj;

// Whatever dies, what was acknowledged is to be on the disk.
PgCluster& cluster() {
  static PgCluster cluster(PgCluster::Disk::DURABLE);
  return cluster;
}

class PgCrash: public testing::Test {
protected:
  PgCrash() { runScript(cluster().where(), "DROP SCHEMA IF EXISTS troth CASCADE"); }
  ~PgCrash() noexcept override {}

  Loop loop;
  std::mt19937 random{1};

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(loop.waitScope());
  }

  void runScript(kj::StringPtr where, kj::StringPtr sql) {
    auto connection = wait(PgConnection::connect(loop, where));
    wait(connection->runScript(sql)).takeResults();
  }

  int64_t count(const char* sql) {
    auto connection = wait(PgConnection::connect(loop, cluster().where()));
    PgStatement statement{nullptr, sql};
    return wait(connection->run({{statement}})).takeResults()[0].at(0, 0).asInt8();
  }

  kj::Own<Store> open(StoreOptions options = {}) {
    return newPostgresStore(cluster().where(), options);
  }

  // Nothing of a record may be there without the rest of it.
  void expectNothingHalf() {
    EXPECT_EQ(0, count(R"sql(
      SELECT count(*) FROM troth.promises p
      WHERE p.tags <> ARRAY['all', 'some'] OR (p.state = 0) <> (p.settled IS NULL)
        OR (p.state = 1) <> (length(p.value) > 0) OR p.params <> 'params'
        OR 2 <> (SELECT count(*) FROM troth.promise_tags t
                 WHERE t.id = p.id AND t.created = p.created)
    )sql"));
    EXPECT_EQ(0, count(R"sql(
      SELECT count(*) FROM troth.promise_tags t
      WHERE NOT EXISTS (SELECT FROM troth.promises p WHERE p.id = t.id AND p.created = t.created)
    )sql"));
  }

  void expectAll(Store& store, const Outcomes& outcomes) {
    kj::Vector<kj::Promise<void>> checks(outcomes.size());
    for (auto& [id, value]: outcomes) checks.add(expectOutcome(store, id.c_str(), value));
    wait(kj::joinPromises(checks.releaseAsArray()));
  }

  // `value` is empty if it is only known that the promise was created.
  static kj::Promise<void> expectOutcome(Store& store, kj::StringPtr id, const std::string& value) {
    auto found = co_await store.find(id);
    KJ_IF_MAYBE(record, found) {
      if (value.empty()) co_return;
      EXPECT_EQ(PromiseState::FULFILLED, record->state) << id.cStr();
      EXPECT_EQ(value, textOf(record->value)) << id.cStr();
    } else {
      ADD_FAILURE() << "lost: " << id.cStr();
    }
  }

  // Runs a load on two stores; `harm` does something to the server, `rounds` times.
  template <typename Harm>
  void endure(int rounds, Harm&& harm) {
    auto one = open(), other = open();
    Load load(loop, *one, *other);
    for (int round = 0; round < rounds; ++round) {
      wait(load.settled(1 + random() % 100));
      harm();
    }
    wait(load.settled(100));
    wait(load.stop());
    one = open();
    expectAll(*one, load.outcomes());
    expectNothingHalf();
  }

  // For the callers to find that the server is not there.
  void pause() { wait(loop.timer().afterDelay(random() % 20 * kj::MILLISECONDS)); }
};

// ---- Deaths ----

TEST_F(PgCrash, WhatAKilledProcessWasToldIsThere) {
  Outcomes outcomes;
  auto note = [&](const std::string& line) {
    if (line.empty()) return;
    auto id = line.substr(2);
    auto& value = outcomes[id];
    if (line[0] == 's') value = id;
  };
  auto where = cluster().where();
  for (int round = 0, rounds = killCount(20); round < rounds; ++round) {
    ChildProcess child{CHILD, where};
    for (int i = 0; i < 1 + round % 50; ++i) note(child.readLine());
    child.kill();
    for (auto& line: child.readAll()) note(line);
  }
  EXPECT_LT(size_t(killCount(20)), outcomes.size());
  auto store = open();
  expectAll(*store, outcomes);
  expectNothingHalf();
}

TEST_F(PgCrash, WhatWasAcknowledgedSurvivesKillsOfTheServer) {
  endure(killCount(10), [this]() {
    cluster().kill();
    pause();
    cluster().start();
  });
}

TEST_F(PgCrash, AServerThatIsStoppedAndStartedIsWaitedFor) {
  endure((killCount(20) + 3) / 4, [this]() {
    cluster().stop();
    pause();
    cluster().start();
  });
}

// ---- Connections that break ----

// A store behind a proxy.
class PgCut: public PgCrash {
protected:
  ~PgCut() noexcept override {}

  TemporaryFolder folder;
  PgProxy proxy{loop, cluster().getFolder(), folder.path.c_str()};

  kj::Own<Store> openBehindProxy() { return newPostgresStore(proxy.where()); }

  static bool contains(kj::ArrayPtr<const char> bytes, const char* word) {
    return std::string_view(bytes.begin(), bytes.size()).find(word) != std::string_view::npos;
  }

  // A claim that breaks has leased nothing. What it had locked is left out by the next one, until
  // the server has seen that the connection is gone.
  kj::Array<Record> claim(Store& store, kj::StringPtr target) {
    kj::Array<Record> claimed;
    while (claimed.size() == 0) {
      ClaimRequest request{.lease = {kj::str("second")}};
      request.targets = kj::arr(kj::str(target));
      auto claiming = store.claim(kj::mv(request));
      KJ_IF_MAYBE(failure,
          kj::runCatchingExceptions([&]() { claimed = recordsOf(wait(kj::mv(claiming))); })) {
        EXPECT_EQ(Type::DISCONNECTED, failure->getType()) << failure->getDescription().cStr();
      }
    }
    return claimed;
  }

  // A life with one request of each kind. Each is to be answered as if nothing had happened.
  void live(Store& store, kj::StringPtr id) {
    auto target = kj::str("target of ", id);
    auto creation = [&]() {
      auto request = work(id, target);
      request.tags = kj::arr(kj::str("all"), kj::str("some"));
      request.lease = LeaseRequest{kj::str("first")};
      return request;
    };
    EXPECT_EQ(1u, wait(store.create(creation())).epoch);
    EXPECT_EQ(1u, wait(store.renew(renewal(id, 1, "first"))).epoch);
    auto waiting = store.whenSettled(id);
    EXPECT_TRUE(wait(store.release(releasing(id, 1, "first"))).lease == nullptr);
    auto claimed = claim(store, target);
    ASSERT_EQ(1u, claimed.size());
    EXPECT_EQ(2u, claimed[0].epoch);
    auto settlement = [&]() { return strictly(atEpoch(fulfill(id, id), 2)); };
    EXPECT_EQ(PromiseState::FULFILLED, wait(store.settle(settlement())).state);
    EXPECT_EQ(bytesOf(id).asPtr(), wait(kj::mv(waiting)).value.asPtr());
    auto again = wait(store.create(creation()));
    EXPECT_EQ(2u, again.epoch);
    EXPECT_EQ(bytesOf(id).asPtr(), again.value.asPtr());
  }

  // One life for each message of a kind, which is cut at that message.
  void cutAtEach(PgProxy::Message kind) {
    constexpr int MESSAGES_MAX = 200;
    int n = 1;
    for (bool cut = true; cut && n < MESSAGES_MAX && !HasFailure(); ++n) {
      SCOPED_TRACE(kj::str("message ", n).cStr());
      int messages = 0;
      cut = false;
      proxy.judge = [&, n, kind](auto message, auto) {
        if (message != kind || ++messages != n) return PgProxy::Fate::PASS;
        cut = true;
        return PgProxy::Fate::CUT;
      };
      live(*openBehindProxy(), kj::str("p", n));
    }
    EXPECT_LT(15, n);
    EXPECT_LT(n, MESSAGES_MAX);
    proxy.judge = [](auto, auto) { return PgProxy::Fate::PASS; };
    expectNothingHalf();
  }
};

TEST_F(PgCut, ALostAnswerIsReadBackWhicheverItIs) { cutAtEach(PgProxy::Message::ANSWER); }

TEST_F(PgCut, ARequestThatNeverArrivesIsMadeAgainWhicheverItIs) {
  cutAtEach(PgProxy::Message::REQUEST);
}

TEST_F(PgCut, AClaimThatDidNotArriveIsNotTakenForTheNextOne) {
  auto store = openBehindProxy(), other = open();
  wait(store->create(work("a", "target")));
  // From the write of the claim on nothing gets through.
  auto cut = kj::newPromiseAndFulfiller<void>();
  proxy.judge = [&](auto message, auto bytes) {
    if (contains(bytes, "troth_update")) cut.fulfiller->fulfill();
    bool isCut = !cut.fulfiller->isWaiting();
    return isCut && message == PgProxy::Message::REQUEST ? PgProxy::Fate::CUT : PgProxy::Fate::PASS;
  };
  ClaimRequest request{.lease = {kj::str("first")}};
  request.targets = kj::arr(kj::str("target"));
  auto lost = store->claim(kj::mv(request));
  wait(kj::mv(cut.promise));
  auto claimed = claim(*other, "target");
  EXPECT_EQ(1u, claimed[0].epoch);
  proxy.judge = [](auto, auto) { return PgProxy::Fate::PASS; };
  EXPECT_EQ(0u, wait(kj::mv(lost)).size());
}

TEST_F(PgCut, AClaimThatIsStillUnderWayIsWaitedFor) {
  auto store = openBehindProxy();
  // So that all statements are prepared.
  wait(store->create(work("before", "target")));
  claim(*store, "target");
  wait(store->create(work("a", "target")));
  // Holds the write of the claim up, not the lock that it begins with.
  auto rival = wait(PgConnection::connect(loop, cluster().where()));
  PgStatement begin{nullptr, "BEGIN"}, lock{nullptr, "LOCK troth.promises IN SHARE MODE"};
  wait(rival->run({{begin}, {lock}})).takeResults();
  proxy.judge = [](auto, auto bytes) {
    return contains(bytes, "troth_update") ? PgProxy::Fate::PASS_AND_CUT : PgProxy::Fate::PASS;
  };
  ClaimRequest request{.lease = {kj::str("first")}};
  request.targets = kj::arr(kj::str("target"));
  auto lost = store->claim(kj::mv(request));
  // The write waits for the rival, and who reads it back for the write.
  while (!lost.poll(loop.waitScope())) {
    if (count("SELECT count(*) FROM pg_locks WHERE NOT granted") == 2) break;
  }
  rival = nullptr;
  auto claimed = wait(kj::mv(lost)).size();
  EXPECT_EQ(count("SELECT count(*) FROM troth.promises WHERE lease_owner = 'first'"), claimed);
}

TEST_F(PgCut, ManyConnectionsCutUnderLoadLoseNothing) {
  const uint64_t cuts = killCount(20);
  auto one = openBehindProxy(), other = openBehindProxy();
  Load load(loop, *one, *other);
  proxy.judge = [&](auto, auto) {
    return proxy.cuts < cuts && random() % 16 == 0 ? PgProxy::Fate::CUT : PgProxy::Fate::PASS;
  };
  while (proxy.cuts < cuts) wait(load.settled(1));
  wait(load.settled(100));
  wait(load.stop());
  expectAll(*one, load.outcomes());
  expectNothingHalf();
}

// ---- A database that stays away ----

TEST_F(PgCrash, ADatabaseThatStaysAwayIsGivenUpInTime) {
  constexpr auto PATIENCE = 400 * kj::MILLISECONDS;
  auto store = open({.patience = PATIENCE});
  // On a busy machine it may take longer than that to connect.
  auto create = [&]() { wait(store->create(outside("before"))); };
  while (kj::runCatchingExceptions(create) != nullptr) {}
  auto& clock = kj::systemPreciseMonotonicClock();
  std::map<Type, int> failures;
  auto expectGivenUp = [&](auto promise) {
    auto failure = thrownBy([&]() { wait(kj::mv(promise)); });
    ++failures[failure.getType()];
  };
  // Whether the first of these were carried out nobody knows.
  kj::Vector<kj::Promise<Record>> sent;
  for (int i = 0; i < 10; ++i) sent.add(store->settle(fulfill("before", kj::str(i))));
  for (int i = 0; i < 10; ++i) sent.add(store->create(outside(kj::str("sent ", i))));
  loop.waitScope().poll();
  cluster().kill();
  auto start = clock.now();
  for (auto& promise: sent) {
    KJ_IF_MAYBE(failure, kj::runCatchingExceptions([&]() { wait(kj::mv(promise)); })) {
      ++failures[failure->getType()];
    }
  }
  expectGivenUp(store->create(outside("after")));
  expectGivenUp(store->find("before"));
  expectGivenUp(store->search({}));
  ClaimRequest claim{.lease = {kj::str("me")}};
  claim.targets = kj::arr(kj::str("bank"));
  expectGivenUp(store->claim(kj::mv(claim)));
  expectGivenUp(store->prune({}));
  EXPECT_LT((clock.now() - start) / kj::MILLISECONDS, 30 * (PATIENCE / kj::MILLISECONDS));
  EXPECT_EQ(0, failures[Type::FAILED]);
  EXPECT_LT(0, failures[Type::OVERLOADED]);
  cluster().start();
  auto back = open();
  EXPECT_TRUE(wait(back->find("before")) != nullptr);
  EXPECT_EQ(PromiseState::PENDING, wait(back->create(outside("after"))).state);
}

// ---- Full disks ----

class PgFullDisk: public PgCrash {
protected:
  ~PgFullDisk() noexcept override {}

  // Before the server, which has files there.
  TemporaryFolder folder;
  kj::Maybe<kj::Own<SmallDisk>> disk = SmallDisk::tryMount(folder.path, "48m");
  PgCluster small{PgCluster::Disk::DURABLE};

  // Who the server runs as is to have `path`.
  void giveToServer(kj::StringPtr path) {
    struct stat data;
    KJ_SYSCALL(stat(kj::str(small.getFolder(), "/data").cStr(), &data));
    KJ_SYSCALL(chown(path.cStr(), data.st_uid, data.st_gid));
  }

  // Moves the server's write-ahead log to `path`, on the small disk.
  void moveLogTo(kj::StringPtr path) {
    small.stop();
    auto log = std::filesystem::path(small.getFolder().cStr()) / "data" / "pg_wal";
    std::filesystem::copy(log, path.cStr(), std::filesystem::copy_options::recursive);
    giveToServer(path);
    for (auto& entry: std::filesystem::recursive_directory_iterator(path.cStr())) {
      giveToServer(entry.path().c_str());
    }
    std::filesystem::remove_all(log);
    std::filesystem::create_directory_symlink(path.cStr(), log);
    small.start();
  }

  bool hasPanicked() {
    std::ifstream log(kj::str(small.getFolder(), "/log").cStr());
    std::string text{std::istreambuf_iterator<char>(log), {}};
    return text.find("PANIC") != std::string::npos;
  }

  CreateRequest large(kj::StringPtr id) {
    auto request = work(id);
    auto params = kj::heapArray<kj::byte>(100'000);
    for (auto& byte: params) byte = random();
    request.call.params = kj::mv(params);
    return request;
  }

  // Creates promises until that fails. Gives those that were created.
  Outcomes fill(Store& store) {
    constexpr size_t PROMISES_MAX = 1000;
    Outcomes outcomes;
    while (outcomes.size() < PROMISES_MAX) {
      auto id = kj::str("p", outcomes.size());
      auto creation = store.create(large(id));
      KJ_IF_MAYBE(failure, kj::runCatchingExceptions([&]() { wait(kj::mv(creation)); })) {
        EXPECT_EQ(Type::OVERLOADED, failure->getType()) << failure->getDescription().cStr();
        EXPECT_MENTIONS(failure->getDescription(), "53100");
        return outcomes;
      }
      outcomes[id.cStr()];
    }
    ADD_FAILURE() << "there was always space";
    return outcomes;
  }
};

TEST_F(PgFullDisk, RefusesWritesLosesNothingAndGoesOnWhenThereIsSpace) {
  if (disk == nullptr) GTEST_SKIP() << "this user may not mount a tmpfs";
  auto ballast = folder.file("ballast"), space = folder.file("space");
  std::ofstream(ballast.cStr()) << std::string(24 << 20, 'x');
  KJ_SYSCALL(mkdir(space.cStr(), 0700));
  giveToServer(space);
  runScript(small.where(), kj::str("CREATE TABLESPACE small LOCATION '", space, "'"));
  runScript(small.where(), "CREATE DATABASE small TABLESPACE small");
  auto where = kj::str("host=", small.getFolder(), " user=troth dbname=small");
  auto store = newPostgresStore(where);
  auto outcomes = fill(*store);
  EXPECT_LT(10u, outcomes.size());
  expectAll(*store, outcomes);
  std::filesystem::remove(ballast.cStr());
  wait(store->create(large("afterwards")));
  store = newPostgresStore(where);
  outcomes["afterwards"];
  expectAll(*store, outcomes);
}

// PostgreSQL panics then: to the store it is a server that dies, and may not come back for long.
TEST_F(PgFullDisk, AServerWithoutSpaceForItsLogLosesNothing) {
  if (disk == nullptr) GTEST_SKIP() << "this user may not mount a tmpfs";
  moveLogTo(folder.file("log"));
  auto ballast = folder.file("ballast");
  std::ofstream(ballast.cStr()) << std::string(16 << 20, 'x');
  auto store = newPostgresStore(small.where(), {.patience = 1 * kj::SECONDS});
  Outcomes outcomes;
  for (int i = 0; i < 1000 && !hasPanicked(); ++i) {
    auto id = kj::str("p", i);
    auto creation = store->create(large(id));
    KJ_IF_MAYBE(failure, kj::runCatchingExceptions([&]() { wait(kj::mv(creation)); })) {
      auto type = failure->getType();
      EXPECT_TRUE(type == Type::OVERLOADED || type == Type::DISCONNECTED)
          << failure->getDescription().cStr();
    } else {
      outcomes[id.cStr()];
    }
  }
  EXPECT_TRUE(hasPanicked());
  EXPECT_LT(10u, outcomes.size());
  small.kill();
  std::filesystem::remove(ballast.cStr());
  small.start();
  store = newPostgresStore(small.where());
  expectAll(*store, outcomes);
  wait(store->create(large("afterwards")));
}

}  // namespace
}  // namespace troth
