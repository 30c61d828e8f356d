// A program's own SQL in a SQLite file: what others do meanwhile, and what a crash leaves.

#include "child-process.h"
#include "sql-contract.h"
#include "sqlite.h"
#include "temporary-folder.h"
#include "traffic.h"

namespace troth {
namespace {

constexpr kj::StringPtr CHILD = TROTH_SQLITE_CHILD ""_kj;

class SqliteSqlTest: public testing::Test {
protected:
  SqliteSqlTest() { wait(store->execute(MAKE_ACCOUNTS)); }
  ~SqliteSqlTest() noexcept override {}

  TemporaryFolder folder;
  kj::String path = folder.file("promises.db");
  Loop loop;
  kj::Own<Store> store = newSqliteStore(path);

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(loop.waitScope());
  }

  int64_t balance() {
    SqliteDatabase database(path, 1 * kj::SECONDS);
    return database.readNumber("SELECT balance FROM accounts WHERE name = 'alice'");
  }
};

TEST_F(SqliteSqlTest, ATransactionIsOneTransaction) {
  auto traffic = cost(*store, [&](int time) { wait(depositing(*store, kj::str("t", time), 30)); });
  EXPECT_EQ(traffic.transactions, 1);
  EXPECT_EQ(traffic.requests, 1);
}

TEST_F(SqliteSqlTest, RequestsWaitForATransactionAndThenGoOn) {
  auto changed = kj::newPromiseAndFulfiller<void>();
  auto goOn = kj::newPromiseAndFulfiller<void>();
  auto record = store->transact(transactionOf("t"), [&](Sql& sql) {
    return deposit(sql, 30).then([&](Value&& value) {
      changed.fulfiller->fulfill();
      return goOn.promise.then([value = kj::mv(value)]() mutable { return kj::mv(value); });
    });
  });
  wait(kj::mv(changed.promise));
  auto created = store->create(outside("a"));
  EXPECT_FALSE(created.poll(loop.waitScope()));
  goOn.fulfiller->fulfill();
  EXPECT_EQ(wait(kj::mv(created)).state, PromiseState::PENDING);
  EXPECT_EQ(wait(kj::mv(record)).value, bytesOf("130"));
}

TEST_F(SqliteSqlTest, AFunctionThatWaitsForItsOwnStoreIsGivenUp) {
  store = newSqliteStore(path, {.sqlTime = 50 * kj::MILLISECONDS});
  auto failure = thrownBy([&]() {
    wait(store->transact(transactionOf("t"), [this](Sql&) {
      return store->create(outside("a")).then([](Record&&) { return Value(); });
    }));
  });
  EXPECT_MENTIONS(failure.getDescription(), "other requests of the same store");
  EXPECT_TRUE(wait(store->find("a")) != nullptr);
}

TEST_F(SqliteSqlTest, AFileThatAnotherHasLockedIsWaitedForAndGivenUpInTime) {
  store = newSqliteStore(path, {.patience = 50 * kj::MILLISECONDS});
  SqliteDatabase other(path, 1 * kj::SECONDS);
  auto lock = kj::heap<SqliteTransaction>(other, SqliteTransaction::Kind::WRITE);
  auto failure = thrownBy([&]() { wait(store->transact(transactionOf("t"), never())); });
  EXPECT_EQ(failure.getType(), kj::Exception::Type::OVERLOADED);
  lock = nullptr;
  EXPECT_EQ(wait(depositing(*store, "t", 30)).value, bytesOf("130"));
}

TEST_F(SqliteSqlTest, AProcessThatIsKilledInATransactionLeavesNothing) {
  ChildProcess child{CHILD, "transact", path, "t"};
  EXPECT_EQ("inside t", child.readLine());
  child.kill();
  EXPECT_EQ(balance(), 100);
  EXPECT_TRUE(wait(store->find("t")) == nullptr);
  EXPECT_EQ(wait(depositing(*store, "t", 30)).value, bytesOf("130"));
  EXPECT_EQ(balance(), 130);
}

}  // namespace
}  // namespace troth
