#pragma once
// The rule book: what each request does to each record. Every store applies it, inside a
// transaction of its own, and knows no rules itself. docs/reference/promise-states.md has the same
// as a table.

#include <kj/one-of.h>
#include <troth/store.h>

namespace troth {

// Store::create(), with what the parent's record says filled in; see adopt().
struct Creation {
  CreateRequest request;
  kj::Array<const kj::byte> digest;
  kj::Maybe<kj::String> root;
};

// Store::transact(). The creation has a settlement, whose value is what comes of the transaction.
struct Transaction {
  Creation creation;
  kj::Maybe<LeaseFence> fence;
};

// Reads a record.
struct FindRequest {
  kj::String id;
};

// Notes that another process may wait: whoever settles the record has to say so.
struct AwaitRequest {
  kj::String id;
};

// Settles a record whose deadline has passed; leaves any other as it is.
struct ExpireRequest {
  kj::String id;
};

// Leases a record that is due.
struct TakeRequest {
  kj::String id;
  LeaseRequest lease;
};

// Makes a parked record due, because one of its parts has settled; leaves any other as it is.
struct WakeRequest {
  kj::String id;
};

// What a store does to one record in one step. A ParkRequest depends on other records as well: if
// one of its parts has settled, or is gone, a WakeRequest follows it in the same transaction.
using Request = kj::OneOf<Creation, SettleRequest, FindRequest, AwaitRequest, ExpireRequest,
    TakeRequest, RenewRequest, ReleaseRequest, ParkRequest, WakeRequest>;

kj::StringPtr idOf(const Request& request);

// Whether the promise has come to this.
bool hasOutcome(const Record& record, PromiseState state, kj::ArrayPtr<const kj::byte> value,
    const kj::Maybe<PromiseError>& error);

struct Verdict {
  // What is to be written: nothing, a record that was not there, or a record that was.
  enum class Write { NONE, INSERT, UPDATE };
  Write write = Write::NONE;

  // Why the request is refused. What is to be written is to be written all the same: a request that
  // comes too late leaves a record that has timed out.
  kj::Maybe<kj::Exception> refusal;
};

// Carries out `request` on `record`, which is null if there is none. Pure: it depends on nothing
// else, and changes nothing else. Unless there is a refusal, `record` is also the reply; whatever
// happens it is what a reader at `now` sees.
Verdict transition(kj::Maybe<Record>& record, const Request& request, kj::Date now);
Verdict transition(kj::Maybe<Record>& record, const Creation& creation, kj::Date now);

// Whether `creation`, which has a settlement, settles the promise, and as fulfilled. If not, the
// record stands without it, or the creation is refused.
bool wouldFulfill(const kj::Maybe<Record>& record, const Creation& creation, kj::Date now);

// Throws FAILED unless `record` is there, pending, and leased as `fence` says.
void requireLease(const kj::Maybe<Record>& record, const LeaseFence& fence, kj::Date now);

// The record as it is at `now`: timed out if its deadline has passed. Returns whether that changed
// it.
enum class Projected { SAME, TIMEDOUT };
Projected project(Record& record, kj::Date now);

// Makes `creation` a child of `parent`: of its tree, and done no later.
void adopt(Creation& creation, const Record& parent);

// Who is to be woken when `record`, which has just settled, was waited for.
kj::Maybe<kj::StringPtr> findParked(const Record& record);

// Whether a worker may claim `record` at `now`.
bool isDue(const Record& record, kj::Date now);

}  // namespace troth
