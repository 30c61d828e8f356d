#include "sqlite-dialogue.h"

#include <kj/debug.h>

namespace troth {
namespace {

kj::TimePoint monotonicNow() { return kj::systemPreciseMonotonicClock().now(); }

kj::Exception abandoned() {
  return KJ_EXCEPTION(DISCONNECTED, "a transaction was given up before it was committed");
}

// Runs statements until one of them fails, after which none does any more.
class StatementRunner {
public:
  StatementRunner(SqliteDatabase& database, kj::Function<bool()> isOver)
      : database(database), isOver(kj::mv(isOver)) {}

  SqlRows run(kj::StringPtr sql, kj::ArrayPtr<const SqlValue> values) {
    throwFailure();
    kj::Maybe<SqlRows> rows;
    failure = kj::runCatchingExceptions([&]() {
      checkStatement(sql);
      rows = database.run(sql, values, isOver);
      if (!database.isInTransaction()) kj::throwFatalException(transactionEnded());
    });
    KJ_IF_MAYBE(exception, failure) failure = inStatement(sql, *exception);
    throwFailure();
    return kj::mv(KJ_ASSERT_NONNULL(rows));
  }

  void throwFailure() const {
    KJ_IF_MAYBE(exception, failure) kj::throwFatalException(kj::cp(*exception));
  }

private:
  SqliteDatabase& database;
  kj::Function<bool()> isOver;
  kj::Maybe<kj::Exception> failure;
};

}  // namespace

SqliteDialogue::SqliteDialogue(kj::Duration timeMax): timeMax(timeMax) {
  auto paf = kj::newPromiseAndCrossThreadFulfiller<void>();
  opened = kj::mv(paf.promise);
  state.lockExclusive()->opening = kj::mv(paf.fulfiller);
}

// ---- The store's thread ----

kj::Promise<void> SqliteDialogue::whenOpen() { return kj::mv(opened); }

kj::Promise<SqlRows> SqliteDialogue::run(
    kj::StringPtr statement, kj::Array<SqlValue> values) const {
  auto paf = kj::newPromiseAndCrossThreadFulfiller<SqlRows>();
  auto lock = state.lockExclusive();
  if (lock->isEnding) return abandoned();
  if (lock->words.size() >= STATEMENTS_MAX) {
    return KJ_EXCEPTION(OVERLOADED, "too many statements of a transaction wait", STATEMENTS_MAX);
  }
  lock->words.push_back(Statement{kj::str(statement), kj::mv(values), kj::mv(paf.fulfiller)});
  return kj::mv(paf.promise);
}

void SqliteDialogue::finish(kj::Array<const kj::byte> value) const { end(kj::mv(value)); }
void SqliteDialogue::fail(kj::Exception exception) const { end(kj::mv(exception)); }

// What is committed is not undone.
void SqliteDialogue::abandon() const {
  {
    auto lock = state.lockExclusive();
    if (!lock->isEnding) lock->isAbandoned = true;
  }
  end(abandoned());
}

void SqliteDialogue::end(Word word) const {
  auto lock = state.lockExclusive();
  if (lock->isEnding) return;
  lock->isEnding = true;
  lock->words.push_back(kj::mv(word));
}

// ---- The worker's thread ----

void SqliteDialogue::open() const {
  auto opening = kj::mv(KJ_ASSERT_NONNULL(state.lockExclusive()->opening));
  opening->fulfill();
}

// Null if there is none until `end`.
kj::Maybe<SqliteDialogue::Word> SqliteDialogue::next(kj::TimePoint end) const {
  auto time = end - monotonicNow();
  if (time <= 0 * kj::SECONDS) return nullptr;
  return state.when([](const State& s) { return !s.words.empty(); },
      [](State& s) -> kj::Maybe<Word> {
        if (s.words.empty()) return nullptr;
        auto word = kj::mv(s.words.front());
        s.words.pop_front();
        return kj::mv(word);
      },
      time);
}

kj::Array<const kj::byte> SqliteDialogue::serve(SqliteDatabase& database) const {
  auto end = monotonicNow() + timeMax;
  StatementRunner runner(
      database, [this, end]() { return monotonicNow() >= end || state.lockShared()->isAbandoned; });
  open();
  for (;;) {
    auto word = next(end);
    KJ_IF_MAYBE(w, word) {
      KJ_SWITCH_ONEOF(*w) {
        KJ_CASE_ONEOF(statement, Statement) {
          auto failure = kj::runCatchingExceptions(
              [&]() { statement.waiter->fulfill(runner.run(statement.sql, statement.values)); });
          KJ_IF_MAYBE(exception, failure) statement.waiter->reject(kj::mv(*exception));
        }
        KJ_CASE_ONEOF(value, Value) {
          runner.throwFailure();
          return kj::mv(value);
        }
        KJ_CASE_ONEOF(exception, kj::Exception) kj::throwFatalException(kj::mv(exception));
      }
    } else {
      kj::throwFatalException(transactionTooLong(timeMax));
    }
  }
}

}  // namespace troth
