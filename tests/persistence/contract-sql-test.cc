// A program's own SQL in the transaction that records a promise, in every store that has SQL.

#include <limits>

#include "sql-contract.h"

namespace troth {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SqlContract);

namespace {

using Type = kj::Exception::Type;

// ---- Effect and record ----

TEST_P(SqlContract, TheEffectAndTheRecordComeTogether) {
  auto record = transact("t", 30);
  EXPECT_EQ(record.state, PromiseState::FULFILLED);
  EXPECT_EQ(record.value, bytesOf("130"));
  EXPECT_EQ(balance("alice"), 130);
  EXPECT_EQ(show(get("t")), show(record));
  EXPECT_EQ(show(get(*open(), "t")), show(record));
}

TEST_P(SqlContract, ATransactionThatBreaksLeavesNothing) {
  auto refused = store->transact(transactionOf("t"), [](Sql& sql) -> kj::Promise<Value> {
    return deposit(sql, 30).then([](Value&&) -> Value { KJ_FAIL_REQUIRE("no receipt"); });
  });
  expectRefused(kj::mv(refused), "no receipt");
  EXPECT_FALSE(exists("t"));
  EXPECT_EQ(balance("alice"), 100);
  auto thrown = store->transact(
      transactionOf("t"), [](Sql&) -> kj::Promise<Value> { KJ_FAIL_REQUIRE("not even begun"); });
  expectRefused(kj::mv(thrown), "not even begun");
  EXPECT_EQ(transact("t", 5).value, bytesOf("105"));
}

TEST_P(SqlContract, WhatAFunctionBreaksWithKeepsItsType) {
  auto broken = store->transact(transactionOf("t"),
      [](Sql&) -> kj::Promise<Value> { return KJ_EXCEPTION(UNIMPLEMENTED, "not here"); });
  EXPECT_EQ(failureOf(kj::mv(broken)).getType(), Type::UNIMPLEMENTED);
}

TEST_P(SqlContract, ARepeatedTransactionIsNotRunAgain) {
  auto first = show(transact("t", 30));
  EXPECT_EQ(show(transact("t", 30)), first);
  EXPECT_EQ(show(wait(open()->transact(transactionOf("t"), never()))), first);
  EXPECT_EQ(balance("alice"), 130);
}

TEST_P(SqlContract, ManyWhoMakeOneTransactionHaveOneEffect) {
  auto other = open();
  kj::Vector<kj::Promise<Record>> promises;
  for (int i = 0; i < 10; ++i) promises.add(depositing(i % 2 ? *store : *other, "t", 30));
  for (auto& promise: promises) EXPECT_EQ(wait(kj::mv(promise)).value, bytesOf("130"));
  EXPECT_EQ(balance("alice"), 130);
}

TEST_P(SqlContract, AnIdThatStandsForSomethingElseIsTakenBeforeAnythingRuns) {
  create(work("pending"));
  expectRefused(store->transact(transactionOf("pending"), never()), "is taken");
  create(work("settled"));
  settle(fulfill("settled"));
  expectRefused(store->transact(transactionOf("settled"), never()), "is taken");
}

TEST_P(SqlContract, APendingPromiseIsFulfilledAndThoseWhoWaitHearOfIt) {
  create(outside("t"));
  auto other = open();
  auto here = store->whenSettled("t"), there = other->whenSettled("t");
  get(*other, "t");
  transact("t", 30);
  EXPECT_EQ(wait(kj::mv(here)).value, bytesOf("130"));
  EXPECT_EQ(wait(kj::mv(there)).value, bytesOf("130"));
}

TEST_P(SqlContract, TheWorkOfOthersIsLeftAlone) {
  create(leased("t", "somebody"));
  expectRefused(store->transact({.record = work("t")}, never()), "others work on it");
  EXPECT_EQ(get("t").state, PromiseState::PENDING);
}

TEST_P(SqlContract, AChildHasTheRootAndTheDeadlineOfItsParent) {
  create(withDeadline(outside("root"), clock.now() + 1 * kj::HOURS));
  create(child("t", "root"));
  for (auto id: {"t.1", "t.2"}) {
    auto record = wait(store->transact({.record = child(id, "t")}, depositor(30)));
    EXPECT_EQ(KJ_ASSERT_NONNULL(record.parent), "t");
    EXPECT_EQ(KJ_ASSERT_NONNULL(record.root), "root");
    EXPECT_TRUE(KJ_ASSERT_NONNULL(record.deadline) == clock.now() + 1 * kj::HOURS);
  }
  expectRefused(store->transact({.record = child("u.1", "u")}, never()), "does not exist");
}

TEST_P(SqlContract, ADeadlineThatHasPassedWins) {
  TransactRequest request{.record = withDeadline(outside("t"), clock.now())};
  EXPECT_EQ(wait(store->transact(kj::mv(request), never())).state, PromiseState::TIMEDOUT);
  EXPECT_EQ(get("t").state, PromiseState::TIMEDOUT);
}

TEST_P(SqlContract, ADeadlineThatPassesMeanwhileUndoesTheEffect) {
  TransactRequest request{.record = withDeadline(outside("t"), clock.now() + 1 * kj::SECONDS)};
  auto record = wait(store->transact(kj::mv(request), [this](Sql& sql) {
    clock.advance(2 * kj::SECONDS);
    return deposit(sql, 30);
  }));
  EXPECT_EQ(record.state, PromiseState::TIMEDOUT);
  EXPECT_EQ(show(get("t")), show(record));
  EXPECT_EQ(balance("alice"), 100);
}

TEST_P(SqlContract, WhatATransactionRecordsHasNoLeaseAndNoOtherOutcome) {
  expectRefused(store->transact({.record = leased("t", "me")}, never()), "no lease");
  auto record = outside("t");
  record.settlement = Settlement{.value = bytesOf("yes")};
  expectRefused(store->transact({.record = kj::mv(record)}, never()), "no other settlement");
}

// ---- Fences ----

TEST_P(SqlContract, AFenceThatHoldsLetsATransactionPass) {
  create(leased("call", "me"));
  EXPECT_EQ(
      wait(store->transact(fenced("t", "call", 1, "me"), depositor(30))).value, bytesOf("130"));
  auto record = get("call");
  EXPECT_EQ(record.state, PromiseState::PENDING);
  EXPECT_EQ(wait(store->renew(renewal("call", 1, "me"))).epoch, 1);
}

TEST_P(SqlContract, AFenceThatIsLostRefusesATransaction) {
  create(leased("call", "me"));
  expectRefused(store->transact(fenced("t", "call", 2, "me"), never()), "is lost");
  expectRefused(store->transact(fenced("t", "call", 1, "you"), never()), "is lost");
  expectRefused(store->transact(fenced("t", "cell", 1, "me"), never()), "there is no promise");
  wait(store->release(releasing("call", 1, "me")));
  expectRefused(store->transact(fenced("t", "call", 1, "me"), never()),
      "the lease on \"call\" is lost: epoch 1 is over");
  EXPECT_EQ(claim(*store, "you", "bank").size(), 1);
  expectRefused(store->transact(fenced("t", "call", 1, "me"), never()), "\"you\" holds it");
  settle(fulfill("call"));
  expectRefused(store->transact(fenced("t", "call", 2, "you"), never()), "is lost");
  EXPECT_FALSE(exists("t"));
}

TEST_P(SqlContract, AFenceWhoseDeadlinePassesIsLost) {
  create(withDeadline(leased("call", "me"), clock.now() + 1 * kj::SECONDS));
  clock.advance(1 * kj::SECONDS);
  expectRefused(store->transact(fenced("t", "call", 1, "me"), never()), "is lost");
}

// ---- Statements ----

TEST_P(SqlContract, ConcurrentTransfersKeepTheSum) {
  constexpr int TRANSFERS = 60;
  auto other = open();
  kj::Vector<kj::Promise<void>> transfers;
  for (int i = 0; i < TRANSFERS; ++i) {
    auto& from = i % 2 ? *store : *other;
    auto moved = from.transact(transactionOf(kj::str("t", i)), [i](Sql& sql) {
      return transfer(sql, i % 3 ? "alice" : "bob", i % 3 ? "bob" : "alice", i);
    });
    transfers.add(moved.ignoreResult());
  }
  wait(kj::joinPromises(transfers.releaseAsArray()));
  int64_t moved = 0;
  for (int i = 0; i < TRANSFERS; ++i) moved += i % 3 ? i : -i;
  EXPECT_EQ(balance("alice"), 100 - moved);
  EXPECT_EQ(balance("bob"), 100 + moved);
}

TEST_P(SqlContract, ValuesStayDataWhateverTheyMeanToADatabase) {
  for (auto text: TRICKY_TEXTS) {
    SCOPED_TRACE(text.cStr());
    query("INSERT INTO accounts (name, balance) VALUES ($1, 7)", text);
    auto rows = query("SELECT name, balance FROM accounts WHERE name = $1", text);
    ASSERT_EQ(rows.rows(), 1);
    EXPECT_EQ(rows.asText(0, 0), text);
  }
  EXPECT_EQ(balance("alice"), 100);
}

TEST_P(SqlContract, ValuesOfAllTypesComeBackAsTheyWere) {
  wait(store->execute(kj::str("DROP TABLE IF EXISTS things; CREATE TABLE things (", "b ",
      isPostgres() ? "boolean" : "integer", ", i bigint, d double precision, t text, y ",
      isPostgres() ? "bytea" : "blob", ")")));
  const kj::byte bytes[] = {0, 1, 0xff, '\\', '\''};
  auto least = std::numeric_limits<int64_t>::min();
  auto insert = "INSERT INTO things (b, i, d, t, y) VALUES ($1, $2, $3, $4, $5)"_kj;
  EXPECT_EQ(query(insert, true, least, 0.1, "Grüße", kj::arrayPtr(bytes, 5)).affected(), 1);
  query(insert, nullptr, nullptr, nullptr, nullptr, nullptr);
  query(insert, false, 7u, 1e300, "", kj::ArrayPtr<const kj::byte>());
  auto rows = query("SELECT b, i, d, t, y FROM things");
  ASSERT_EQ(rows.rows(), 3);
  ASSERT_EQ(rows.columns(), 5);
  EXPECT_EQ(rows.nameOf(2), "d");
  EXPECT_TRUE(rows.asBool(0, 0));
  EXPECT_EQ(rows.asInt64(0, 1), least);
  EXPECT_EQ(rows.asDouble(0, 2), 0.1);
  EXPECT_EQ(rows.asText(0, 3), "Grüße");
  EXPECT_EQ(rows.asBytes(0, 4), kj::arrayPtr(bytes, 5));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(rows.isNull(1, i)) << i;
  EXPECT_FALSE(rows.asBool(2, 0));
  EXPECT_EQ(rows.asDouble(2, 1), 7.0);
  EXPECT_EQ(rows.asDouble(2, 2), 1e300);
  EXPECT_EQ(rows.asText(2, 3), "");
  EXPECT_EQ(rows.asBytes(2, 4).size(), 0);
}

TEST_P(SqlContract, AValueOfAnotherTypeThanAskedForIsAnError) {
  auto rows = query("SELECT name, balance, NULL AS missing FROM accounts WHERE name = 'alice'");
  auto textOf = [](auto&& action) {
    auto failure = thrownBy(action);
    EXPECT_EQ(failure.getType(), Type::FAILED);
    return kj::str(failure.getDescription());
  };
  EXPECT_MENTIONS(textOf([&]() { rows.asInt64(0, 0); }), "\"name\" has text in row 0");
  EXPECT_MENTIONS(textOf([&]() { rows.asText(0, 1); }), "has an integer in row 0, and not text");
  EXPECT_MENTIONS(textOf([&]() { rows.asBool(0, 1); }), "not a boolean");
  EXPECT_MENTIONS(textOf([&]() { rows.asBytes(0, 2); }), "has NULL");
  EXPECT_MENTIONS(textOf([&]() { rows.asText(1, 0); }), "no such row");
  EXPECT_MENTIONS(textOf([&]() { rows.asText(0, 3); }), "no such row or column");
}

TEST_P(SqlContract, ParametersGoByTheirNumbers) {
  query("INSERT INTO accounts (name, balance) VALUES ($2, $1)", 7, "carol");
  EXPECT_EQ(balance("carol"), 7);
  auto rows = query("SELECT name FROM accounts WHERE name = $1 OR name || 'x' = $1", "carol");
  EXPECT_EQ(rows.rows(), 1);
  EXPECT_EQ(query("SELECT $2::text AS a, $1::text AS b", "x", "y").asText(0, 0), "y");
  refuseQuery("parameter", "SELECT name FROM accounts WHERE name = $1 OR name = $2", "carol");
  refuseQuery("parameter", "SELECT name FROM accounts WHERE name = $1", "carol", "dave");
}

TEST_P(SqlContract, TheRowsThatAStatementChangesAreCounted) {
  EXPECT_EQ(query("UPDATE accounts SET balance = balance + 1").affected(), 2);
  EXPECT_EQ(query("SELECT * FROM accounts").affected(), 0);
  EXPECT_EQ(query("DELETE FROM accounts WHERE name = 'nobody'").affected(), 0);
  EXPECT_EQ(query("DELETE FROM accounts").affected(), 2);
}

TEST_P(SqlContract, AStatementThatFailsSaysWhyAndWhich) {
  auto failed = store->transact(
      transactionOf("t"), [](Sql& sql) { return receipt(sql.run("SELECT * FROM nothing")); });
  auto failure = failureOf(kj::mv(failed));
  EXPECT_EQ(failure.getType(), Type::FAILED);
  EXPECT_MENTIONS(failure.getDescription(), "nothing");
  EXPECT_MENTIONS(failure.getDescription(), "the SQL statement was: SELECT * FROM nothing");
  EXPECT_FALSE(exists("t"));
  refuseQuery("", "SELEC 1");
  refuseQuery("", "INSERT INTO accounts (name, balance) VALUES ('alice', 1)");
}

TEST_P(SqlContract, AfterAStatementThatFailedNothingIsCommittedWhateverTheFunctionDoes) {
  auto failed = store->transact(transactionOf("t"), [](Sql& sql) { return swallowFailure(sql); });
  expectRefused(kj::mv(failed), "SELECT * FROM nothing");
  EXPECT_FALSE(exists("t"));
  EXPECT_EQ(balance("alice"), 100);
}

TEST_P(SqlContract, AStatementThatNobodyWaitsForIsCommittedToo) {
  wait(store->transact(transactionOf("t"), [this](Sql& sql) -> kj::Promise<Value> {
    wellKept = sql.run("UPDATE accounts SET balance = 7").ignoreResult();
    return Value();
  }));
  EXPECT_EQ(balance("alice"), 7);
  auto failed = store->transact(transactionOf("u"), [this](Sql& sql) -> kj::Promise<Value> {
    wellKept = sql.run("UPDATE accounts SET balance = 'x' || nothing").ignoreResult();
    return Value();
  });
  EXPECT_EQ(failureOf(kj::mv(failed)).getType(), Type::FAILED);
  EXPECT_FALSE(exists("u"));
}

TEST_P(SqlContract, TheTransactionIsNotTheProgramsToEnd) {
  for (auto sql:
      {"BEGIN", "COMMIT", " commit;", "-- done\nEND", "/* a /* b */ c */Rollback", "SAVEPOINT a",
          ";;COMMIT", "START TRANSACTION", "ABORT", "RELEASE a", "PREPARE TRANSACTION 'a'"}) {
    SCOPED_TRACE(sql);
    auto refused =
        store->transact(transactionOf("t"), [sql](Sql& s) { return depositAnd(s, sql); });
    expectRefused(kj::mv(refused), "which is the store's");
    EXPECT_FALSE(exists("t"));
    EXPECT_EQ(balance("alice"), 100);
  }
}

TEST_P(SqlContract, OneStatementRunsAtATime) {
  refuseQuery("", "UPDATE accounts SET balance = 1; UPDATE accounts SET balance = 2");
  refuseQuery("", "UPDATE accounts SET balance = 1;; COMMIT");
  EXPECT_EQ(query("SELECT 1 AS one; -- and no more").asInt64(0, 0), 1);
}

TEST_P(SqlContract, ResultsAreBounded) {
  auto numbers =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) "
      "SELECT i FROM n"_kj;
  EXPECT_EQ(query(numbers, SqlRows::ROWS_MAX).rows(), SqlRows::ROWS_MAX);
  refuseQuery("SqlRows::ROWS_MAX", numbers, SqlRows::ROWS_MAX + 1);
}

