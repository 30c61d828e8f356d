#include "pg-transactions.h"

#include <kj/debug.h>
#include <troth/settled.h>

#include "micros.h"
#include "pg-kept-step.h"
#include "pg-sql.h"
#include "pg-statements.h"

namespace troth {
namespace {

// How long to leave a database alone that has just failed.
constexpr auto PAUSE_AFTER_LOSS = 100 * kj::MILLISECONDS;

// Two programs that make their tables at the same time take turns: "sql" in ASCII.
constexpr kj::StringPtr BEFORE_SCRIPT = R"sql(
  SELECT set_config('statement_timeout', '0', true);
  SELECT pg_advisory_xact_lock(7565676);
)sql"_kj;

bool isConflict(const PgFailure& failure) {
  KJ_IF_MAYBE(state, failure.sqlState) return *state == "40001" || *state == "40P01";
  return false;
}

bool isLoss(const PgFailure& failure) {
  return failure.exception.getType() == kj::Exception::Type::DISCONNECTED ||
      failure.commit == PgCommit::IN_DOUBT;
}

kj::Exception lostForGood(bool inDoubt, const kj::Exception& reason) {
  kj::StringPtr what = inDoubt ? "whether the transaction was committed is not known: repeat it"
                               : "the transaction was not committed: repeat it";
  return kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__,
      kj::str(
          "the connection to the database was lost, and ", what, "; ", reason.getDescription()));
}

kj::Exception alwaysInTheWay(kj::StringPtr id, const kj::Maybe<PgFailure>& last) {
  auto reason = kj::str("others record the same promise");
  KJ_IF_MAYBE(failure, last) reason = kj::str(failure->exception.getDescription());
  return kj::Exception(kj::Exception::Type::OVERLOADED, __FILE__, __LINE__,
      kj::str("other transactions were in the way of that for \"", id, "\", ",
          PgTransactions::TRIES_MAX, " times; nothing was done, repeat it later; ", reason));
}

kj::Maybe<Record> findRecord(const PgResult& result) {
  if (result.rows() == 0) return nullptr;
  return pg::readRecord(result, 0).record;
}

PgExecution reading(const PgStatement& statement, kj::StringPtr id) {
  return {statement, kj::arr(PgParameter::text(id))};
}

PgExecution writing(const Record& record, uint64_t version) {
  if (version == 0) {
    pg::InsertRows rows;
    rows.add(record, pg::findKeeper(record.id));
    return rows.finish();
  }
  pg::UpdateRows rows;
  rows.add(record, version);
  return rows.finish();
}

PgExecution telling(kj::StringPtr id) {
  PgTextArray ids;
  ids.add(id);
  return {pg::NOTIFY_SETTLED, kj::arr(ids.finish())};
}

PgExecution waking(kj::StringPtr id, kj::Date now) {
  PgTextArray ids;
  ids.add(id);
  return {pg::WAKE, kj::arr(ids.finish(), PgParameter::int8(toMicros(now)))};
}

}  // namespace

PgTransactions::PgTransactions(Loop& loop, Options options, StoreTraffic& traffic)
    : loop(loop),
      patience(options.patience),
      sqlTime(options.sqlTime),
      now(kj::mv(options.now)),
      traffic(traffic),
      pool(loop, kj::mv(options.pool)) {}

// ---- Connections ----

// A database that does not answer is as good as gone.
kj::Promise<kj::Array<PgResult>> PgTransactions::run(
    PgConnection& connection, kj::ArrayPtr<const PgExecution> executions, Trouble& trouble) {
  traffic.statements += executions.size();
  auto outcome = co_await loop.timer()
                     .timeoutAfter(patience, connection.run(executions))
                     .catch_([](kj::Exception&& exception) -> PgOutcome {
                       return PgFailure{KJ_EXCEPTION(DISCONNECTED, "the database does not answer",
                                            exception.getDescription()),
                           nullptr, PgCommit::IN_DOUBT};
                     });
  KJ_IF_MAYBE(failure, outcome.findFailure()) trouble.failure = failure->clone();
  co_return outcome.takeResults();
}

