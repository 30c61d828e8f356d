#pragma once
// What a SQLite store does in transactions: applies the rule book to the records in its file.

#include <kj/map.h>

#include "sqlite-dialogue.h"
#include "sqlite-records.h"
#include "transition.h"

namespace troth {

// What has become of one request, once it is committed.
struct RequestOutcome {
  // The reply, or what was written with a refusal.
  kj::Maybe<Record> record;
  kj::Maybe<kj::Exception> refusal;

  // What a BackendListener is to hear of the record.
  enum class News { NONE, SETTLED, DUE };
  News news = News::NONE;
};

// Used by one thread at a time.
class SqliteSession {
public:
  // The messages of the records of a page, or of a claim, have no more bytes than this together,
  // unless a single record has more.
  static constexpr size_t PAGE_BYTES_MAX = 16 << 20;

  // Records that time out in one transaction, and roots that are looked at in one step.
  static constexpr size_t STEP_RECORDS_MAX = 1000;

  // Promises of which it is remembered that they are pending as long as no other process writes.
  static constexpr size_t PENDING_MAX = 1 << 20;

  // `clock` is read in the thread that uses the session.
  SqliteSession(kj::Own<SqliteDatabase> database, const kj::Clock& clock);
  KJ_DISALLOW_COPY_AND_MOVE(SqliteSession);

  // In one transaction, each request after those before it. Gives an outcome for each.
  kj::Array<RequestOutcome> carryOut(kj::ArrayPtr<const Ticket> group);

  // As of Backend. The program's function is at the other end of `dialogue`; the value that it
  // gives is put into `transaction`.
  RequestOutcome transact(Transaction& transaction, const SqliteDialogue& dialogue);
  void execute(kj::StringPtr script);

  // As of Backend. What happens to records on the way is in takeNews().
  Page search(const SearchRequest& request);
  kj::Array<Claimed> claim(const ClaimRequest& request);
  Pruned prune(const PruneRequest& request);
  Overdue findOverdue(uint32_t idsMax);
  kj::Maybe<kj::Date> findDue(kj::ArrayPtr<const kj::String> targets);
  kj::Array<kj::String> findSettled(kj::ArrayPtr<const kj::String> ids);

  // What else is committed and has not been taken.
  kj::Vector<RequestOutcome> takeNews();

  // Until now.
  StoreTraffic getTraffic() const;

  // Waits for no lock any more. Safe to call from any thread.
  void giveUp() { database->giveUp(); }

  // The SQL of all statements that a session runs.
  kj::Array<kj::String> preparedSql() const { return database->preparedSql(); }

private:
  kj::Own<SqliteDatabase> database;
  SqliteRecords records;
  const kj::Clock& clock;
  uint64_t requests = 0;
  kj::Vector<RequestOutcome> news;

  // What the transaction has changed beside the records that it was asked for.
  kj::Vector<RequestOutcome> woken;

  // Pending at `othersVersion`.
  kj::HashSet<kj::String> pending;
  int64_t othersVersion = 0;

  kj::Date now() const;
  SqliteTransaction begin();
  void commit(SqliteTransaction& transaction);
  template <typename R>
  RequestOutcome apply(kj::StringPtr id, const R& request, kj::Date now);
  RequestOutcome apply(const Request& request, kj::Date now);
  bool areOpen(kj::ArrayPtr<const kj::String> parts);
  void wake(kj::StringPtr id, kj::Date now);
  kj::Maybe<RequestOutcome> tryTransact(Transaction& transaction, const SqliteDialogue& dialogue);
  void expireOverdue();
  kj::Vector<Claimed> takeDue(const ClaimRequest& request, kj::Vector<RequestOutcome>& timedOut);
  void readChildren(kj::ArrayPtr<Claimed> claimed, uint32_t childrenMax);
  size_t readPage(Page& page, const SearchRequest& request, size_t bytesMax);
};

}  // namespace troth
