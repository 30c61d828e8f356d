#pragma once
// Sql is a transaction in the database of a store, for statements of a program's own.
//
// What is written through it and the record of a durable promise come into force together, or not
// at all: an effect that happens exactly once. See Store::transact().
//
//     kj::Promise<kj::Array<const kj::byte>> deposit(troth::Sql& sql) {
//       co_await sql.run("UPDATE accounts SET cents = cents + $1 WHERE name = $2", 70, "bob");
//       auto rows = co_await sql.run("SELECT cents FROM accounts WHERE name = $1", "bob");
//       co_return receiptFor(rows.asInt64(0, 0));
//     }
//
// Parameters are $1, $2, … in SQLite and in PostgreSQL, and never become a part of the SQL. Each of
// them is to be used by the statement. PostgreSQL finds out their types from the statement, as if
// they stood there as quoted literals; where it cannot, say so: `$1::bigint`, which to SQLite is
// the same as `$1`.
//
// The tables are the program's own, in the database of the store: Store::execute() makes them. The
// store's are not to be written: `promises`, `promise_params` and `promise_tags` in SQLite, the
// schema `troth` in PostgreSQL.

#include <kj/array.h>
#include <kj/async.h>
#include <kj/function.h>
#include <kj/one-of.h>
#include <kj/string.h>

#include <concepts>
#include <cstdint>
#include <utility>

namespace troth {

// A parameter of a statement, or a value in a row.
class SqlValue {
public:
  using Variant =
      kj::OneOf<decltype(nullptr), bool, int64_t, double, kj::String, kj::Array<const kj::byte>>;

  // NULL.
  SqlValue(decltype(nullptr) = nullptr): variant(nullptr) {}

  template <std::same_as<bool> T>
  SqlValue(T value): variant(value) {}

  // Throws FAILED if the number does not fit into 64 bits with a sign.
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) SqlValue(T value)
      : variant(toInt64(value)) {}

  template <std::floating_point T>
  SqlValue(T value): variant(static_cast<double>(value)) {}

  SqlValue(kj::StringPtr text): variant(kj::str(text)) {}
  SqlValue(const char* text): SqlValue(kj::StringPtr(text)) {}
  SqlValue(kj::String&& text): variant(kj::mv(text)) {}

  SqlValue(kj::ArrayPtr<const kj::byte> bytes)
      : variant(kj::Array<const kj::byte>(kj::heapArray<kj::byte>(bytes))) {}
  SqlValue(kj::Array<const kj::byte>&& bytes): variant(kj::mv(bytes)) {}

  // NULL, or what is in it.
  template <typename T>
  SqlValue(kj::Maybe<T> value): variant(nullptr) {
    KJ_IF_MAYBE(v, value) *this = SqlValue(kj::mv(*v));
  }

  const Variant& get() const { return variant; }

private:
  Variant variant;

  template <typename T>
  static int64_t toInt64(T value) {
    if (!std::in_range<int64_t>(value)) failRange();
    return static_cast<int64_t>(value);
  }
  [[noreturn]] static void failRange();
};

// What a statement gave: rows of values, all in memory.
//
// SQLite knows numbers, texts and bytes, and gives each as what it is stored as. Of PostgreSQL's
// types, smallint, integer and bigint are integers, real and double precision are doubles, boolean
// and bytea are what they are, and all others, numeric among them, are text.
class SqlRows {
public:
  // A statement that gives more is refused.
  static constexpr size_t ROWS_MAX = 100'000;
  static constexpr size_t BYTES_MAX = 64 << 20;

  SqlRows(kj::Array<kj::String> names, kj::Array<SqlValue> values, uint64_t affected)
      : names(kj::mv(names)), values(kj::mv(values)), changed(affected) {}

  size_t rows() const { return names.size() == 0 ? 0 : values.size() / names.size(); }
  size_t columns() const { return names.size(); }
  kj::StringPtr nameOf(size_t column) const;

  // How many rows were inserted, updated or deleted.
  uint64_t affected() const { return changed; }

  bool isNull(size_t row, size_t column) const;

  // Each throws FAILED if there is no such row or column, and if the value is NULL or of another
  // type; but an integer is also a double, and 0 and 1 are also a bool, of which SQLite has none.
  // What they borrow lives as long as the rows.
  int64_t asInt64(size_t row, size_t column) const;
  double asDouble(size_t row, size_t column) const;
  bool asBool(size_t row, size_t column) const;
  kj::StringPtr asText(size_t row, size_t column) const;
  kj::ArrayPtr<const kj::byte> asBytes(size_t row, size_t column) const;

private:
  kj::Array<kj::String> names;
  kj::Array<SqlValue> values;
  uint64_t changed;

  const SqlValue::Variant& at(size_t row, size_t column) const;
  [[noreturn]] void failType(size_t row, size_t column, kj::StringPtr wanted) const;
};

class Sql {
public:
  // Runs one statement. Breaks with what the database says, and the statement in the text; then the
  // transaction is over, whatever becomes of the promise: nothing of it will be committed.
  //
  // BEGIN, COMMIT, ROLLBACK and their kin are refused: the transaction is the store's. Statements
  // run in the order in which they are asked for. The promise must not outlive the function that
  // this was given to.
  template <typename... Values>
  kj::Promise<SqlRows> run(kj::StringPtr statement, Values&&... values) {
    auto builder = kj::heapArrayBuilder<SqlValue>(sizeof...(values));
    (builder.add(SqlValue(kj::fwd<Values>(values))), ...);
    return runWith(statement, builder.finish());
  }

  // The same, with parameters whose number is not known before.
  virtual kj::Promise<SqlRows> runWith(kj::StringPtr statement, kj::Array<SqlValue> values) = 0;

protected:
  ~Sql() = default;
};

// What a program does in a transaction, and the value that comes of it.
using SqlUse = kj::Function<kj::Promise<kj::Array<const kj::byte>>(Sql& sql)>;

}  // namespace troth