// ---- Tries ----

kj::Promise<PgTransactions::Transacted> PgTransactions::transact(
    Transaction transaction, SqlUse use) {
  Progress progress;
  for (;;) {
    Trouble trouble;
    auto tried = co_await settle(attempt(transaction, use, trouble));
    KJ_IF_MAYBE(done, tried.value) {
      KJ_IF_MAYBE(transacted, *done) co_return kj::mv(*transacted);
    }
    auto pause = goOn(progress, transaction, trouble, tried.exception);
    if (pause > 0 * kj::SECONDS) co_await loop.timer().afterDelay(pause);
  }
}

kj::Duration PgTransactions::goOn(Progress& progress, const Transaction& transaction,
    const Trouble& trouble, const kj::Maybe<kj::Exception>& exception) {
  progress.inDoubt = progress.inDoubt || trouble.commitSent;
  KJ_IF_MAYBE(failure, trouble.failure) {
    if (isLoss(*failure)) {
      auto time = loop.timer().now();
      auto end = progress.giveUp.orDefault(time + patience);
      progress.giveUp = end;
      if (time < end) return PAUSE_AFTER_LOSS;
      kj::throwFatalException(lostForGood(progress.inDoubt, failure->exception));
    }
  }
  bool isInTheWay = trouble.failure.map(isConflict).orDefault(exception == nullptr);
  if (isInTheWay) {
    if (++progress.tries < TRIES_MAX) return 0 * kj::SECONDS;
    kj::throwFatalException(alwaysInTheWay(transaction.creation.request.id, trouble.failure));
  }
  auto& why = KJ_ASSERT_NONNULL(exception);
  bool isAway = trouble.failure == nullptr && why.getType() != kj::Exception::Type::FAILED;
  if (isAway && progress.giveUp != nullptr) {
    // A connection was lost, and there is no other to be had.
    kj::throwFatalException(lostForGood(progress.inDoubt, why));
  }
  kj::throwFatalException(kj::cp(why));
}

kj::Promise<kj::Maybe<PgTransactions::Transacted>> PgTransactions::attempt(
    Transaction& transaction, SqlUse& use, Trouble& trouble) {
  auto connection = co_await pool.take();
  co_return co_await attemptOn(*connection, transaction, use, trouble);
}

kj::Promise<kj::Maybe<PgTransactions::Transacted>> PgTransactions::attemptOn(
    PgConnection& connection, Transaction& transaction, SqlUse& use, Trouble& trouble) {
  auto& creation = transaction.creation;
  auto seen = co_await begin(connection, transaction, trouble);
  auto time = now();
  KJ_IF_MAYBE(fence, transaction.fence) requireLease(seen.fence, *fence, time);
  if (!wouldFulfill(seen.record, creation, time)) {
    co_return co_await leave(connection, creation, kj::mv(seen), time, trouble);
  }
  auto value = co_await runUse(connection, use, trouble);
  KJ_ASSERT_NONNULL(creation.request.settlement).value = kj::mv(value);
  time = now();
  // If the deadline has passed meanwhile, the next try finds that.
  if (!wouldFulfill(seen.record, creation, time)) co_return nullptr;
  transition(seen.record, creation, time);
  co_return co_await writeRecord(
      connection, KJ_ASSERT_NONNULL(seen.record), seen.version, transaction.fence, trouble);
}

kj::Promise<PgTransactions::Seen> PgTransactions::begin(
    PgConnection& connection, const Transaction& transaction, Trouble& trouble) {
  ++traffic.transactions;
  kj::Vector<PgExecution> executions;
  pg::ReadRows reads;
  reads.add(transaction.creation.request.id);
  executions.add(PgExecution{pg::BEGIN});
  executions.add(reads.finish());
  KJ_IF_MAYBE(fence, transaction.fence) executions.add(reading(pg::GLANCE, fence->id));
  auto results = co_await run(connection, executions, trouble);
  Seen seen;
  if (results[1].rows() > 0) {
    auto found = pg::readRecord(results[1], 0);
    seen.record = kj::mv(found.record);
    seen.version = found.version;
  }
  if (results.size() > 2) seen.fence = findRecord(results[2]);
  co_return kj::mv(seen);
}

