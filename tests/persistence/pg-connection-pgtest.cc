#include <string.h>

#include "pg-testing.h"

namespace troth {
namespace {

constexpr PgStatement BEGIN{nullptr, "BEGIN"};
constexpr PgStatement COMMIT{nullptr, "COMMIT"};
constexpr PgStatement INSERT{"insert", "INSERT INTO note (id, body) VALUES ($1, $2)"};
constexpr PgStatement INSERT_ALL{
    "insert_all", "INSERT INTO note (id, body) SELECT * FROM unnest($1, $2)"};
constexpr PgStatement FIND{"find", "SELECT body FROM note WHERE id = $1"};
constexpr PgStatement COUNT{"count", "SELECT count(*) FROM note"};
constexpr PgStatement SLEEP{nullptr, "SELECT pg_sleep(60)"};
constexpr PgStatement NOTIFY{"notify", "SELECT pg_notify($1, $2)"};

// A connection, and an empty table.
class PgConnectionTest: public PgTest {
public:
  PgConnectionTest() {
    connection
        ->runScript(
            "DROP TABLE IF EXISTS note; "
            "CREATE TABLE note (id bigint PRIMARY KEY, body text)")
        .wait(waitScope)
        .takeResults();
  }
  ~PgConnectionTest() noexcept override {}

  static PgExecution insert(int64_t id, kj::StringPtr body) {
    return {INSERT, kj::arr(PgParameter::int8(id), PgParameter::text(body))};
  }
  static PgExecution find(int64_t id) { return {FIND, kj::arr(PgParameter::int8(id))}; }

  int64_t count() {
    return connect()->run({{COUNT}}).wait(waitScope).takeResults()[0].at(0, 0).asInt8();
  }

  // Ends the session of `victim` as an administrator would.
  void terminate(PgConnection& victim) {
    auto pid = query(victim, "SELECT pg_backend_pid()")[0].at(0, 0).asInt4();
    PgStatement terminate{nullptr, "SELECT pg_terminate_backend($1)"};
    connect()->run({{terminate, kj::arr(PgParameter::int4(pid))}}).wait(waitScope).takeResults();
  }

