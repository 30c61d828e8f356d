#include "sqlite.h"

#include <kj/debug.h>
#include <kj/vector.h>
#include <sqlite3.h>
#include <string.h>

#include <chrono>
#include <memory>
#include <thread>

#include "sql-rows.h"

namespace troth {
namespace {

// The pauses between attempts to get a lock, each longer by the first: short, for others hold it
// for one commit only.
constexpr auto LOCK_PAUSE_FIRST = 100 * kj::MICROSECONDS;
constexpr int LOCK_PAUSES_GROWING = 50;

struct Advice {
  kj::Exception::Type type;
  kj::StringPtr text;
};

// Whether a failed COMMIT may have reached the disk all the same: the bytes are in the file, and it
// is not known whether they would stay there.
bool isInDoubt(int code) { return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC; }

Advice adviceFor(int code) {
  using Type = kj::Exception::Type;
  if (isInDoubt(code)) {
    return {Type::DISCONNECTED,
        "the disk is full or failing; what was to be written may or may not be there: see to the "
        "disk, and repeat the request"};
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Type::OVERLOADED,
          "another process keeps the file locked for longer than StoreOptions::patience; nothing "
          "was written, repeat the request later"};
    case SQLITE_FULL:
      return {Type::OVERLOADED,
          "the disk is full; nothing was written: free some space, and repeat the request"};
    case SQLITE_IOERR:
      return {Type::OVERLOADED,
          "the disk is full or failing, or the file has reached a limit; nothing was written: see "
          "to it, and repeat the request"};
    case SQLITE_NOMEM:
      return {Type::OVERLOADED, "memory ran out; nothing was written, repeat the request later"};
    case SQLITE_CORRUPT:
      return {Type::FAILED,
          "the file is damaged: stop what uses it, keep a copy, and restore a backup or what "
          "`sqlite3 FILE .recover` saves"};
    case SQLITE_NOTADB:
      return {Type::FAILED, "it is no SQLite file: move it away, or name another"};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return {Type::FAILED,
          "see that it is a file, that its folder exists, and that this user may write to both"};
    case SQLITE_READONLY:
      return {Type::FAILED,
          "the file cannot be written to, or was moved away: this user needs write access to it "
          "and to its folder"};
    default: return {Type::FAILED, "this is not expected: please report it"};
  }
}

// Whether it is the statement of a program that is wrong, and not the file.
bool isOfStatement(int code) {
  switch (code & 0xff) {
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_INTERRUPT: return true;
    default: return false;
  }
}

// ---- A program's own statements ----

// SQLite's steps between two questions whether a statement is over.
constexpr int STEPS_PER_QUESTION = 10'000;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using OwnStatement = std::unique_ptr<sqlite3_stmt, Finalize>;

// Which of the values of a statement, counted from 1, is that of a parameter: the seventh for `$7`,
// and for `$7::text`, which to SQLite is a name as a whole.
size_t numberOf(kj::StringPtr name) {
  auto end = strcspn(name.cStr(), ":");
  if (name.startsWith("$") && (end == name.size() || name.slice(end).startsWith("::"))) {
    KJ_IF_MAYBE(number, kj::str(name.slice(1, end)).tryParseAs<uint16_t>()) {
      if (*number > 0) return *number;
    }
  }
  KJ_FAIL_REQUIRE("parameters are $1, $2, …", name);
}

int bindValue(sqlite3_stmt* statement, int index, const SqlValue& value) {
  KJ_SWITCH_ONEOF(value.get()) {
    KJ_CASE_ONEOF(null, decltype(nullptr)) return sqlite3_bind_null(statement, index);
    KJ_CASE_ONEOF(truth, bool) return sqlite3_bind_int64(statement, index, truth ? 1 : 0);
    KJ_CASE_ONEOF(number, int64_t) return sqlite3_bind_int64(statement, index, number);
    KJ_CASE_ONEOF(number, double) return sqlite3_bind_double(statement, index, number);
    KJ_CASE_ONEOF(text, kj::String) {
      return sqlite3_bind_text64(
          statement, index, text.cStr(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    KJ_CASE_ONEOF(bytes, kj::Array<const kj::byte>) {
      if (bytes.size() == 0) return sqlite3_bind_zeroblob(statement, index, 0);
      return sqlite3_bind_blob64(statement, index, bytes.begin(), bytes.size(), SQLITE_STATIC);
    }
  }
  KJ_UNREACHABLE;
}

// Throws FAILED if a value is missing, or is not used. Gives SQLite's code.
int bindAll(sqlite3_stmt* statement, kj::ArrayPtr<const SqlValue> values) {
  int count = sqlite3_bind_parameter_count(statement);
  auto isUsed = kj::heapArray<bool>(values.size());
  for (auto& used: isUsed) used = false;
  for (int index = 1; index <= count; ++index) {
    auto name = sqlite3_bind_parameter_name(statement, index);
    size_t number = numberOf(name == nullptr ? "?" : name);
    KJ_REQUIRE(number <= values.size(), "a parameter has no value", number, values.size());
    isUsed[number - 1] = true;
    int code = bindValue(statement, index, values[number - 1]);
    if (code != SQLITE_OK) return code;
  }
  for (size_t i = 0; i < isUsed.size(); ++i) {
    KJ_REQUIRE(isUsed[i], "a value has no parameter in the statement", i + 1, count);
  }
  return SQLITE_OK;
}

SqlValue valueAt(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      auto begin = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return kj::heapString(begin, sqlite3_column_bytes(statement, column));
    }
    case SQLITE_BLOB: {
      auto begin = static_cast<const kj::byte*>(sqlite3_column_blob(statement, column));
      return kj::arrayPtr(begin, sqlite3_column_bytes(statement, column));
    }
    default: return nullptr;
  }
}

kj::Array<kj::String> columnNames(sqlite3_stmt* statement) {
  auto names = kj::heapArrayBuilder<kj::String>(sqlite3_column_count(statement));
  for (int i = 0; i < sqlite3_column_count(statement); ++i) {
    names.add(kj::str(sqlite3_column_name(statement, i)));
  }
  return names.finish();
}

int askWhetherOver(void* isOver) { return (*static_cast<kj::Function<bool()>*>(isOver))() ? 1 : 0; }

}  // namespace

SqliteDatabase::SqliteDatabase(kj::StringPtr pathParam, kj::Duration patience)
    : path(pathParam.startsWith("/") ? kj::str(pathParam) : kj::str("./", pathParam)),
      patience(patience) {
  KJ_REQUIRE(sqlite3_threadsafe() != 0, "this SQLite was built for programs of one thread");
  constexpr int FLAGS =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  int code = sqlite3_open_v2(path.cStr(), &connection, FLAGS, nullptr);
  if (code != SQLITE_OK) {
    auto exception = toException(code, "open");
    sqlite3_close_v2(connection);
    kj::throwFatalException(kj::mv(exception));
  }
  sqlite3_busy_handler(connection, &SqliteDatabase::waitForLock, this);
}

SqliteDatabase::~SqliteDatabase() noexcept(false) { sqlite3_close_v2(connection); }

// `attempts` counts those before.
int SqliteDatabase::waitForLock(void* context, int attempts) {
  auto& database = *static_cast<SqliteDatabase*>(context);
  auto now = kj::systemPreciseMonotonicClock().now();
  if (attempts == 0) database.waitingSince = now;
  if (database.isGivenUp || now - database.waitingSince >= database.patience) return 0;
  auto pause = LOCK_PAUSE_FIRST * kj::min(attempts + 1, LOCK_PAUSES_GROWING);
  std::this_thread::sleep_for(std::chrono::nanoseconds(pause / kj::NANOSECONDS));
  return 1;
}

kj::Exception SqliteDatabase::toException(int code, kj::StringPtr what) const {
  auto advice = adviceFor(code);
  auto message = connection == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection);
  return kj::Exception(advice.type, __FILE__, __LINE__,
      kj::str("SQLite cannot ", what, " ", path, " (", message, "): ", advice.text));
}

