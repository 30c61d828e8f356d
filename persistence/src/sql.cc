#include <kj/debug.h>

#include <algorithm>
#include <string_view>

#include "sql-rows.h"

namespace troth {
namespace {

// As much of a statement as an error shows.
constexpr size_t SHOWN_BYTES_MAX = 1000;

constexpr const char* TRANSACTION_WORDS[] = {
    "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE"};

kj::StringPtr typeOf(const SqlValue::Variant& value) {
  KJ_SWITCH_ONEOF(value) {
    KJ_CASE_ONEOF(null, decltype(nullptr)) return "NULL";
    KJ_CASE_ONEOF(truth, bool) return "a boolean";
    KJ_CASE_ONEOF(number, int64_t) return "an integer";
    KJ_CASE_ONEOF(number, double) return "a double";
    KJ_CASE_ONEOF(text, kj::String) return "text";
    KJ_CASE_ONEOF(bytes, kj::Array<const kj::byte>) return "bytes";
  }
  KJ_UNREACHABLE;
}

size_t bytesOf(const SqlValue::Variant& value) {
  KJ_IF_MAYBE(text, value.tryGet<kj::String>()) return text->size();
  KJ_IF_MAYBE(bytes, value.tryGet<kj::Array<const kj::byte>>()) return bytes->size();
  return sizeof(int64_t);
}

bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// After a comment that `sql` starts with, which may have others inside.
std::string_view skipComment(std::string_view sql) {
  size_t depth = 0;
  do {
    if (sql.starts_with("/*")) {
      ++depth;
      sql.remove_prefix(2);
    } else if (sql.starts_with("*/")) {
      --depth;
      sql.remove_prefix(2);
    } else {
      sql.remove_prefix(1);
    }
  } while (depth > 0 && !sql.empty());
  return sql;
}

// From the first word on.
std::string_view skipBlanks(std::string_view sql) {
  while (!sql.empty()) {
    if (isSpace(sql[0]) || sql[0] == ';') {
      sql.remove_prefix(1);
    } else if (sql.starts_with("--")) {
      sql.remove_prefix(std::min(sql.find('\n'), sql.size()));
    } else if (sql.starts_with("/*")) {
      sql = skipComment(sql);
    } else {
      break;
    }
  }
  return sql;
}

// As much of `text` as has `bytesMax` bytes, and whole characters.
kj::String beginningOf(kj::StringPtr text, size_t bytesMax) {
  if (text.size() <= bytesMax) return kj::str(text);
  size_t end = bytesMax;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return kj::str(text.slice(0, end), "…");
}

}  // namespace

void SqlValue::failRange() {
  KJ_FAIL_REQUIRE("a number is too large for SQL, which has 64 bits with a sign");
}

// ---- Rows ----

kj::StringPtr SqlRows::nameOf(size_t column) const {
  KJ_REQUIRE(column < columns(), "a result has no such column", column, columns());
  return names[column];
}

const SqlValue::Variant& SqlRows::at(size_t row, size_t column) const {
  KJ_REQUIRE(row < rows() && column < columns(), "a result has no such row or column", row, column,
      rows(), columns());
  return values[row * columns() + column].get();
}

void SqlRows::failType(size_t row, size_t column, kj::StringPtr wanted) const {
  auto found = typeOf(at(row, column));
  kj::throwFatalException(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
      kj::str("the column \"", nameOf(column), "\" has ", found, " in row ", row, ", and not ",
          wanted)));
}

bool SqlRows::isNull(size_t row, size_t column) const {
  return at(row, column).is<decltype(nullptr)>();
}

int64_t SqlRows::asInt64(size_t row, size_t column) const {
  KJ_IF_MAYBE(number, at(row, column).tryGet<int64_t>()) return *number;
  failType(row, column, "an integer");
}

double SqlRows::asDouble(size_t row, size_t column) const {
  auto& value = at(row, column);
  KJ_IF_MAYBE(number, value.tryGet<double>()) return *number;
  KJ_IF_MAYBE(number, value.tryGet<int64_t>()) return static_cast<double>(*number);
  failType(row, column, "a double");
}

bool SqlRows::asBool(size_t row, size_t column) const {
  auto& value = at(row, column);
  KJ_IF_MAYBE(truth, value.tryGet<bool>()) return *truth;
  KJ_IF_MAYBE(number, value.tryGet<int64_t>()) {
    if (*number == 0 || *number == 1) return *number == 1;
  }
  failType(row, column, "a boolean");
}

kj::StringPtr SqlRows::asText(size_t row, size_t column) const {
  KJ_IF_MAYBE(text, at(row, column).tryGet<kj::String>()) return *text;
  failType(row, column, "text");
}

kj::ArrayPtr<const kj::byte> SqlRows::asBytes(size_t row, size_t column) const {
  KJ_IF_MAYBE(bytes, at(row, column).tryGet<kj::Array<const kj::byte>>()) return *bytes;
  failType(row, column, "bytes");
}

void SqlRowsBuilder::add(SqlValue value) {
  bytes += bytesOf(value.get());
  KJ_REQUIRE(values.size() < SqlRows::ROWS_MAX * names.size(),
      "a statement gives too many rows (SqlRows::ROWS_MAX)", SqlRows::ROWS_MAX);
  KJ_REQUIRE(bytes <= SqlRows::BYTES_MAX, "a statement gives too many bytes (SqlRows::BYTES_MAX)",
      SqlRows::BYTES_MAX);
  values.add(kj::mv(value));
}

SqlRows SqlRowsBuilder::finish(uint64_t affected) {
  return SqlRows(kj::mv(names), values.releaseAsArray(), affected);
}

// ---- Statements ----

kj::String firstWordOf(kj::StringPtr statement) {
  auto sql = skipBlanks({statement.begin(), statement.size()});
  kj::Vector<char> word;
  while (!sql.empty() && isLetter(sql[0])) {
    word.add(sql[0] >= 'a' && sql[0] <= 'z' ? static_cast<char>(sql[0] - 'a' + 'A') : sql[0]);
    sql.remove_prefix(1);
  }
  word.add('\0');
  return kj::String(word.releaseAsArray());
}

void checkStatement(kj::StringPtr statement) {
  auto word = firstWordOf(statement);
  for (kj::StringPtr forbidden: TRANSACTION_WORDS) {
    KJ_REQUIRE(word != forbidden,
        "a statement is to begin or end a transaction, which is the store's to do", word);
  }
}

kj::Exception inStatement(kj::StringPtr statement, const kj::Exception& exception) {
  return kj::Exception(exception.getType(), exception.getFile(), exception.getLine(),
      kj::str(exception.getDescription(),
          "; the SQL statement was: ", beginningOf(statement, SHOWN_BYTES_MAX)));
}

kj::Exception transactionTooLong(kj::Duration timeMax) {
  return KJ_EXCEPTION(FAILED,
      "a transaction was rolled back, because the function that uses it took too long "
      "(StoreOptions::sqlTime); it must not wait for other requests of the same store",
      timeMax);
}

kj::Exception transactionEnded() {
  return KJ_EXCEPTION(
      FAILED, "a statement has ended the transaction that it was run in, which is the store's");
}

}  // namespace troth