// ---- Time ----

TEST_P(SqlContract, OthersGoOnOnceATransactionIsOver) {
  auto open = openTransaction("t");
  auto created = store->create(work("a"));
  auto deposited = depositing(*store, "u", 5);
  EXPECT_FALSE(deposited.poll(loop.waitScope()));
  open.goOn->fulfill();
  EXPECT_EQ(wait(kj::mv(open.record)).value, bytesOf("130"));
  EXPECT_EQ(wait(kj::mv(deposited)).value, bytesOf("135"));
  EXPECT_EQ(wait(kj::mv(created)).state, PromiseState::PENDING);
}

TEST_P(SqlContract, ATransactionThatIsDroppedIsRolledBack) {
  auto open = openTransaction("t");
  open.record = nullptr;
  EXPECT_EQ(transact("u", 5).value, bytesOf("105"));
  EXPECT_FALSE(exists("t"));
}

TEST_P(SqlContract, ATransactionThatTakesTooLongIsRolledBack) {
  auto few = options();
  few.sqlTime = 50 * kj::MILLISECONDS;
  auto impatient = world->open(few);
  auto late = impatient->transact(transactionOf("t"), [](Sql& sql) {
    return deposit(sql, 30).then([](Value&&) { return kj::Promise<Value>(kj::NEVER_DONE); });
  });
  expectRefused(kj::mv(late), "StoreOptions::sqlTime");
  EXPECT_EQ(wait(depositing(*impatient, "u", 5)).value, bytesOf("105"));
  EXPECT_FALSE(exists("t"));
}

