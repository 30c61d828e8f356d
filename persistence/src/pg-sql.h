#pragma once
// A program's own statements in a transaction of PostgreSQL.

#include <kj/refcount.h>

#include "pg-connection.h"
#include "sql-rows.h"

namespace troth {

// Runs statements on a connection that has a transaction open, until one of them fails.
class PgSql final: public Sql {
public:
  PgSql(PgConnection& connection, uint64_t& statementsRun)
      : connection(connection), statementsRun(statementsRun) {}

  kj::Promise<SqlRows> runWith(kj::StringPtr statement, kj::Array<SqlValue> values) override;

  // Why the transaction is over, if it is.
  kj::Maybe<const PgFailure&> findFailure() const { return state->failure; }

private:
  // What the promises of statements share with this.
  struct State final: public kj::Refcounted {
    kj::Maybe<PgFailure> failure;

    SqlRows rowsOf(PgOutcome&& outcome, kj::StringPtr statement);
  };

  PgConnection& connection;
  uint64_t& statementsRun;
  kj::Own<State> state = kj::refcounted<State>();

  kj::Promise<PgOutcome> send(kj::StringPtr statement, kj::ArrayPtr<const SqlValue> values);
};

// Values that came in text format, as their types say.
SqlRows readRows(const PgResult& result);

}  // namespace troth
