// The store in a SQLite file, in one process that lives.

#include <kj/vector.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "micros.h"
#include "sqlite-schema.h"
#include "sqlite-session.h"
#include "sqlite-testing.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

struct SqliteStore: testing::Test {
  ~SqliteStore() noexcept override {}

  TemporaryFolder folder;
  kj::String path = folder.file("promises.db");
  Loop loop;
  kj::Own<Store> store = newSqliteStore(path);

  template <typename T>
  T wait(kj::Promise<T>&& promise) {
    return promise.wait(loop.waitScope());
  }

  void reopen() {
    store = nullptr;
    store = newSqliteStore(path);
  }

  kj::String queryText(kj::StringPtr sql) {
    return SqliteDatabase(path, 1 * kj::SECONDS).readText(sql);
  }
};

TEST_F(SqliteStore, RecordsSurviveReopening) {
  wait(store->create(external("root")));
  auto request = call("a", "bank");
  request.parent = kj::str("root");
  request.deadline = store->now() + 1 * kj::HOURS;
  request.tags = kj::arr(kj::str("red"), kj::str("blue"));
  request.lease = LeaseRequest{kj::str("vat-1"), 1 * kj::MINUTES};
  auto created = wait(store->create(kj::mv(request)));
  wait(store->settle({.id = kj::str("root"),
      .state = PromiseState::REJECTED,
      .error = PromiseError{Type::OVERLOADED, kj::str("no room")}}));
  reopen();

  auto found = KJ_ASSERT_NONNULL(wait(store->find("a")));
  EXPECT_EQ("bank"_kj, found.call.target);
  EXPECT_EQ(0xfedcba9876543210, found.call.interfaceId);
  EXPECT_EQ(3, found.call.methodId);
  EXPECT_EQ("params"_kj.asBytes(), found.call.params.asPtr());
  EXPECT_EQ(created.digest.asPtr(), found.digest.asPtr());
  EXPECT_EQ("root"_kj, KJ_ASSERT_NONNULL(found.parent));
  EXPECT_EQ("root"_kj, KJ_ASSERT_NONNULL(found.root));
  EXPECT_TRUE(created.deadline == found.deadline);
  EXPECT_EQ("blue, red", kj::strArray(found.tags, ", "));
  EXPECT_TRUE(created.created == found.created);
  EXPECT_EQ("vat-1"_kj, KJ_ASSERT_NONNULL(found.lease).owner);
  EXPECT_EQ(1u, found.epoch);
  EXPECT_TRUE(created.due == found.due);

  auto root = KJ_ASSERT_NONNULL(wait(store->find("root")));
  EXPECT_EQ(PromiseState::REJECTED, root.state);
  EXPECT_EQ(Type::OVERLOADED, KJ_ASSERT_NONNULL(root.error).type);
  EXPECT_EQ("no room"_kj, KJ_ASSERT_NONNULL(root.error).text);
  EXPECT_TRUE(root.settled != nullptr);
}

TEST_F(SqliteStore, RequestsOfOneTurnShareATransaction) {
  wait(store->create(external("first")));
  auto before = store->getTraffic();
  auto creations = kj::heapArrayBuilder<kj::Promise<Record>>(1000);
  for (int i = 0; i < 1000; ++i) creations.add(store->create(external(kj::str(i))));
  wait(kj::joinPromises(creations.finish()));
  auto after = store->getTraffic();
  EXPECT_LE(1000u, after.requests - before.requests);
  EXPECT_LE(after.transactions - before.transactions, 2u);
}

TEST_F(SqliteStore, ConcurrentCallersShareTransactions) {
  auto before = store->getTraffic();
  auto caller = [this](int i) -> kj::Promise<void> {
    for (int j = 0; j < 20; ++j) {
      auto id = kj::str(i, '.', j);
      co_await store->create(external(id));
      co_await store->settle(fulfillment(id, "done"));
    }
  };
  auto callers = kj::heapArrayBuilder<kj::Promise<void>>(64);
  for (int i = 0; i < 64; ++i) callers.add(caller(i));
  wait(kj::joinPromises(callers.finish()));
  auto transactions = store->getTraffic().transactions - before.transactions;
  EXPECT_LE(transactions, 64u * 40 / 8);
}

TEST_F(SqliteStore, RequestsOfOneGroupSeeEachOther) {
  auto creation = store->create(external("a"));
  auto settlement = store->settle(fulfillment("a", "1"));
  auto loser = store->settle(fulfillment("a", "2"));
  auto strict = fulfillment("a", "3");
  strict.repetition = Repetition::STRICT;
  auto refused = store->settle(kj::mv(strict));
  auto missing = store->settle(fulfillment("nobody", ""));
  auto last = store->create(external("b"));
  EXPECT_EQ(PromiseState::PENDING, wait(kj::mv(creation)).state);
  EXPECT_EQ("1"_kj.asBytes(), wait(kj::mv(settlement)).value.asPtr());
  EXPECT_EQ("1"_kj.asBytes(), wait(kj::mv(loser)).value.asPtr());
  expectFailure(Type::FAILED, "already", [&]() { wait(kj::mv(refused)); });
  expectFailure(Type::FAILED, "there is no promise", [&]() { wait(kj::mv(missing)); });
  EXPECT_EQ("b"_kj, wait(kj::mv(last)).id);
}

