#pragma once
// As much of SQLite as a store needs, with exceptions whose types say what to do. sqlite.cc alone
// includes SQLite's header.

#include <kj/array.h>
#include <kj/exception.h>
#include <kj/string.h>
#include <kj/time.h>
#include <troth/sql.h>

#include <atomic>
#include <cstdint>

struct sqlite3;
struct sqlite3_stmt;

namespace troth {

// A connection to a file. One thread at a time may use it, but for giveUp().
class SqliteDatabase {
public:
  // Makes the file if it is not there. Whoever has it locked is waited for, now and later, for
  // `patience`.
  SqliteDatabase(kj::StringPtr path, kj::Duration patience);
  ~SqliteDatabase() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(SqliteDatabase);

  // Runs statements that take no parameters, and drops what they give.
  void execute(kj::StringPtr sql);

  // A program's own: a script of statements, and one statement with parameters $1, $2, … What fails
  // there is the program's to mend. The statement is given up, and its transaction rolled back,
  // when `isOver` says so, which is asked now and then.
  void runScript(kj::StringPtr sql);
  SqlRows run(kj::StringPtr sql, kj::ArrayPtr<const SqlValue> values, kj::Function<bool()>& isOver);

  // What a statement gives that gives one number, or one text.
  int64_t readNumber(kj::StringPtr sql);
  kj::String readText(kj::StringPtr sql);

  bool isInTransaction() const;

  // Waits for no lock any more. Safe to call from any thread.
  void giveUp() { isGivenUp = true; }

  // The SQL of every statement that is prepared.
  kj::Array<kj::String> preparedSql() const;

  uint64_t getStatementsRun() const { return statementsRun; }
  uint64_t getTransactionsBegun() const { return transactionsBegun; }

  // What `code`, which is SQLite's, means to a caller who wanted to do `what`.
  kj::Exception toException(int code, kj::StringPtr what) const;

private:
  kj::String path;
  kj::Duration patience;
  sqlite3* connection = nullptr;
  std::atomic<bool> isGivenUp = false;
  kj::TimePoint waitingSince = kj::origin<kj::TimePoint>();
  uint64_t statementsRun = 0;
  uint64_t transactionsBegun = 0;

  friend class SqliteStatement;
  friend class SqliteTransaction;
  friend class SqliteRows;
  kj::Exception toProgramsException(int code) const;
  static int waitForLock(void* database, int attempts);
};

// What one run of a statement gives, row by row. The statement can run again when this is gone.
class SqliteRows {
public:
  SqliteRows(SqliteDatabase& database, sqlite3_stmt& statement);
  ~SqliteRows();
  KJ_DISALLOW_COPY_AND_MOVE(SqliteRows);

  // Goes to the next row, and says whether there is one.
  bool next();

  // Columns of the row, counted from 0. Text and bytes are valid until next().
  bool isNull(int column) const;
  int64_t number(int column) const;
  kj::StringPtr text(int column) const;
  kj::ArrayPtr<const kj::byte> bytes(int column) const;

private:
  SqliteDatabase& database;
  sqlite3_stmt& statement;
};

// A prepared statement.
class SqliteStatement {
public:
  SqliteStatement(SqliteDatabase& database, kj::StringPtr sql);
  ~SqliteStatement();
  KJ_DISALLOW_COPY_AND_MOVE(SqliteStatement);

  // Runs it with ?1, ?2, … as given: numbers, text, bytes, or Maybe any of these. What they point
  // to must live as long as the rows.
  template <typename... Values>
  SqliteRows run(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
    return SqliteRows(database, *statement);
  }

  // The same, for a statement that gives no rows.
  template <typename... Values>
  void execute(const Values&... values) {
    run(values...).next();
  }

private:
  SqliteDatabase& database;
  sqlite3_stmt* statement = nullptr;

  void bind(int index, decltype(nullptr));
  void bind(int index, int64_t number);
  void bind(int index, kj::StringPtr text);
  void bind(int index, kj::ArrayPtr<const kj::byte> bytes);
  template <typename T>
  void bind(int index, const kj::Maybe<T>& value) {
    KJ_IF_MAYBE(v, value) {
      bind(index, *v);
    } else {
      bind(index, nullptr);
    }
  }
  void check(int code);
};

// What is written and not committed when this goes is undone.
class SqliteTransaction {
public:
  enum class Kind {
    // Sees the file as it is when it first reads, whoever writes meanwhile.
    READ,
    // Alone: no other connection writes from its beginning to its end.
    WRITE,
  };

  SqliteTransaction(SqliteDatabase& database, Kind kind);
  ~SqliteTransaction() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(SqliteTransaction);

  // Returns when what was written would survive a power cut.
  void commit();

private:
  SqliteDatabase& database;
};

}  // namespace troth
