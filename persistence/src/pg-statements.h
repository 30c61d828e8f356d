#pragma once
// The SQL of the PostgreSQL store: each statement by name, prepared on a connection when it is
// first used there.
//
// Statements for requests take arrays, one element per record, so that their number does not depend
// on how many records there are. They find records by primary key alone and check the version on
// the row: a condition on the state would let the planner choose an index that has nothing to do
// with the id.

#include "pg-connection.h"

namespace troth::pg {

// Its plans must not depend on what the planner happened to know when they were made, which on an
// empty table is nothing: each statement has an index to go by.
extern const PgStatement SET_UP_SESSION;

// For a session that carries transactions of a program, whose statements the planner is to plan as
// it likes. $1 is the time in milliseconds after which the server gives a statement up, $2 that
// for which it waits for the next one.
extern const PgStatement SET_UP_SQL_SESSION;

// Rows of records; see pg-rows.h for their columns. INSERT_CAREFULLY also makes the rows of their
// tags, and none of what is a kept step already. UPDATE writes no row that would keep a step of
// which there is a row.
extern const PgStatement READ;
extern const PgStatement INSERT;
extern const PgStatement INSERT_CAREFULLY;
extern const PgStatement UPDATE;

// As READ, once no other transaction has the records locked: that of a lost connection may go on.
extern const PgStatement READ_BACK;

// Notifications carry the id that has settled, the target that has work.
constexpr kj::StringPtr SETTLED_CHANNEL = "troth_settled"_kj;
constexpr kj::StringPtr DUE_CHANNEL = "troth_due"_kj;
extern const PgStatement LISTEN_SETTLED;
extern const PgStatement LISTEN_DUE;
extern const PgStatement NOTIFY_SETTLED;
extern const PgStatement NOTIFY_DUE;
extern const PgStatement WAKE;
extern const PgStatement WAKE_PARKED;

// One record without its messages, as it is; and the same, locked so that nobody changes it.
extern const PgStatement GLANCE;
extern const PgStatement HOLD;

extern const PgStatement BEGIN;
extern const PgStatement COMMIT;
extern const PgStatement LOCK_DUE;
extern const PgStatement READ_CHILDREN;

extern const PgStatement SEARCH_BY_STATE;
extern const PgStatement SEARCH_BY_PARENT;
extern const PgStatement SEARCH_BY_ROOT;
extern const PgStatement SEARCH_BY_TAG;

extern const PgStatement FIND_OVERDUE;
extern const PgStatement FIND_DUE;
extern const PgStatement FIND_SETTLED;
extern const PgStatement PRUNE;
extern const PgStatement NOW;

// All that read or write rows on behalf of requests, for the test of their plans.
kj::ArrayPtr<const PgStatement* const> requestStatements();

}  // namespace troth::pg