// ---- The program's part ----

kj::Promise<kj::Array<const kj::byte>> PgTransactions::runUse(
    PgConnection& connection, SqlUse& use, Trouble& trouble) {
  PgSql sql(connection, traffic.statements);
  auto used = co_await settle(limitedUse(sql, use));
  KJ_IF_MAYBE(failure, sql.findFailure()) trouble.failure = failure->clone();
  auto value = kj::mv(used.get());
  KJ_IF_MAYBE(failure, trouble.failure) kj::throwFatalException(kj::cp(failure->exception));
  // It may not have waited for all that it asked for.
  if (!connection.isInTransaction()) co_await run(connection, nullptr, trouble);
  if (!connection.isInTransaction()) kj::throwFatalException(transactionEnded());
  co_return kj::mv(value);
}

kj::Promise<kj::Array<const kj::byte>> PgTransactions::limitedUse(Sql& sql, SqlUse& use) {
  auto late = loop.timer().afterDelay(sqlTime).then(
      [this]() -> kj::Promise<kj::Array<const kj::byte>> { return transactionTooLong(sqlTime); });
  return kj::evalNow([&]() { return use(sql); }).exclusiveJoin(kj::mv(late));
}

// ---- The record ----

// Null if the record is not any more what was seen.
kj::Promise<kj::Maybe<PgTransactions::Transacted>> PgTransactions::writeRecord(
    PgConnection& connection, const Record& record, uint64_t version,
    const kj::Maybe<LeaseFence>& fence, Trouble& trouble) {
  bool isNew = version == 0;
  kj::Vector<PgExecution> executions;
  auto hold = [&]() {
    KJ_IF_MAYBE(f, fence) executions.add(reading(pg::HOLD, f->id));
  };
  // Rounds insert before they update, and update in the order of ids: parents come first.
  if (!isNew) hold();
  size_t written = executions.size();
  executions.add(writing(record, version));
  if (isNew) hold();
  if (record.awaited) executions.add(telling(record.id));
  KJ_IF_MAYBE(parent, findParked(record)) executions.add(waking(*parent, now()));
  auto results = co_await run(connection, executions, trouble);
  KJ_IF_MAYBE(f, fence) requireLease(findRecord(results[1 - written]), *f, now());
  if (results[written].rows() == 0) co_return nullptr;
  trouble.commitSent = true;
  PgExecution commit{pg::COMMIT};
  co_await run(connection, kj::arrayPtr(&commit, 1), trouble);
  co_return Transacted{record.clone(), News::SETTLED};
}

// The record stands without the program's part. That it has timed out is written down if it is new;
// else whoever looks around does that.
kj::Promise<kj::Maybe<PgTransactions::Transacted>> PgTransactions::leave(PgConnection& connection,
    const Creation& creation, Seen seen, kj::Date time, Trouble& trouble) {
  auto verdict = transition(seen.record, creation, time);
  KJ_IF_MAYBE(refusal, verdict.refusal) kj::throwFatalException(kj::mv(*refusal));
  auto& record = KJ_ASSERT_NONNULL(seen.record);
  if (verdict.write != Verdict::Write::INSERT) co_return Transacted{kj::mv(record)};
  KJ_ASSERT(record.state == PromiseState::TIMEDOUT);
  PgExecution executions[] = {writing(record, seen.version), {pg::COMMIT}};
  trouble.commitSent = true;
  auto results = co_await run(connection, executions, trouble);
  if (results[0].rows() == 0) co_return nullptr;
  co_return Transacted{kj::mv(record), News::SETTLED};
}

// ---- Scripts ----

kj::Promise<void> PgTransactions::execute(kj::String script) {
  ++traffic.transactions;
  ++traffic.statements;
  auto connection = co_await pool.take();
  (co_await connection->runScript(kj::str(BEFORE_SCRIPT, script))).takeResults();
}

}  // namespace troth