  kj::Own<PgConnection> connection = connect();
};

TEST_F(PgConnectionTest, RunsAStatementAndGivesItsResult) {
  auto results = query(*connection, "SELECT 1::int4, 'two', NULL::text");
  ASSERT_EQ(1u, results.size());
  EXPECT_EQ(1u, results[0].rows());
  EXPECT_EQ(3u, results[0].columns());
  EXPECT_EQ(1, results[0].at(0, 0).asInt4());
  EXPECT_EQ("two", textOf(results[0].at(0, 1)));
  EXPECT_TRUE(results[0].at(0, 2).isNull());
  EXPECT_ANY_THROW(results[0].at(1, 0));
}

TEST_F(PgConnectionTest, GivesAResultForEachExecution) {
  auto results = connection->run({insert(1, "a"), insert(2, "b"), find(2), find(3), {COUNT}})
                     .wait(waitScope)
                     .takeResults();
  ASSERT_EQ(5u, results.size());
  EXPECT_EQ(1u, results[0].affected());
  EXPECT_EQ("b", textOf(results[2].at(0, 0)));
  EXPECT_EQ(0u, results[3].rows());
  EXPECT_EQ(2, results[4].at(0, 0).asInt8());
}

TEST_F(PgConnectionTest, ARunThatFailsLeavesNothingBehind) {
  auto failure = failureOf(connection->run({insert(1, "a"), insert(1, "again"), insert(2, "b")}));
  EXPECT_EQ("23505", KJ_ASSERT_NONNULL(failure.sqlState));
  EXPECT_EQ(kj::Exception::Type::FAILED, failure.exception.getType());
  EXPECT_EQ(PgCommit::NONE, failure.commit);
  EXPECT_TRUE(mentions(failure.exception, "duplicate key"));
  EXPECT_EQ(0, count());
}

TEST_F(PgConnectionTest, AFailureConcernsItsOwnRunOnly) {
  auto first = connection->run({insert(1, "a")});
  auto second = connection->run({insert(1, "again")});
  auto third = connection->run({insert(2, "b")});
  EXPECT_TRUE(first.wait(waitScope).findFailure() == nullptr);
  EXPECT_TRUE(second.wait(waitScope).findFailure() != nullptr);
  EXPECT_TRUE(third.wait(waitScope).findFailure() == nullptr);
  EXPECT_EQ(2, count());
}

TEST_F(PgConnectionTest, AFailureAtTheCommitIsAFailureOfTheRun) {
  query(*connection, "ALTER TABLE note ADD UNIQUE (body) DEFERRABLE INITIALLY DEFERRED");
  auto failure = failureOf(connection->run({insert(1, "same"), insert(2, "same")}));
  EXPECT_EQ("23505", KJ_ASSERT_NONNULL(failure.sqlState));
  EXPECT_EQ(PgCommit::NONE, failure.commit);
  EXPECT_EQ(0, count());
  connection->run({insert(3, "other")}).wait(waitScope).takeResults();
  EXPECT_EQ(1, count());
}

TEST_F(PgConnectionTest, ARunResolvesWhenOthersCanSeeIt) {
  for (int i = 0; i < 20; ++i) {
    connection->run({insert(i, "x")}).wait(waitScope).takeResults();
    ASSERT_EQ(i + 1, count());
  }
}

TEST_F(PgConnectionTest, AnEmptyRunSucceeds) {
  EXPECT_EQ(0u, connection->run(nullptr).wait(waitScope).takeResults().size());
}

TEST_F(PgConnectionTest, ATransactionCanSpanRuns) {
  connection->run({{BEGIN}, insert(1, "a")}).wait(waitScope).takeResults();
  EXPECT_EQ(0, count());
  EXPECT_FALSE(connection->isSettled());
  connection->run({insert(2, "b"), {COMMIT}}).wait(waitScope).takeResults();
  EXPECT_EQ(2, count());
  EXPECT_TRUE(connection->isSettled());
}

TEST_F(PgConnectionTest, AFailureEndsATransactionThatSpansRuns) {
  connection->run({{BEGIN}, insert(1, "a")}).wait(waitScope).takeResults();
  EXPECT_TRUE(connection->run({insert(1, "again")}).wait(waitScope).findFailure() != nullptr);
  connection->run({insert(2, "b")}).wait(waitScope).takeResults();
  EXPECT_TRUE(connection->isSettled());
  EXPECT_EQ(1, count());
}

TEST_F(PgConnectionTest, AFailureEndsATransactionThatOtherRunsWereMadeIn) {
  auto first = connection->run({{BEGIN}, insert(1, "a"), insert(1, "again")});
  auto second = connection->run({insert(2, "b")});
  auto empty = connection->run(nullptr);
  EXPECT_TRUE(first.wait(waitScope).findFailure() != nullptr);
  EXPECT_EQ("25P02", KJ_ASSERT_NONNULL(failureOf(kj::mv(second)).sqlState));
  empty.wait(waitScope).takeResults();
  connection->run({insert(3, "c")}).wait(waitScope).takeResults();
  EXPECT_TRUE(connection->isSettled());
  EXPECT_EQ(1, count());
}

TEST_F(PgConnectionTest, ACommitThatUndoesIsNoSuccess) {
  auto fails = connection->run({{BEGIN}, insert(1, "a"), insert(1, "again")});
  auto commits = connection->run({{COMMIT}});
  EXPECT_EQ("23505", KJ_ASSERT_NONNULL(failureOf(kj::mv(fails)).sqlState));
  EXPECT_EQ("25P02", KJ_ASSERT_NONNULL(failureOf(kj::mv(commits)).sqlState));
  EXPECT_EQ(0, count());
}

TEST_F(PgConnectionTest, SettlingGivesATransactionUp) {
  auto unanswered = connection->run({{BEGIN}, insert(1, "a")});
  EXPECT_FALSE(connection->isSettled());
  connection->settle().wait(waitScope);
  EXPECT_TRUE(connection->isSettled());
  connection->run({{COUNT}}).wait(waitScope).takeResults();
  EXPECT_EQ(0, count());
}

TEST_F(PgConnectionTest, PreparesAStatementOnce) {
  for (int i = 0; i < 3; ++i) connection->run({insert(i, "x")}).wait(waitScope).takeResults();
  auto prepared = query(*connection, "SELECT count(*) FROM pg_prepared_statements");
  EXPECT_EQ(1, prepared[0].at(0, 0).asInt8());
}

TEST_F(PgConnectionTest, AStatementOutlivesTheFailureOfTheRunThatPreparedIt) {
  EXPECT_TRUE(
      connection->run({insert(1, "a"), insert(1, "b")}).wait(waitScope).findFailure() != nullptr);
  connection->run({insert(1, "a")}).wait(waitScope).takeResults();
}

TEST_F(PgConnectionTest, AStatementThatCannotBePreparedCanBeTriedAgain) {
  constexpr PgStatement FIND_LATER{"find_later", "SELECT id FROM later"};
  auto failure = failureOf(connection->run({{FIND_LATER}, insert(1, "a")}));
  EXPECT_EQ("42P01", KJ_ASSERT_NONNULL(failure.sqlState));
  EXPECT_EQ(0, count());
  query(*connection, "CREATE TEMPORARY TABLE later (id bigint)");
  connection->run({{FIND_LATER}, insert(1, "a")}).wait(waitScope).takeResults();
  EXPECT_EQ(1, count());
}

TEST_F(PgConnectionTest, RefusesParametersOfOtherTypesThanBefore) {
  connection->run({find(1)}).wait(waitScope).takeResults();
  auto failure = kj::runCatchingExceptions([&]() {
    connection->run({{FIND, kj::arr(PgParameter::int4(1))}}).wait(waitScope);
  });
  EXPECT_TRUE(mentions(KJ_ASSERT_NONNULL(failure), "parameters of other types"));
  connection->run({find(1)}).wait(waitScope).takeResults();
}

TEST_F(PgConnectionTest, WritesTenThousandRowsWithOneStatement) {
  constexpr int SIZE = 10'000;
  PgInt8Array ids(SIZE);
  PgTextArray bodies(SIZE);
  for (int i = 0; i < SIZE; ++i) {
    ids.add(i);
    i % 2 == 0 ? bodies.addNull() : bodies.add(kj::str("note ", i));
  }
  auto results = connection->run({{INSERT_ALL, kj::arr(ids.finish(), bodies.finish())}})
                     .wait(waitScope)
                     .takeResults();
  EXPECT_EQ(uint64_t(SIZE), results[0].affected());
  auto rows = query(*connection, "SELECT id, body FROM note ORDER BY id");
  ASSERT_EQ(size_t(SIZE), rows[0].rows());
  for (int i = 0; i < SIZE; ++i) {
    ASSERT_EQ(i, rows[0].at(i, 0).asInt8());
    ASSERT_EQ(i % 2 == 0, rows[0].at(i, 1).isNull());
    if (i % 2 == 1) ASSERT_EQ("note " + std::to_string(i), textOf(rows[0].at(i, 1)));
  }
}

TEST_F(PgConnectionTest, SendsAndReadsMoreThanTheKernelBuffers) {
  auto text = kj::heapString(8 << 20);
  memset(text.begin(), 'x', text.size());
  auto results = connection->run({insert(1, text), find(1), find(1)}).wait(waitScope).takeResults();
  EXPECT_EQ(text.size(), results[2].at(0, 0).asText().size());
}

// The bytes of a parameter, with its type as the server names it, and as the server wrote it.
template <typename Check>
void expectEcho(PgTest& test, PgConnection& connection, const char* text, PgParameter parameter,
    Check&& check) {
  auto sql = kj::str("SELECT $1, $1::text, pg_typeof($1)::text");
  PgStatement echo{nullptr, sql.cStr()};
  auto type = parameter.getType();
  auto results =
      connection.run({{echo, kj::arr(kj::mv(parameter))}}).wait(test.waitScope).takeResults();
  EXPECT_EQ(text, textOf(results[0].at(0, 1)));
  EXPECT_EQ(toString(type).cStr(), textOf(results[0].at(0, 2)));
  check(results[0].at(0, 0));
}

TEST_F(PgConnectionTest, TheServerUnderstandsValuesAndIsUnderstood) {
  auto echo = [&](const char* text, PgParameter parameter, auto&& check) {
    expectEcho(*this, *connection, text, kj::mv(parameter), check);
  };
  echo("true", PgParameter::boolean(true), [](PgValue v) { EXPECT_TRUE(v.asBool()); });
  echo("-32768", PgParameter::int2(INT16_MIN), [](PgValue v) { EXPECT_EQ(-32768, v.asInt2()); });
  echo("2147483647", PgParameter::int4(INT32_MAX),
      [](PgValue v) { EXPECT_EQ(INT32_MAX, v.asInt4()); });
  echo("-9223372036854775808", PgParameter::int8(INT64_MIN),
      [](PgValue v) { EXPECT_EQ(INT64_MIN, v.asInt8()); });
  echo("'); DROP TABLE note; --", PgParameter::text("'); DROP TABLE note; --"),
      [](PgValue v) { EXPECT_EQ("'); DROP TABLE note; --", textOf(v)); });
  echo("", PgParameter::text(""), [](PgValue v) { EXPECT_EQ(0u, v.asText().size()); });
  kj::byte bytes[]{0, 255};
  echo("\\x00ff", PgParameter::bytea(bytes),
      [&](PgValue v) { EXPECT_EQ(kj::arrayPtr(bytes, 2), v.asBytea()); });
  EXPECT_EQ(0, count());
}

template <typename Array>
void expectArrayEcho(
    PgTest& test, PgConnection& connection, const char* text, Array array, auto&& check) {
  expectEcho(test, connection, text, array.finish(), [&](PgValue value) {
    auto elements = value.asArray();
    ASSERT_EQ(2u, elements.size());
    check(elements[0]);
    EXPECT_TRUE(elements[1].isNull());
  });
}

// `element`, and one that is NULL.
template <typename Array>
Array withNull(typename Array::Element element) {
  Array result;
  result.add(element);
  result.addNull();
  return result;
}

TEST_F(PgConnectionTest, TheServerUnderstandsArraysAndIsUnderstood) {
  auto echo = [&](const char* text, auto array, auto&& check) {
    expectArrayEcho(*this, *connection, text, kj::mv(array), check);
  };
  echo("{t,NULL}", withNull<PgBoolArray>(true), [](PgValue v) { EXPECT_TRUE(v.asBool()); });
  echo("{-2,NULL}", withNull<PgInt2Array>(-2), [](PgValue v) { EXPECT_EQ(-2, v.asInt2()); });
  echo("{-4,NULL}", withNull<PgInt4Array>(-4), [](PgValue v) { EXPECT_EQ(-4, v.asInt4()); });
  echo("{-8,NULL}", withNull<PgInt8Array>(-8), [](PgValue v) { EXPECT_EQ(-8, v.asInt8()); });
  echo("{\"\\\"}\",NULL}", withNull<PgTextArray>("\"}"),
      [](PgValue v) { EXPECT_EQ("\"}", textOf(v)); });
  kj::byte bytes[]{0, 255};
  echo("{\"\\\\x00ff\",NULL}", withNull<PgByteaArray>(bytes),
      [&](PgValue v) { EXPECT_EQ(kj::arrayPtr(bytes, 2), v.asBytea()); });
  expectEcho(*this, *connection, "{}", PgTextArray().finish(),
      [](PgValue v) { EXPECT_EQ(0u, v.asArray().size()); });
}

TEST_F(PgConnectionTest, TellsOfNotificationsWhileNothingRuns) {
  query(*connection, "LISTEN news");
  auto heard = kj::newPromiseAndFulfiller<kj::String>();
  connection->onNotification([&](kj::StringPtr channel, kj::StringPtr payload) {
    heard.fulfiller->fulfill(kj::str(channel, ": ", payload));
  });
  auto parameters = kj::arr(PgParameter::text("news"), PgParameter::text("it is raining"));
  connect()->run({{NOTIFY, kj::mv(parameters)}}).wait(waitScope).takeResults();
  EXPECT_EQ("news: it is raining", heard.promise.wait(waitScope));
}

TEST_F(PgConnectionTest, TellsOfNotificationsBesideResults) {
  query(*connection, "LISTEN news");
  int heard = 0;
  connection->onNotification([&](kj::StringPtr, kj::StringPtr) { ++heard; });
  auto parameters = kj::arr(PgParameter::text("news"), PgParameter::text(""));
  connection->run({{NOTIFY, kj::mv(parameters)}}).wait(waitScope).takeResults();
  // The server tells of its own before it takes the next run.
  connection->run(nullptr).wait(waitScope).takeResults();
  EXPECT_EQ(1, heard);
}

TEST_F(PgConnectionTest, ADroppedPromiseDoesNotStopTheRun) {
  { auto dropped = connection->run({insert(1, "a")}); }
  auto results = connection->run({find(1)}).wait(waitScope).takeResults();
  EXPECT_EQ("a", textOf(results[0].at(0, 0)));
}

TEST_F(PgConnectionTest, RefusesRunsPastTheLimit) {
  kj::Vector<kj::Promise<PgOutcome>> runs;
  for (size_t i = 0; i < PgConnection::RUNS_IN_FLIGHT_MAX; ++i) {
    runs.add(connection->run({insert(i, "x")}));
  }
  auto failure = failureOf(connection->run({insert(-1, "x")}));
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.exception.getType());
  EXPECT_EQ(PgCommit::NONE, failure.commit);
  EXPECT_TRUE(mentions(failure.exception, "RUNS_IN_FLIGHT_MAX"));
  for (auto& run: runs) run.wait(waitScope).takeResults();
  EXPECT_EQ(int64_t(PgConnection::RUNS_IN_FLIGHT_MAX), count());
}

TEST_F(PgConnectionTest, AScriptIsOneTransaction) {
  auto failure = failureOf(
      connection->runScript("INSERT INTO note VALUES (1, 'a'); INSERT INTO note VALUES (1, 'b')"));
  EXPECT_EQ("23505", KJ_ASSERT_NONNULL(failure.sqlState));
  EXPECT_EQ(0, count());
  connection->run({insert(1, "a")}).wait(waitScope).takeResults();
  connection->runScript("INSERT INTO note VALUES (2, 'b'); INSERT INTO note VALUES (3, 'c')")
      .wait(waitScope)
      .takeResults();
  EXPECT_EQ(3, count());
}

TEST_F(PgConnectionTest, AScriptCanBePartOfATransaction) {
  connection->run({{BEGIN}}).wait(waitScope).takeResults();
  connection->runScript("INSERT INTO note VALUES (1, 'a'); INSERT INTO note VALUES (2, 'b')")
      .wait(waitScope)
      .takeResults();
  EXPECT_EQ(0, count());
  connection->run({{COMMIT}}).wait(waitScope).takeResults();
  EXPECT_EQ(2, count());
}

TEST_F(PgConnectionTest, AScriptRunsAlone) {
  auto running = connection->run({insert(1, "a")});
  EXPECT_ANY_THROW(connection->runScript("SELECT 1").wait(waitScope));
  running.wait(waitScope).takeResults();
  auto script = connection->runScript("SELECT 1");
  EXPECT_ANY_THROW(connection->run({insert(2, "b")}).wait(waitScope));
  script.wait(waitScope).takeResults();
}

TEST_F(PgConnectionTest, AWriteConflictIsToBeTriedAgainLater) {
  constexpr PgStatement ISOLATE{nullptr, "BEGIN ISOLATION LEVEL REPEATABLE READ"};
  constexpr PgStatement UPDATE{"update", "UPDATE note SET body = 'b' WHERE id = 1"};
  connection->run({insert(1, "a")}).wait(waitScope).takeResults();
  connection->run({{ISOLATE}, find(1)}).wait(waitScope).takeResults();
  connect()->run({{UPDATE}}).wait(waitScope).takeResults();
  auto failure = failureOf(connection->run({{UPDATE}, {COMMIT}}));
  EXPECT_EQ("40001", KJ_ASSERT_NONNULL(failure.sqlState));
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.exception.getType());
}

