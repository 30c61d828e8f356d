#pragma once
// A PgConnection is one session with a PostgreSQL server, on a Loop, without ever blocking it.
//
//     constexpr PgStatement COUNT{"troth_count", "SELECT count(*) FROM promise WHERE state = $1"};
//
//     auto connection = co_await PgConnection::connect(loop, "postgresql:///bank");
//     auto outcome = co_await connection->run({{COUNT, kj::arr(PgParameter::int2(1))}});
//     auto count = outcome.takeResults()[0].at(0, 0).asInt8();
//
// A run is some statements that travel together: they reach the server in one message, and come
// into force together or not at all. They are one transaction, unless BEGIN and COMMIT among them
// say otherwise, in which case a transaction can span several runs; COMMIT is then the last
// statement of its run. Runs are carried out in the order in which they were made, and may be made
// before the ones before have been answered.
//
// Limits. Not more than RUNS_IN_FLIGHT_MAX runs wait for an answer at a time. A connection that is
// lost stays lost: make another.

#include <kj/async.h>
#include <kj/function.h>
#include <troth/loop.h>

#include "pg-run.h"

namespace troth {

class PgConnection final {
public:
  // More are refused with OVERLOADED.
  static constexpr size_t RUNS_IN_FLIGHT_MAX = 64;

  // `where` is a URI, a list such as `host=/run/postgresql dbname=bank`, the name of a database, or
  // empty; what it does not say comes from the environment (PGHOST, PGPASSFILE, ...), as libpq
  // documents it. Gives up after `connect_timeout`, or after ten seconds. Breaks with DISCONNECTED
  // if the server cannot be reached or is starting up, OVERLOADED if it has too many clients, and
  // FAILED if it refuses this one.
  //
  // libpq looks names up in the calling thread, which stops the Loop for as long as that takes.
  // Where it may take long, give an address beside the name: `host=db.example hostaddr=10.0.0.7`.
  static kj::Promise<kj::Own<PgConnection>> connect(Loop& loop, kj::StringPtr where);

  // Connections come from connect().
  class Impl;
  explicit PgConnection(kj::Own<Impl> impl);

  // Discards the answers that are still on their way. Its runs fail.
  ~PgConnection() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(PgConnection);

  // Sends `executions`, which are not needed any more when it returns. Resolves when they are
  // committed or have failed; does not break. Dropping the promise does not stop the run. If a run
  // fails, what its transaction did before is undone as well, and the transaction is over.
  kj::Promise<PgOutcome> run(kj::ArrayPtr<const PgExecution> executions);

  // Runs several statements that stand in one text, with `;` between them and without parameters.
  // They are one transaction, unless they say otherwise. There are no results. Must not be called
  // while a run is in flight, nor may one be made before this is over.
  kj::Promise<PgOutcome> runScript(kj::StringPtr sql);

  // Resolves when no run is in flight and no transaction is open: one that is, is rolled back. Then
  // the connection is as good as new, or lost: it is not worth waiting for a script that still
  // runs. This is the way to give a transaction up; a run that says ROLLBACK itself counts as
  // failed.
  kj::Promise<void> settle();
  bool isSettled() const;

  // Whether a transaction is open that has not failed. No run is in flight.
  bool isInTransaction() const;

  // Calls `handler` for each notification on a channel that this session listens to. It must not
  // destroy the connection.
  void onNotification(kj::Function<void(kj::StringPtr channel, kj::StringPtr payload)> handler);

  bool isLost() const;

  // Resolves when the connection is lost, also while nothing runs. The promise may outlive it.
  kj::Promise<void> whenLost();

private:
  kj::Own<Impl> impl;
};

}  // namespace troth
