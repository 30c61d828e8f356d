#pragma once
// What went wrong with PostgreSQL, and what it means for the caller.
//
// Pure code: it knows PostgreSQL's error codes ("SQLSTATE"), not its connections.

#include <kj/exception.h>
#include <kj/string.h>

namespace troth {

// Whether a run that failed may have been committed all the same.
enum class PgCommit {
  // It was not: the server said so, or never got to hear of it.
  NONE,
  // Nobody knows: the connection was lost after the request had been sent. Read back what it wrote.
  IN_DOUBT,
};

struct PgFailure {
  // DISCONNECTED: the connection is gone, take another. OVERLOADED: do the same again later.
  // FAILED: tell a person. Its text ends with the SQLSTATE, where there is one.
  kj::Exception exception;

  // Five characters, such as `23505`; null for what the server did not say.
  kj::Maybe<kj::String> sqlState;

  PgCommit commit = PgCommit::NONE;

  PgFailure clone() const;
};

// Makes the failure that `sqlState` stands for, with a text for people.
PgFailure pgFailure(kj::StringPtr sqlState, kj::StringPtr text);

// What an attempt to connect failed with. libpq gives its text only, in its verbose form, which has
// the SQLSTATE in it if it is the server that refused; otherwise it is `typeElse`.
PgFailure pgConnectFailure(kj::StringPtr text, kj::Exception::Type typeElse);

}  // namespace troth
