#pragma once
// Transactions of a program in PostgreSQL, each on a connection of its own, which record a promise.
//
// A transaction holds no lock on a record while the program's function runs. When that is done it
// writes the record that it is to fulfill, which fails if anybody else was quicker, and locks the
// record of its fence, which waits for those that change it, until it commits at once. So rounds of
// requests never wait for a program. Both in the order in which rounds lock records.

#include <troth/loop.h>

#include "backend.h"
#include "pg-pool.h"
#include "pg-rows.h"

namespace troth {

class PgTransactions {
public:
  // How often a transaction is tried that others are in the way of: a serialization failure, a
  // deadlock, somebody else who was quicker with the record.
  static constexpr uint32_t TRIES_MAX = 10;

  struct Options {
    PgPoolOptions pool;
    kj::Duration patience;
    kj::Duration sqlTime;

    kj::Function<kj::Date()> now;
  };

  PgTransactions(Loop& loop, Options options, StoreTraffic& traffic);
  KJ_DISALLOW_COPY_AND_MOVE(PgTransactions);

  // The record, and whether it has settled by this.
  enum class News { NONE, SETTLED };
  struct Transacted {
    Record record;
    News news = News::NONE;
  };
  kj::Promise<Transacted> transact(Transaction transaction, SqlUse use);

  kj::Promise<void> execute(kj::String script);

private:
  // What became of a try that did not end well.
  struct Trouble {
    kj::Maybe<PgFailure> failure;
    bool commitSent = false;
  };

  // How the tries at a transaction have gone so far.
  struct Progress {
    uint32_t tries = 0;
    bool inDoubt = false;
    kj::Maybe<kj::TimePoint> giveUp;
  };

  // What a transaction reads before the program's function runs.
  struct Seen {
    kj::Maybe<Record> record;
    uint64_t version = 0;
    kj::Maybe<Record> fence;
  };

  Loop& loop;
  kj::Duration patience;
  kj::Duration sqlTime;
  kj::Function<kj::Date()> now;
  StoreTraffic& traffic;
  PgPool pool;

  // After a try that ended with `exception`, or null if others were in the way: gives how long to
  // wait before the next one, or throws if there is none.
  kj::Duration goOn(Progress& progress, const Transaction& transaction, const Trouble& trouble,
      const kj::Maybe<kj::Exception>& exception);

  // Null if others were in the way.
  kj::Promise<kj::Maybe<Transacted>> attempt(
      Transaction& transaction, SqlUse& use, Trouble& trouble);
  kj::Promise<kj::Maybe<Transacted>> attemptOn(
      PgConnection& connection, Transaction& transaction, SqlUse& use, Trouble& trouble);
  kj::Promise<Seen> begin(
      PgConnection& connection, const Transaction& transaction, Trouble& trouble);
  kj::Promise<kj::Array<const kj::byte>> runUse(
      PgConnection& connection, SqlUse& use, Trouble& trouble);
  kj::Promise<kj::Array<const kj::byte>> limitedUse(Sql& sql, SqlUse& use);
  kj::Promise<kj::Maybe<Transacted>> writeRecord(PgConnection& connection, const Record& record,
      uint64_t version, const kj::Maybe<LeaseFence>& fence, Trouble& trouble);
  kj::Promise<kj::Maybe<Transacted>> leave(PgConnection& connection, const Creation& creation,
      Seen seen, kj::Date time, Trouble& trouble);
  kj::Promise<kj::Array<PgResult>> run(
      PgConnection& connection, kj::ArrayPtr<const PgExecution> executions, Trouble& trouble);
};

}  // namespace troth