TEST_F(SqliteStore, APageEndsWhereItsMessagesGetTooLarge) {
  for (auto id: {"a", "b", "c"}) {
    wait(store->create(external(id)));
    auto settlement = fulfillment(id, "");
    settlement.value = kj::heapArray<kj::byte>(SqliteSession::PAGE_BYTES_MAX);
    wait(store->settle(kj::mv(settlement)));
  }
  kj::Vector<kj::String> ids;
  SearchRequest request;
  for (;;) {
    auto page = wait(store->search({.after = kj::mv(request.after)}));
    EXPECT_EQ(1u, page.records.size());
    ids.add(kj::mv(page.records[0].id));
    EXPECT_EQ(SqliteSession::PAGE_BYTES_MAX, page.records[0].value.size());
    if (page.next == nullptr) break;
    request.after = kj::mv(page.next);
  }
  EXPECT_EQ("abc", kj::strArray(ids, ""));
}

TEST_F(SqliteStore, RecordsOfAllStatesComeInTheOrderOfTheirCreation) {
  for (int i = 0; i < 20; ++i) {
    auto id = kj::str("p", i / 10, i % 10);
    wait(store->create(external(id)));
    if (i % 3 == 0) wait(store->settle(fulfillment(id, "")));
  }
  kj::Vector<kj::String> ids;
  kj::Maybe<kj::String> next;
  do {
    auto page = wait(store->search({.recordsMax = 3, .after = kj::mv(next)}));
    for (auto& record: page.records) ids.add(kj::mv(record.id));
    next = kj::mv(page.next);
  } while (next != nullptr);
  ASSERT_EQ(20u, ids.size());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(kj::str("p", i / 10, i % 10), ids[i]);
}

