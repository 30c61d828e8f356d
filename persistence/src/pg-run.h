#pragma once
// What a PgConnection sends and what comes back: statements, executions, results.

#include "pg-failure.h"
#include "pg-values.h"

struct pg_result;

namespace troth {

// One SQL statement. Both texts live as long as the program, unless it has no name.
struct PgStatement {
  // Each connection prepares the statement when it first meets its name, so that the server reads
  // and plans it once. Null for a statement that is run rarely, or that needs what an earlier one
  // of the same run makes.
  const char* name;

  const char* sql;
};

struct PgExecution {
  const PgStatement& statement;

  // `$1` is the first. Their types are the same each time.
  kj::Array<PgParameter> parameters = nullptr;

  // How values come back, in libpq's numbers: PgValue reads the binary format.
  enum class Format { TEXT = 0, BINARY = 1 };
  Format format = Format::BINARY;
};

// What one execution gave.
class PgResult {
public:
  // Takes `raw` over.
  explicit PgResult(pg_result* raw): raw(raw) {}
  ~PgResult();
  PgResult(PgResult&& other): raw(other.raw) { other.raw = nullptr; }
  PgResult& operator=(PgResult&& other);
  KJ_DISALLOW_COPY(PgResult);

  size_t rows() const;
  size_t columns() const;

  // Valid as long as the result. Throws if there is no such row or column.
  PgValue at(size_t row, size_t column) const;

  kj::StringPtr nameOf(size_t column) const;

  // What the statement did: `UPDATE 3`.
  kj::StringPtr command() const;

  // How many rows were inserted, updated, deleted or selected.
  uint64_t affected() const;

private:
  pg_result* raw;
};

// What became of a run.
class PgOutcome {
public:
  PgOutcome(kj::Array<PgResult> results): results(kj::mv(results)) {}
  PgOutcome(PgFailure failure): failure(kj::mv(failure)) {}

  kj::Maybe<const PgFailure&> findFailure() const { return failure; }

  // One for each execution. Throws if the run failed.
  kj::Array<PgResult> takeResults();

private:
  kj::Array<PgResult> results;
  kj::Maybe<PgFailure> failure;
};

}  // namespace troth
