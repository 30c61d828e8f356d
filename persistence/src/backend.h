#pragma once
// A Backend is where a store keeps its records: what differs between memory, SQLite and PostgreSQL.
// A BackedStore makes a Store of it.

#include <kj/async.h>
#include <troth/store.h>

#include "transition.h"

namespace troth {

// A request on its way through a backend, and who waits for the record. The record is null if there
// is none, which only a FindRequest or ExpireRequest gets.
struct Ticket {
  Request request;
  kj::Own<kj::PromiseFulfiller<kj::Maybe<Record>>> waiter;
};

// One group of requests is one transaction, with no more requests, and no more bytes in them, than
// this, unless a single request has more.
constexpr size_t GROUP_REQUESTS_MAX = 1024;
constexpr size_t GROUP_BYTES_MAX = 16 << 20;

// When the messages of the children that come with a claim have more bytes than this together, no
// more children come.
constexpr size_t CLAIM_CHILDREN_BYTES_MAX = 16 << 20;

// Who hears from a backend what happens to records. Called in the store's thread, and only of what
// is committed.
class BackendListener {
public:
  // A record that settled through this backend.
  virtual void settled(const Record& record) = 0;

  // A record that was awaited has settled elsewhere; it has not been read.
  virtual void settledElsewhere(kj::StringPtr id) = 0;

  // A record for `target` was made or released, here or elsewhere, and no lease holds it.
  virtual void workDue(kj::StringPtr target) = 0;

protected:
  ~BackendListener() = default;
};

struct Overdue {
  // Pending records whose deadline has passed, the oldest deadlines first.
  kj::Array<kj::String> ids;

  // The first deadline of a pending record that has not passed.
  kj::Maybe<kj::Date> next;
};

class Backend {
public:
  virtual ~Backend() noexcept(false) {}

  // Hears of everything from now on. Called once, before anything else.
  virtual void setListener(BackendListener& listener) = 0;

  // Carries out one request, in a transaction with others that are made meanwhile. Requests for one
  // record are carried out in the order in which they are made.
  virtual kj::Promise<kj::Maybe<Record>> carryOut(Request request) = 0;

  // As of the store's methods. What they are given has been checked.
  virtual kj::Promise<Page> search(SearchRequest request) = 0;
  virtual kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) = 0;
  virtual kj::Promise<Pruned> prune(PruneRequest request) = 0;

  // As of the store's methods. Tells the listener of what has settled.
  virtual kj::Promise<Record> transact(Transaction transaction, SqlUse use) = 0;
  virtual kj::Promise<void> execute(kj::String script) = 0;

  // At most `idsMax` ids.
  virtual kj::Promise<Overdue> findOverdue(uint32_t idsMax) = 0;

  // When the first record for one of `targets` is due, which may be past.
  virtual kj::Promise<kj::Maybe<kj::Date>> findDue(kj::Array<kj::String> targets) = 0;

  // Those of `ids` that are not pending any more, or are gone.
  virtual kj::Promise<kj::Array<kj::String>> findSettled(kj::Array<kj::String> ids) = 0;

  virtual kj::Date now() = 0;
  virtual StoreTraffic getTraffic() const = 0;
};

// A store that keeps its records in `backend`. Sets the backend's listener.
kj::Own<Store> newBackedStore(kj::Own<Backend> backend, StoreOptions options);

// The place of a record in a search, as text.
struct Cursor {
  kj::Date created = kj::UNIX_EPOCH;
  kj::String id;

  static Cursor after(const Record& record);

  // Before all records.
  static Cursor beforeAll();

  // Throws FAILED if `text` is none.
  static Cursor parse(kj::StringPtr text);
  kj::String toText() const;
};

}  // namespace troth
