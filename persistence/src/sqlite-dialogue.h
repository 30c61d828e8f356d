#pragma once
// What the two threads of a SQLite store say to each other while a program uses a transaction: the
// program's function runs in the store's thread, its statements in the worker's.

#include <kj/async.h>
#include <kj/mutex.h>
#include <kj/refcount.h>

#include <deque>

#include "sql-rows.h"
#include "sqlite.h"

namespace troth {

class SqliteDialogue final: public kj::AtomicRefcounted {
public:
  // Statements that are asked for and have not run.
  static constexpr size_t STATEMENTS_MAX = 1024;

  // Made in the store's thread. A transaction that takes longer than `timeMax` is given up.
  explicit SqliteDialogue(kj::Duration timeMax);
  KJ_DISALLOW_COPY_AND_MOVE(SqliteDialogue);

  // ---- The store's thread ----

  // Resolves when the transaction is open and the program's function is to run; breaks if it never
  // will. Called once.
  kj::Promise<void> whenOpen();

  kj::Promise<SqlRows> run(kj::StringPtr statement, kj::Array<SqlValue> values) const;

  // The function has ended, or is not waited for any more. The first word counts.
  void finish(kj::Array<const kj::byte> value) const;
  void fail(kj::Exception exception) const;
  void abandon() const;

  // ---- The worker's thread ----

  // Runs the program's statements in the transaction that is open, until its function ends. Gives
  // its value, or throws why the transaction is to be rolled back.
  kj::Array<const kj::byte> serve(SqliteDatabase& database) const;

private:
  struct Statement {
    kj::String sql;
    kj::Array<SqlValue> values;
    kj::Own<kj::CrossThreadPromiseFulfiller<SqlRows>> waiter;
  };
  using Value = kj::Array<const kj::byte>;
  using Word = kj::OneOf<Statement, Value, kj::Exception>;

  struct State {
    std::deque<Word> words;
    bool isEnding = false;
    bool isAbandoned = false;
    kj::Maybe<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> opening;
  };

  kj::Duration timeMax;
  kj::MutexGuarded<State> state;
  kj::Promise<void> opened = nullptr;

  void end(Word word) const;
  void open() const;
  kj::Maybe<Word> next(kj::TimePoint end) const;
};

}  // namespace troth