TEST_P(SqlContract, AStatementThatTakesTooLongIsGivenUp) {
  auto few = options();
  few.sqlTime = 50 * kj::MILLISECONDS;
  auto impatient = world->open(few);
  auto late = impatient->transact(transactionOf("t"), [](Sql& sql) {
    return receipt(
        sql.run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                "SELECT count(*) FROM n"));
  });
  expectRefused(kj::mv(late), "StoreOptions::sqlTime");
  EXPECT_EQ(wait(depositing(*impatient, "u", 5)).value, bytesOf("105"));
}

TEST_P(SqlContract, AStoreThatIsClosedRollsItsTransactionsBack) {
  auto open = openTransaction("t");
  store = nullptr;
  EXPECT_EQ(failureOf(kj::mv(open.record)).getType(), Type::DISCONNECTED);
  store = world->open(options());
  EXPECT_FALSE(exists("t"));
  EXPECT_EQ(transact("u", 5).value, bytesOf("105"));
}

TEST_P(SqlContract, TransactionsThatWaitAreRequestsOfTheStore) {
  auto few = options();
  few.requestsMax = 2;
  auto small = world->open(few);
  kj::Vector<kj::Promise<Record>> waiting;
  for (int i = 0; i < 2; ++i) waiting.add(depositing(*small, kj::str("t", i), 1));
  EXPECT_EQ(failureOf(depositing(*small, "u", 1)).getType(), Type::OVERLOADED);
  for (auto& promise: waiting) wait(kj::mv(promise));
  wait(depositing(*small, "u", 1));
  EXPECT_EQ(balance("alice"), 103);
}