// SQLite does not wait for each lock by itself: not for the one that it takes to start a log.
void SqliteDatabase::execute(kj::StringPtr sql) {
  ++statementsRun;
  for (int attempts = 0;; ++attempts) {
    int code = sqlite3_exec(connection, sql.cStr(), nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return;
    bool isLocked = (code & 0xff) == SQLITE_BUSY;
    if (!isLocked || waitForLock(this, attempts) == 0) {
      kj::throwFatalException(toException(code, "use"));
    }
  }
}

kj::Exception SqliteDatabase::toProgramsException(int code) const {
  if (!isOfStatement(code)) return toException(code, "use");
  return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
      kj::str("SQLite: ", sqlite3_errmsg(connection)));
}

void SqliteDatabase::runScript(kj::StringPtr sql) {
  ++statementsRun;
  int code = sqlite3_exec(connection, sql.cStr(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) kj::throwFatalException(toProgramsException(code));
}

SqlRows SqliteDatabase::run(
    kj::StringPtr sql, kj::ArrayPtr<const SqlValue> values, kj::Function<bool()>& isOver) {
  ++statementsRun;
  auto check = [this](int code) {
    if (code != SQLITE_OK) kj::throwFatalException(toProgramsException(code));
  };
  auto prepare = [&](const char*& rest) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(connection, rest, -1, 0, &statement, &rest));
    return OwnStatement(statement);
  };
  OwnStatement statement;
  for (auto rest = sql.cStr(); *rest != '\0';) {
    auto next = prepare(rest);
    if (next == nullptr) continue;
    KJ_REQUIRE(statement == nullptr, "there is more than one statement; run one after the other");
    statement = kj::mv(next);
  }
  auto raw = statement.get();
  check(bindAll(raw, values));
  sqlite3_progress_handler(connection, STEPS_PER_QUESTION, &askWhetherOver, &isOver);
  KJ_DEFER(sqlite3_progress_handler(connection, 0, nullptr, nullptr));
  auto changesBefore = sqlite3_total_changes(connection);
  SqlRowsBuilder rows(columnNames(raw));
  int code = raw == nullptr ? SQLITE_DONE : sqlite3_step(raw);
  for (; code == SQLITE_ROW; code = sqlite3_step(raw)) {
    for (int i = 0; i < sqlite3_column_count(raw); ++i) rows.add(valueAt(raw, i));
  }
  if (code != SQLITE_DONE) check(code);
  bool isChanging = sqlite3_total_changes(connection) != changesBefore;
  return rows.finish(isChanging ? sqlite3_changes(connection) : 0);
}