// ---------------------------------------------------------------------------------------
// Losing the connection

TEST_F(PgConnectionTest, ALostConnectionLeavesARunInDoubt) {
  auto running = connection->run({insert(1, "a"), {SLEEP}});
  auto queued = connection->run({insert(2, "b")});
  sharedCluster().kill();
  auto failure = failureOf(kj::mv(running));
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, failure.exception.getType());
  EXPECT_EQ(PgCommit::IN_DOUBT, failure.commit);
  EXPECT_EQ(PgCommit::IN_DOUBT, failureOf(kj::mv(queued)).commit);

  auto late = failureOf(connection->run({insert(3, "c")}));
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, late.exception.getType());
  EXPECT_EQ(PgCommit::NONE, late.commit);
  sharedCluster().start();
  EXPECT_EQ(0, count());
}

TEST_F(PgConnectionTest, ACleanStopOfTheServerIsALostConnection) {
  auto running = connection->run({{SLEEP}});
  sharedCluster().stop();
  auto failure = failureOf(kj::mv(running));
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, failure.exception.getType());
  EXPECT_EQ("57P01", KJ_ASSERT_NONNULL(failure.sqlState));
  EXPECT_EQ(PgCommit::IN_DOUBT, failure.commit);
  sharedCluster().start();
}

