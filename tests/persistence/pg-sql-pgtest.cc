// A program's own SQL in PostgreSQL: transactions that are in each other's way, leases that are
// lost meanwhile, connections that are cut, processes that are killed.

#include "child-process.h"
#include "pg-proxy.h"
#include "pg-testing.h"
#include "pg-transactions.h"
#include "sql-contract.h"
#include "temporary-folder.h"
#include "traffic.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;
using Fate = PgProxy::Fate;
using Message = PgProxy::Message;

constexpr kj::StringPtr CHILD = TROTH_PG_CHILD ""_kj;

class PgSqlTest: public PgTest {
protected:
  PgSqlTest() {
    wait(connect()->runScript("DROP SCHEMA IF EXISTS troth CASCADE")).takeResults();
    store = open();
    wait(store->execute(MAKE_ACCOUNTS));
  }
  ~PgSqlTest() noexcept override {}

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(waitScope);
  }

  // Stores do not look around in these tests.
  static StoreOptions quiet() {
    StoreOptions options;
    options.pollInterval = 1 * kj::HOURS;
    return options;
  }
  kj::Own<Store> open(kj::StringPtr settings = "", StoreOptions options = quiet()) {
    auto where = kj::str(sharedCluster().where(), " options='", settings, "'");
    return newPostgresStore(where, options);
  }

  kj::Own<Store> store;

  int64_t balance(const char* name = "alice") {
    auto sql = kj::str("SELECT balance FROM accounts WHERE name = '", name, "'");
    return query(*connect(), sql.cStr())[0].at(0, 0).asInt8();
  }

  // Runs one statement, and gives what it gave.
  SqlRows run(kj::StringPtr statement) {
    kj::Maybe<SqlRows> rows;
    wait(store->transact(transactionOf(kj::str("run ", ++runs)), [&](Sql& sql) {
      return sql.run(statement).then([&](SqlRows&& result) {
        rows = kj::mv(result);
        return Value();
      });
    }));
    return kj::mv(KJ_ASSERT_NONNULL(rows));
  }

  int runs = 0;
};

// ---- What a session is like ----

TEST_F(PgSqlTest, ATransactionIsOneTransaction) {
  wait(depositing(*store, "before", 0));
  auto traffic = cost(*store, [&](int time) { wait(depositing(*store, kj::str("t", time), 30)); });
  EXPECT_EQ(traffic.transactions, 1);
  EXPECT_EQ(traffic.requests, 1);
  EXPECT_EQ(traffic.connections, 0);
}

TEST_F(PgSqlTest, ThePlannerIsFreeToPlanTheProgramsStatements) {
  auto rows = run("SELECT current_setting('enable_seqscan'), current_setting('enable_hashjoin')");
  EXPECT_EQ(rows.asText(0, 0), "on");
  EXPECT_EQ(rows.asText(0, 1), "on");
}

TEST_F(PgSqlTest, TypesThatHaveNoOtherWayAreText) {
  auto rows =
      run("SELECT 12.50::numeric, 7::smallint, 1.5::real, 'a'::varchar, '{\"a\": 1}'::jsonb, "
          "date '2026-01-02', ARRAY[1, 2], 'NaN'::float8");
  EXPECT_EQ(rows.asText(0, 0), "12.50");
  EXPECT_EQ(rows.asInt64(0, 1), 7);
  EXPECT_EQ(rows.asDouble(0, 2), 1.5);
  EXPECT_EQ(rows.asText(0, 3), "a");
  EXPECT_EQ(rows.asText(0, 4), "{\"a\": 1}");
  EXPECT_EQ(rows.asText(0, 5), "2026-01-02");
  EXPECT_EQ(rows.asText(0, 6), "{1,2}");
  EXPECT_NE(rows.asDouble(0, 7), rows.asDouble(0, 7));
}

TEST_F(PgSqlTest, CopyIsRefusedAndTheConnectionStays) {
  auto failure = thrownBy([&]() { run("COPY accounts FROM STDIN"); });
  EXPECT_EQ(failure.getType(), Type::FAILED);
  EXPECT_MENTIONS(failure.getDescription(), "COPY");
}

TEST_F(PgSqlTest, ATextWithANulIsRefused) {
  auto failure = thrownBy([&]() {
    wait(store->transact(transactionOf("t"),
        [](Sql& sql) { return receipt(sql.run("SELECT $1", kj::heapString("a\0b", 3))); }));
  });
  EXPECT_MENTIONS(failure.getDescription(), "NUL");
}

TEST_F(PgSqlTest, TransactionsWaitForAConnection) {
  auto options = quiet();
  options.sqlConnections = 2;
  auto few = open("", kj::mv(options));
  kj::Vector<kj::Promise<Record>> promises;
  for (int i = 0; i < 20; ++i) promises.add(depositing(*few, kj::str("t", i), 1));
  for (auto& promise: promises) wait(kj::mv(promise));
  EXPECT_EQ(balance(), 120);
  EXPECT_LE(few->getTraffic().connections, 2 + 3);
}

