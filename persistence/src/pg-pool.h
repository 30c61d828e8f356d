#pragma once
// A PgPool lends connections to one PostgreSQL, and makes new ones for those that are lost.
//
//     PgPool pool(loop, {.where = kj::str("postgresql:///bank")});
//     auto connection = co_await pool.take();
//     auto outcome = co_await connection->run({{COUNT}});
//     connection = nullptr;                              // gives it back
//
// Connections are opened when they are needed. While PostgreSQL is away, those who ask wait, for a
// limited time, and the pool tries again, ever more seldom.
//
// Limits. Whoever has a connection has it alone. What remains of a transaction when it is given
// back is rolled back; other things that a session remembers, such as LISTEN and SET, stay.

#include <troth/retry.h>

#include "pg-connection.h"

namespace troth {

struct PgPoolOptions {
  // As PgConnection::connect() takes it.
  kj::String where;

  // Each costs PostgreSQL a process. More than it has processors and disks help little.
  kj::uint connectionsMax = 4;

  // Those who ask while this many wait are refused with OVERLOADED.
  kj::uint waitersMax = 1024;

  // Whoever waits for longer is refused: with OVERLOADED if all connections were in use.
  kj::Duration waitMax = 30 * kj::SECONDS;

  // How a connection that cannot be opened is tried again. If that is given up, those who wait
  // break with the reason, unless there are other connections to wait for. Its budget is the pool's
  // own.
  RetryPolicy reconnect{.attemptsMax = 1000,
      .delayFirst = 50 * kj::MILLISECONDS,
      .delayMax = 2 * kj::SECONDS,
      .timeMax = 30 * kj::SECONDS};

  // Is called for each new connection, before it is lent. If it breaks, the connection counts as
  // one that could not be opened.
  kj::Function<kj::Promise<void>(PgConnection&)> setUp = [](PgConnection&) -> kj::Promise<void> {
    return kj::READY_NOW;
  };
};

class PgPool final {
public:
  PgPool(Loop& loop, PgPoolOptions options);

  // Those who wait are refused. Connections that are lent may outlive the pool; they are closed
  // when they are given back.
  ~PgPool() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(PgPool);

  // A connection that is settled and not known to be lost. First come, first served. Destroying it
  // gives it back. Drop the promise to stop waiting.
  kj::Promise<kj::Own<PgConnection>> take();

private:
  class Impl;
  kj::Own<Impl> impl;
};

}  // namespace troth