TEST_F(SqliteStore, WhatIsPrunedLeavesNothingBehind) {
  auto request = call("root", "bank");
  request.tags = kj::arr(kj::str("red"), kj::str("blue"));
  wait(store->create(kj::mv(request)));
  request = call("child", "bank");
  request.parent = kj::str("root");
  request.tags = kj::arr(kj::str("red"));
  wait(store->create(kj::mv(request)));
  wait(store->settle(fulfillment("root", "1")));
  auto future = store->now() + 1 * kj::HOURS;
  EXPECT_EQ(0u, wait(store->prune({.settledBefore = future})).trees);
  wait(store->settle(fulfillment("child", "1")));
  auto pruned = wait(store->prune({.settledBefore = future}));
  EXPECT_EQ(1u, pruned.trees);
  EXPECT_EQ(2u, pruned.records);
  EXPECT_EQ("0 0 0"_kj, queryText(R"sql(
    SELECT (SELECT count(*) FROM promises) || ' ' || (SELECT count(*) FROM promise_params) || ' '
      || (SELECT count(*) FROM promise_tags)
  )sql"));
}

TEST_F(SqliteStore, TheViewIsPleasantToRead) {
  auto request = call("a", "bank");
  request.deadline = kj::UNIX_EPOCH + 1234567890 * kj::MICROSECONDS;
  request.tags = kj::arr(kj::str("red"), kj::str("blue"));
  wait(store->create(kj::mv(request)));
  EXPECT_EQ("timedout 1970-01-01T00:20:34.567890Z 0xfedcba9876543210 3 6 blue, red"_kj,
      queryText(
          "SELECT concat FROM (SELECT state || ' ' || deadline || ' ' || interface_id || ' ' || "
          "method_id || ' ' || params_bytes || ' ' || tags AS concat FROM promises_readable)"));
}

// ---- Plans ----

TEST_F(SqliteStore, NoStatementReadsAWholeTable) {
  SqliteSession session(
      openSqliteDatabase(path, 1 * kj::SECONDS), kj::systemPreciseCalendarClock());
  SqliteDatabase explainer(path, 1 * kj::SECONDS);
  auto statements = session.preparedSql();
  EXPECT_LE(20u, statements.size());
  for (auto& sql: statements) {
    SqliteStatement plan(explainer, kj::str("EXPLAIN QUERY PLAN ", sql));
    auto rows = plan.run();
    while (rows.next()) {
      auto step = rows.text(3);
      EXPECT_FALSE(step.startsWith("SCAN")) << sql.cStr() << "\n" << step.cStr();
      EXPECT_FALSE(step.startsWith("USE TEMP B-TREE")) << sql.cStr() << "\n" << step.cStr();
    }
  }
}

// ---- Opening ----

TEST_F(SqliteStore, AFileOfANewerProgramIsRefused) {
  store = nullptr;
  SqliteDatabase(path, 1 * kj::SECONDS).execute("PRAGMA user_version = 2");
  expectFailure(Type::FAILED, "newer version of Troth", [&]() { newSqliteStore(path); });
}

TEST_F(SqliteStore, AFileThatIsNoDatabaseIsRefused) {
  auto other = folder.file("letter.txt");
  std::ofstream(other.cStr()) << std::string(5000, 'x');
  expectFailure(Type::FAILED, "it is no SQLite file", [&]() { newSqliteStore(other); });
}

TEST_F(SqliteStore, AFolderThatIsNotThereIsNamed) {
  auto other = folder.file("nowhere/promises.db");
  expectFailure(Type::FAILED, "nowhere/", [&]() { newSqliteStore(other); });
  expectFailure(Type::FAILED, "path of a file", [&]() { newSqliteStore(""); });
  expectFailure(Type::FAILED, "SQLite cannot open", [&]() { newSqliteStore(folder.path.c_str()); });
}

// Everything else goes on as another user, for whom root's rights do not count.
class AnotherUser {
public:
  AnotherUser() {
    if (getuid() == 0) {
      KJ_ASSERT(seteuid(65534) == 0);
    }
  }
  ~AnotherUser() { KJ_ASSERT(seteuid(getuid()) == 0); }
  KJ_DISALLOW_COPY_AND_MOVE(AnotherUser);
};

TEST_F(SqliteStore, AFolderThatCannotBeWrittenToIsRefused) {
  store = nullptr;
  ASSERT_EQ(0, chmod(folder.path.c_str(), 0555));
  KJ_DEFER(chmod(folder.path.c_str(), 0700));
  auto other = folder.file("other.db");
  AnotherUser user;
  expectFailure(Type::FAILED, "may write", [&]() { newSqliteStore(other); });
}

TEST_F(SqliteStore, ALockedFileIsWaitedForAndThenRefused) {
  SqliteDatabase other(path, 1 * kj::SECONDS);
  auto transaction = kj::heap<SqliteTransaction>(other, SqliteTransaction::Kind::WRITE);
  store = newSqliteStore(path, {.patience = 20 * kj::MILLISECONDS});
  expectFailure(Type::OVERLOADED, "locked", [&]() { wait(store->create(external("a"))); });
  transaction = nullptr;
  wait(store->create(external("a")));
}

TEST_F(SqliteStore, AStoreThatWaitsForALockCanBeClosed) {
  SqliteDatabase other(path, 1 * kj::SECONDS);
  SqliteTransaction transaction(other, SqliteTransaction::Kind::WRITE);
  kj::evalLater([]() {}).wait(loop.waitScope());
  { auto dropped = store->create(external("a")); }
  kj::evalLast([]() {}).wait(loop.waitScope());
  store = nullptr;
}

// ---- Two stores ----

TEST_F(SqliteStore, AnotherStoreSeesWhatSettles) {
  auto other = newSqliteStore(path);
  wait(store->create(external("a")));
  auto waiting = other->whenSettled("a");
  EXPECT_FALSE(waiting.poll(loop.waitScope()));
  wait(store->settle(fulfillment("a", "done")));
  EXPECT_EQ("done"_kj.asBytes(), wait(kj::mv(waiting)).value.asPtr());
}

TEST_F(SqliteStore, AnotherStoreSeesWorkThatIsDue) {
  auto other = newSqliteStore(path);
  kj::StringPtr targets[] = {"bank"};
  auto due = other->whenDue(targets);
  wait(store->create(call("a", "bank")));
  wait(kj::mv(due));
  ClaimRequest request;
  request.lease.owner = kj::str("vat");
  request.targets = kj::arr(kj::str("bank"));
  EXPECT_EQ(1u, wait(other->claim(kj::mv(request))).size());
}

TEST_F(SqliteStore, OnlyOneStoreGetsWhatIsDue) {
  auto other = newSqliteStore(path);
  auto creations = kj::heapArrayBuilder<kj::Promise<Record>>(200);
  for (int i = 0; i < 200; ++i) creations.add(store->create(call(kj::str(i), "bank")));
  wait(kj::joinPromises(creations.finish()));
  auto claims = kj::heapArrayBuilder<kj::Promise<size_t>>(40);
  for (int i = 0; i < 40; ++i) {
    ClaimRequest request;
    request.lease.owner = kj::str("vat", i);
    request.targets = kj::arr(kj::str("bank"));
    request.recordsMax = 10;
    auto& claimer = i % 2 == 0 ? store : other;
    claims.add(claimer->claim(kj::mv(request)).then([](auto&& taken) { return taken.size(); }));
  }
  size_t taken = 0;
  for (auto count: wait(kj::joinPromises(claims.finish()))) taken += count;
  EXPECT_EQ(200u, taken);
}

}  // namespace
}  // namespace troth