TEST_F(PgConnectionTest, TellsWhenAnIdleConnectionIsLost) {
  terminate(*connection);
  connection->whenLost().wait(waitScope);
  EXPECT_TRUE(connection->isLost());
  EXPECT_TRUE(connection->isSettled());
  auto failure = failureOf(connection->run({find(1)}));
  EXPECT_EQ("57P01", KJ_ASSERT_NONNULL(failure.sqlState));
  EXPECT_TRUE(mentions(failure.exception, "administrator"));
}

TEST_F(PgConnectionTest, ALostConnectionFailsItsScript) {
  auto script = connection->runScript("SELECT 1; SELECT pg_sleep(60)");
  sharedCluster().kill();
  EXPECT_EQ(PgCommit::IN_DOUBT, failureOf(kj::mv(script)).commit);
  sharedCluster().start();
}

TEST_F(PgConnectionTest, SettlingGivesUpOnAScript) {
  auto script = connection->runScript("SELECT pg_sleep(60)");
  connection->settle().wait(waitScope);
  EXPECT_TRUE(connection->isLost());
  EXPECT_EQ(PgCommit::IN_DOUBT, failureOf(kj::mv(script)).commit);
}

TEST_F(PgConnectionTest, DestroyingAConnectionFailsItsRuns) {
  auto running = connection->run({{SLEEP}});
  connection = nullptr;
  EXPECT_EQ(PgCommit::IN_DOUBT, failureOf(kj::mv(running)).commit);
}

}  // namespace
}  // namespace troth
