// How a connection to PostgreSQL comes to be, or is refused.

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pg-testing.h"

namespace troth {
namespace {

// A variable of the environment, which has `value` as long as this lives.
class EnvironmentVariable {
public:
  EnvironmentVariable(const char* name, kj::StringPtr value): name(name) {
    if (auto found = getenv(name)) before = kj::heapString(found);
    setenv(name, value.cStr(), 1);
  }
  ~EnvironmentVariable() {
    KJ_IF_MAYBE(value, before) {
      setenv(name, value->cStr(), 1);
    } else {
      unsetenv(name);
    }
  }
  KJ_DISALLOW_COPY_AND_MOVE(EnvironmentVariable);

private:
  const char* name;
  kj::Maybe<kj::String> before;
};

class PgConnectTest: public PgTest {
public:
  ~PgConnectTest() noexcept override {}

  kj::Exception refusal(kj::StringPtr where) {
    auto failure =
        kj::runCatchingExceptions([&]() { PgConnection::connect(loop, where).wait(waitScope); });
    return kj::mv(KJ_ASSERT_NONNULL(failure, "the server did not refuse"));
  }
};

TEST_F(PgConnectTest, GivesItsNameAndSpeaksUtf8) {
  auto connection = connect();
  EXPECT_EQ("troth", textOf(query(*connection, "SHOW application_name")[0].at(0, 0)));
  EXPECT_EQ("UTF8", textOf(query(*connection, "SHOW client_encoding")[0].at(0, 0)));
}

TEST_F(PgConnectTest, KeepsTheNameThatItIsGiven) {
  auto where = kj::str(sharedCluster().where(), " application_name=mine");
  auto connection = PgConnection::connect(loop, where).wait(waitScope);
  EXPECT_EQ("mine", textOf(query(*connection, "SHOW application_name")[0].at(0, 0)));
}

TEST_F(PgConnectTest, UnderstandsUris) {
  auto host = kj::str(sharedCluster().where().slice(strlen("host=")));
  auto folder = host.slice(0, KJ_ASSERT_NONNULL(host.findFirst(' ')));
  auto uri = kj::str("postgresql:///postgres?user=troth&host=", folder);
  auto connection = PgConnection::connect(loop, uri).wait(waitScope);
  EXPECT_EQ("troth", textOf(query(*connection, "SELECT current_user::text")[0].at(0, 0)));
}

TEST_F(PgConnectTest, AnEmptyUriLeavesItToTheEnvironment) {
  EnvironmentVariable host("PGHOST", sharedCluster().getFolder());
  EnvironmentVariable user("PGUSER", "troth");
  EnvironmentVariable database("PGDATABASE", "postgres");
  auto connection = PgConnection::connect(loop, "postgresql://").wait(waitScope);
  auto results = query(*connection, "SELECT current_user::text, current_database()::text");
  EXPECT_EQ("troth", textOf(results[0].at(0, 0)));
  EXPECT_EQ("postgres", textOf(results[0].at(0, 1)));
}

TEST_F(PgConnectTest, AServerThatIsAwayIsDisconnected) {
  auto failure = refusal("host=/nowhere user=troth");
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, failure.getType());
  EXPECT_TRUE(mentions(failure, "/nowhere"));
}

TEST_F(PgConnectTest, AServerThatRefusesIsAFailure) {
  auto failure = refusal(kj::str(sharedCluster().where(), " dbname=nothing"));
  EXPECT_EQ(kj::Exception::Type::FAILED, failure.getType());
  EXPECT_TRUE(mentions(failure, "database \"nothing\" does not exist (SQLSTATE 3D000)"));
}

TEST_F(PgConnectTest, AServerWithTooManyClientsIsOverloaded) {
  query(*connect(), "CREATE ROLE crowd LOGIN CONNECTION LIMIT 1");
  auto where = kj::str(sharedCluster().where(), " user=crowd");
  auto connection = PgConnection::connect(loop, where).wait(waitScope);
  auto failure = refusal(where);
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  EXPECT_TRUE(mentions(failure, "53300"));
}

TEST_F(PgConnectTest, WhatIsNoAddressIsAFailure) {
  EXPECT_EQ(kj::Exception::Type::FAILED, refusal("postgresql://[").getType());
  EXPECT_EQ(kj::Exception::Type::FAILED, refusal("colour=red").getType());
}

TEST_F(PgConnectTest, GivesUpOnAServerThatDoesNotAnswer) {
  auto address = loop.network().parseAddress("127.0.0.1:0").wait(waitScope);
  auto listener = address->listen();
  auto where = kj::str("host=127.0.0.1 sslmode=disable gssencmode=disable connect_timeout=1 port=",
      listener->getPort());
  auto failure = refusal(where);
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, failure.getType());
  EXPECT_TRUE(mentions(failure, "did not answer in time"));
}

// ---- TLS, which libpq does not speak on a Unix socket ----

// An address of this machine that no other process listens on.
kj::String ownAddress() {
  auto id = getpid();
  return kj::str("127.", 64 + (id >> 16) % 64, '.', (id >> 8) % 256, '.', id % 256);
}

class PgTlsTest: public PgConnectTest {
public:
  // The next one listens on the same address.
  ~PgTlsTest() noexcept override { server.kill(); }

  kj::String where() const {
    return kj::str("host=", address, " user=troth dbname=postgres sslmode=require");
  }

  // Gives the server a certificate, and has it speak TLS.
  void turnOnTls() {
    auto command = kj::str("cd ", server.getFolder(), "/data && ",
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost ",
        "-keyout server.key -out server.crt >>../log 2>&1 && ",
        "chmod 600 server.key && chown --reference=. server.key server.crt");
    KJ_REQUIRE(system(command.cStr()) == 0, "there is no certificate", command);
    PgConnection::connect(loop, server.where())
        .wait(waitScope)
        ->runScript("ALTER SYSTEM SET ssl = on")
        .wait(waitScope)
        .takeResults();
    server.stop();
    server.start();
  }

  kj::String address = ownAddress();
  PgCluster server{PgCluster::Disk::FAST, address};
};

TEST_F(PgTlsTest, AServerWithoutItIsRefusedWhereItIsRequired) {
  auto failure = refusal(where());
  EXPECT_TRUE(mentions(failure, address.cStr()));
  EXPECT_TRUE(mentions(failure, "server does not support SSL, but SSL was required"));
}

TEST_F(PgTlsTest, AConnectionIsEncryptedWhereItIsRequired) {
  turnOnTls();
  auto connection = PgConnection::connect(loop, where()).wait(waitScope);
  constexpr auto ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
  EXPECT_TRUE(query(*connection, ENCRYPTED)[0].at(0, 0).asBool());
}

TEST_F(PgTlsTest, SendsAndReadsMoreThanTheKernelBuffersEncrypted) {
  turnOnTls();
  auto connection = PgConnection::connect(loop, where()).wait(waitScope);
  constexpr PgStatement REPEAT{nullptr, "SELECT $1"};
  auto text = kj::heapString(8 << 20);
  memset(text.begin(), 'x', text.size());
  auto results =
      connection->run({{REPEAT, kj::arr(PgParameter::text(text))}}).wait(waitScope).takeResults();
  EXPECT_EQ(text.size(), results[0].at(0, 0).asText().size());
}

}  // namespace
}  // namespace troth