// ---- Scripts ----

TEST_P(SqlContract, AScriptIsCarriedOutWholeOrNotAtAll) {
  auto broken =
      "INSERT INTO accounts (name, balance) VALUES ('carol', 1); SELECT * FROM nothing"_kj;
  expectRefused(store->execute(broken), "nothing");
  EXPECT_EQ(query("SELECT * FROM accounts").rows(), 2);
  EXPECT_EQ(failureOf(store->execute("this is no SQL")).getType(), Type::FAILED);
}

TEST_P(SqlContract, StoresThatMakeTheirTablesAtOnceDoNotCollide) {
  wait(store->execute("DROP TABLE IF EXISTS things"));
  kj::Vector<kj::Own<Store>> stores;
  kj::Vector<kj::Promise<void>> making;
  for (int i = 0; i < 4; ++i) {
    stores.add(open());
    making.add(
        stores.back()->execute("CREATE TABLE IF NOT EXISTS things (i bigint PRIMARY KEY, t text)"));
  }
  wait(kj::joinPromises(making.releaseAsArray()));
}

TEST_P(SqlContract, WakesWhatIsParkedForItsRecord) {
  create(leased("a", "me"));
  create(child("a.1", "a"));
  ParkRequest parking{kj::str("a"), 1, kj::str("me")};
  parking.parts = kj::arr(kj::str("a.1"));
  parking.delay = 1 * kj::HOURS;
  wait(store->park(kj::mv(parking)));
  EXPECT_EQ(idsOf(claim(*store, "me", "bank")), "");
  auto request = transactionOf("a.1");
  request.record.parent = kj::str("a");
  wait(store->transact(kj::mv(request), depositor(30)));
  EXPECT_EQ(idsOf(claim(*store, "me", "bank")), "a");
}

}  // namespace
}  // namespace troth