// ---- Others ----

// Changes one balance, waits until another transaction has changed another, and changes that.
kj::Promise<Value> cross(Sql& sql, kj::StringPtr first, kj::StringPtr second,
    kj::PromiseFulfiller<void>& mine, kj::Promise<void> theirs) {
  auto add = "UPDATE accounts SET balance = balance + 1 WHERE name = $1"_kj;
  co_await sql.run(add, first);
  mine.fulfill();
  co_await theirs;
  co_await sql.run(add, second);
  co_return Value();
}

TEST_F(PgSqlTest, TwoTransactionsThatWaitForEachOthersRowsBothEndWell) {
  auto quick = open("-c deadlock_timeout=20ms");
  auto one = kj::newPromiseAndFulfiller<void>(), other = kj::newPromiseAndFulfiller<void>();
  auto oneDone = one.promise.fork(), otherDone = other.promise.fork();
  int runs = 0;
  auto a = quick->transact(transactionOf("a"), [&](Sql& sql) {
    ++runs;
    return cross(sql, "alice", "bob", *one.fulfiller, otherDone.addBranch());
  });
  auto b = quick->transact(transactionOf("b"), [&](Sql& sql) {
    ++runs;
    return cross(sql, "bob", "alice", *other.fulfiller, oneDone.addBranch());
  });
  EXPECT_EQ(wait(quick->create(outside("meanwhile"))).state, PromiseState::PENDING);
  EXPECT_EQ(wait(kj::mv(a)).state, PromiseState::FULFILLED);
  EXPECT_EQ(wait(kj::mv(b)).state, PromiseState::FULFILLED);
  EXPECT_EQ(balance("alice"), 102);
  EXPECT_EQ(balance("bob"), 102);
  EXPECT_EQ(runs, 3);
}

TEST_F(PgSqlTest, ASerializationFailureIsRunAgain) {
  auto strict = open("-c default_transaction_isolation=serializable");
  int runs = 0;
  auto record = wait(strict->transact(transactionOf("t"), [&](Sql& sql) {
    auto seen = sql.run("SELECT balance FROM accounts WHERE name = $1", "alice");
    return seen
        .then([&](SqlRows&&) {
          return ++runs == 1 ? depositing(*store, "u", 5).ignoreResult()
                             : kj::Promise<void>(kj::READY_NOW);
        })
        .then([&]() { return deposit(sql, 30); });
  }));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(record.value, bytesOf("135"));
  EXPECT_EQ(balance(), 135);
}

TEST_F(PgSqlTest, ATransactionThatOthersAreAlwaysInTheWayOfIsGivenUp) {
  uint32_t runs = 0;
  auto failure = thrownBy([&]() {
    wait(store->transact(transactionOf("t"), [&](Sql& sql) {
      ++runs;
      return receipt(sql.run("DO $$ BEGIN RAISE 'no' USING ERRCODE = '40001'; END $$"));
    }));
  });
  EXPECT_EQ(runs, PgTransactions::TRIES_MAX);
  EXPECT_EQ(failure.getType(), Type::OVERLOADED);
  EXPECT_MENTIONS(failure.getDescription(), "in the way");
}

TEST_F(PgSqlTest, ALeaseThatIsLostMeanwhileUndoesTheEffect) {
  ManualClock clock;
  auto options = quiet();
  options.clock = clock;
  auto mine = open("", options), theirs = open("", options);
  wait(mine->create(leased("call", "me")));
  auto failure = thrownBy([&]() {
    wait(mine->transact(fenced("t", "call", 1, "me"), [&](Sql& sql) {
      return deposit(sql, 30).then([&](Value&& value) {
        clock.advance(1 * kj::HOURS);
        ClaimRequest request{.lease = {kj::str("you")}};
        request.targets = kj::arr(kj::str("bank"));
        return theirs->claim(kj::mv(request)).then([value = kj::mv(value)](auto claimed) mutable {
          EXPECT_EQ(claimed.size(), 1);
          return kj::mv(value);
        });
      });
    }));
  });
  EXPECT_EQ(failure.getType(), Type::FAILED);
  EXPECT_MENTIONS(failure.getDescription(), "is lost: epoch 1 is over, the record is at 2");
  EXPECT_EQ(balance(), 100);
  EXPECT_TRUE(wait(store->find("t")) == nullptr);
}

TEST_F(PgSqlTest, ALeaseIsRenewedWhileATransactionRuns) {
  wait(store->create(leased("call", "me")));
  auto record = wait(store->transact(fenced("t", "call", 1, "me"), [&](Sql& sql) {
    return deposit(sql, 30).then([&](Value&& value) {
      return store->renew(renewal("call", 1, "me")).then([value = kj::mv(value)](Record&&) mutable {
        return kj::mv(value);
      });
    });
  }));
  EXPECT_EQ(record.value, bytesOf("130"));
}