int64_t SqliteDatabase::readNumber(kj::StringPtr sql) {
  SqliteStatement statement(*this, sql);
  auto rows = statement.run();
  KJ_REQUIRE(rows.next(), "a statement gives nothing", sql);
  return rows.number(0);
}

kj::String SqliteDatabase::readText(kj::StringPtr sql) {
  SqliteStatement statement(*this, sql);
  auto rows = statement.run();
  KJ_REQUIRE(rows.next(), "a statement gives nothing", sql);
  return kj::str(rows.text(0));
}

bool SqliteDatabase::isInTransaction() const { return sqlite3_get_autocommit(connection) == 0; }

kj::Array<kj::String> SqliteDatabase::preparedSql() const {
  kj::Vector<kj::String> result;
  for (auto statement = sqlite3_next_stmt(connection, nullptr); statement != nullptr;
       statement = sqlite3_next_stmt(connection, statement)) {
    result.add(kj::str(sqlite3_sql(statement)));
  }
  return result.releaseAsArray();
}

// ---- Rows ----

SqliteRows::SqliteRows(SqliteDatabase& database, sqlite3_stmt& statement)
    : database(database), statement(statement) {
  ++database.statementsRun;
}

SqliteRows::~SqliteRows() { sqlite3_reset(&statement); }

bool SqliteRows::next() {
  int code = sqlite3_step(&statement);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) kj::throwFatalException(database.toException(code, "use"));
  return false;
}

bool SqliteRows::isNull(int column) const {
  return sqlite3_column_type(&statement, column) == SQLITE_NULL;
}

int64_t SqliteRows::number(int column) const { return sqlite3_column_int64(&statement, column); }

kj::StringPtr SqliteRows::text(int column) const {
  auto begin = reinterpret_cast<const char*>(sqlite3_column_text(&statement, column));
  if (begin == nullptr) return nullptr;
  return {begin, static_cast<size_t>(sqlite3_column_bytes(&statement, column))};
}

kj::ArrayPtr<const kj::byte> SqliteRows::bytes(int column) const {
  auto begin = static_cast<const kj::byte*>(sqlite3_column_blob(&statement, column));
  return {begin, static_cast<size_t>(sqlite3_column_bytes(&statement, column))};
}

// ---- Statements ----

SqliteStatement::SqliteStatement(SqliteDatabase& database, kj::StringPtr sql): database(database) {
  check(sqlite3_prepare_v3(database.connection, sql.cStr(), sql.size() + 1,
      SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement); }

void SqliteStatement::check(int code) {
  if (code != SQLITE_OK) kj::throwFatalException(database.toException(code, "use"));
}

void SqliteStatement::bind(int index, decltype(nullptr)) {
  check(sqlite3_bind_null(statement, index));
}

void SqliteStatement::bind(int index, int64_t number) {
  check(sqlite3_bind_int64(statement, index, number));
}

void SqliteStatement::bind(int index, kj::StringPtr text) {
  check(
      sqlite3_bind_text64(statement, index, text.begin(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void SqliteStatement::bind(int index, kj::ArrayPtr<const kj::byte> bytes) {
  if (bytes.size() == 0) {
    check(sqlite3_bind_zeroblob(statement, index, 0));
  } else {
    check(sqlite3_bind_blob64(statement, index, bytes.begin(), bytes.size(), SQLITE_STATIC));
  }
}

// ---- Transactions ----

SqliteTransaction::SqliteTransaction(SqliteDatabase& database, Kind kind): database(database) {
  database.execute(kind == Kind::WRITE ? "BEGIN IMMEDIATE" : "BEGIN");
  ++database.transactionsBegun;
}

// SQLite has rolled back by itself after some errors.
SqliteTransaction::~SqliteTransaction() noexcept(false) {
  if (!database.isInTransaction()) return;
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([this]() { database.execute("ROLLBACK"); })) {
    KJ_LOG(ERROR, "SQLite cannot roll back", *exception);
  }
}

void SqliteTransaction::commit() { database.execute("COMMIT"); }

}  // namespace troth
