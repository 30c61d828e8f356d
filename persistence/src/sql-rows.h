#pragma once
// What the stores share of a program's own SQL.

#include <kj/exception.h>
#include <kj/time.h>
#include <kj/vector.h>
#include <troth/sql.h>

namespace troth {

// Builds rows value by value, within the bounds of SqlRows.
class SqlRowsBuilder {
public:
  explicit SqlRowsBuilder(kj::Array<kj::String> names): names(kj::mv(names)) {}

  // The next value of the row, or the first of the next row. Throws FAILED if that is too much.
  void add(SqlValue value);

  SqlRows finish(uint64_t affected);

private:
  kj::Array<kj::String> names;
  kj::Vector<SqlValue> values;
  size_t bytes = 0;
};

// Throws FAILED if `statement` begins or ends a transaction.
void checkStatement(kj::StringPtr statement);

// The first word of `statement`, in capitals, which says what it does.
kj::String firstWordOf(kj::StringPtr statement);

// `exception`, which `statement` was the reason for.
kj::Exception inStatement(kj::StringPtr statement, const kj::Exception& exception);

// What stops a transaction after `timeMax`.
kj::Exception transactionTooLong(kj::Duration timeMax);

// What stops a transaction that was not the program's to end.
kj::Exception transactionEnded();

}  // namespace troth