TEST_F(PgSqlTest, WhoeverIsQuickerWithARecordWins) {
  int runs = 0;
  auto record = wait(store->transact(transactionOf("t"), [&](Sql& sql) {
    ++runs;
    return deposit(sql, 30).then([&](Value&& value) {
      auto request = outside("t");
      request.settlement = Settlement{.value = bytesOf("quicker")};
      return store->create(kj::mv(request)).then([value = kj::mv(value)](Record&&) mutable {
        return kj::mv(value);
      });
    });
  }));
  EXPECT_EQ(record.value, bytesOf("quicker"));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(balance(), 100);
}

// ---- Connections that break, processes that die ----

class PgSqlCut: public PgSqlTest {
protected:
  ~PgSqlCut() noexcept override {}

  TemporaryFolder folder;
  PgProxy proxy{loop, sharedCluster().getFolder(), folder.path.c_str()};
  kj::Own<Store> cutStore = newPostgresStore(proxy.where(), quiet());

  static bool contains(kj::ArrayPtr<const char> bytes, const char* word) {
    return std::string_view(bytes.begin(), bytes.size()).find(word) != std::string_view::npos;
  }

  // Once, at the message that commits.
  void cutAtCommit(Fate fate) {
    proxy.judge = [this, fate](Message message, PgProxy::Bytes bytes) {
      bool isCommit = message == Message::REQUEST && contains(bytes, "troth_commit");
      return isCommit && proxy.cuts == 0 ? fate : Fate::PASS;
    };
  }

  void expectOneEffect(kj::StringPtr id, int64_t expected) {
    EXPECT_EQ(wait(depositing(*cutStore, id, 30)).value, bytesOf(kj::str(expected)));
    EXPECT_EQ(balance(), expected);
    EXPECT_EQ(wait(store->transact(transactionOf(id), never())).value, bytesOf(kj::str(expected)));
  }
};

TEST_F(PgSqlCut, ACommitWhoseAnswerIsLostHasOneEffect) {
  cutAtCommit(Fate::PASS_AND_CUT);
  expectOneEffect("t", 130);
  EXPECT_EQ(proxy.cuts, 1);
}

TEST_F(PgSqlCut, ACommitThatNeverArrivesIsMadeAgain) {
  cutAtCommit(Fate::CUT);
  expectOneEffect("t", 130);
  EXPECT_EQ(proxy.cuts, 1);
}

TEST_F(PgSqlCut, AConnectionThatIsCutAtAnyMessageHasOneEffect) {
  constexpr int MESSAGES_MAX = 100;
  for (auto kind: {Message::REQUEST, Message::ANSWER}) {
    int n = 1;
    for (bool cut = true; cut && n < MESSAGES_MAX && !HasFailure(); ++n) {
      SCOPED_TRACE(kj::str("message ", n).cStr());
      int messages = 0;
      cut = false;
      proxy.judge = [&, n](Message message, PgProxy::Bytes) {
        if (message != kind || ++messages != n) return Fate::PASS;
        cut = true;
        return Fate::CUT;
      };
      auto before = balance();
      cutStore = newPostgresStore(proxy.where(), quiet());
      expectOneEffect(kj::str(kind == Message::REQUEST ? "r" : "a", n), before + 30);
    }
    EXPECT_LT(8, n);
    EXPECT_LT(n, MESSAGES_MAX);
  }
}

TEST_F(PgSqlTest, ADatabaseThatStaysAwayIsGivenUpInTime) {
  auto options = quiet();
  options.patience = 300 * kj::MILLISECONDS;
  auto impatient = open("", kj::mv(options));
  auto failure = thrownBy([&]() {
    wait(impatient->transact(transactionOf("t"), [](Sql& sql) {
      return deposit(sql, 30).then([](Value&& value) {
        sharedCluster().kill();
        return kj::mv(value);
      });
    }));
  });
  EXPECT_EQ(failure.getType(), Type::DISCONNECTED) << failure.getDescription().cStr();
  EXPECT_MENTIONS(failure.getDescription(), "was not committed");
  sharedCluster().start();
  EXPECT_EQ(balance(), 100);
}

TEST_F(PgSqlTest, AProcessThatIsKilledInATransactionLeavesNothing) {
  ChildProcess child{CHILD, sharedCluster().where(), "t"};
  EXPECT_EQ("inside t", child.readLine());
  child.kill();
  EXPECT_EQ(balance(), 100);
  EXPECT_TRUE(wait(store->find("t")) == nullptr);
  EXPECT_EQ(wait(depositing(*store, "t", 30)).value, bytesOf("130"));
}

}  // namespace
}  // namespace troth
