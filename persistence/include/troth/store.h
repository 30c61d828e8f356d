#pragma once
// A Store keeps the promises that must outlive the process that made them.
//
// A durable promise is one record: an id chosen by its maker, a state, an outcome. It starts
// pending and settles once, for good. That is why every method below may be repeated: after a lost
// connection or a crash, make the same call again and get the same answer.
//
//     auto store = troth::openStore("sqlite:bank.db");
//     co_await store->create({.id = kj::str("approval-7")});
//     auto record = co_await store->whenSettled("approval-7");    // whoever settles it, wherever
//
// A deadline that has passed wins over everything, whether or not anybody noticed: no method shows
// a record as pending at or after its deadline.
//
// Errors. DISCONNECTED: the write may or may not have happened, so repeat the call. OVERLOADED:
// nothing was written; repeat it later. FAILED: a rule was broken (no such promise, id taken, lease
// lost) or a limit passed: tell a person. Nothing is acknowledged that would not survive a power
// cut; the memory store survives nothing.
//
// A store belongs to the thread of the Loop that it was made on, and lives no longer than that. One
// that is made before there is a Loop, as an option of a Vat, is opened when it is used first,
// which that vat does: then it is the vat that throws if it cannot be.
//
// Dropping a promise that a method has returned does not undo its request, but for transact().

#include <kj/async.h>
#include <kj/timer.h>

#include <troth/durability.h>

#include "record.h"
#include "sql.h"

namespace troth {

// What a request does where its like was carried out already, with other content.
enum class Repetition {
  // It gets the record that stands.
  CONVERGE,
  // It fails, and the error shows both.
  STRICT,
};

struct LeaseRequest {
  // Names the vat, and differs from one start of it to the next.
  kj::String owner;
  kj::Duration duration = 30 * kj::SECONDS;
};

struct CreateRequest {
  // 1 to ID_BYTES_MAX bytes of UTF-8 without control characters.
  kj::String id;
  CallRequest call{};

  // The promise that this one is a part of, which must exist. Its deadline bounds this one's.
  kj::Maybe<kj::String> parent = nullptr;

  // A promise made after its own deadline is born timedout.
  kj::Maybe<kj::Date> deadline = nullptr;
  kj::Array<kj::String> tags = nullptr;

  // Takes the lease with the record, or that of a record that is there and due. Needs a target.
  kj::Maybe<LeaseRequest> lease = nullptr;

  // Settles the promise with the same write, unless it has settled, or is somebody's work or not
  // due. Not together with a lease.
  kj::Maybe<Settlement> settlement = nullptr;

  // For a promise that has settled. While it is pending, a request for something else fails always.
  Repetition repetition = Repetition::CONVERGE;
};

struct SettleRequest {
  kj::String id = nullptr;

  // FULFILLED with `value`, or REJECTED or CANCELED with `error`.
  PromiseState state = PromiseState::FULFILLED;
  kj::Array<const kj::byte> value = nullptr;
  kj::Maybe<PromiseError> error = nullptr;

  // The epoch of the lease under which the outcome was reached: if it is no longer the record's,
  // the request fails. Null for whoever settles from outside.
  kj::Maybe<uint64_t> epoch = nullptr;
  Repetition repetition = Repetition::CONVERGE;
};

// The durable call on whose behalf something is done: a record that is pending, and leased to
// `owner` at `epoch`.
struct LeaseFence {
  kj::String id;
  uint64_t epoch = 0;
  kj::String owner;
};

struct TransactRequest {
  // Without a lease and a settlement. A request for something else under its id fails always,
  // whatever `repetition` says.
  CreateRequest record{};

  // Unless this lease is held until the end, nothing is done.
  kj::Maybe<LeaseFence> fence = nullptr;
};

struct ClaimRequest {
  LeaseRequest lease{};

  // What this vat serves. Each is matched whole.
  kj::Array<kj::String> targets = nullptr;
  uint32_t recordsMax = 64;

  // How many direct children of each promise come with it: at most CLAIM_CHILDREN_MAX.
  uint32_t childrenMax = 0;
};

struct RenewRequest {
  kj::String id;
  uint64_t epoch = 0;
  LeaseRequest lease{};
};

struct ReleaseRequest {
  kj::String id;
  uint64_t epoch = 0;
  kj::String owner;

  // How long nobody is to claim it.
  kj::Duration delay = 0 * kj::SECONDS;
};

struct ParkRequest {
  kj::String id;
  uint64_t epoch = 0;
  kj::String owner;

  // What the work waits for: children of the promise, at most PARK_PARTS_MAX.
  kj::Array<kj::String> parts = nullptr;

  // How long nobody is to claim it, unless one of the parts settles.
  kj::Duration delay = 0 * kj::SECONDS;
};

struct SearchRequest {
  // All states if empty.
  kj::Array<PromiseState> states = nullptr;

  // At most one of these three. `root` finds the root as well, and `parent` its direct children.
  kj::Maybe<kj::String> parent = nullptr;
  kj::Maybe<kj::String> root = nullptr;
  kj::Maybe<kj::String> tag = nullptr;

  // Created at `since` or later, and before `before`.
  kj::Maybe<kj::Date> since = nullptr;
  kj::Maybe<kj::Date> before = nullptr;

  // At most PAGE_RECORDS_MAX.
  uint32_t recordsMax = 100;

  // Page::next of the page before.
  kj::Maybe<kj::String> after = nullptr;
};

// Records in the order of their creation, those of one microsecond by id.
struct Page {
  kj::Array<Record> records;

  // Where the next page starts; null if this is the last.
  kj::Maybe<kj::String> next;
};

// A promise that was claimed.
struct Claimed {
  Record record;

  // Its first direct children, settled or not, as a search for `parent` gives them. None if none
  // were asked for.
  Page children;
};

struct PruneRequest {
  // Trees whose root settled before this, and in which nothing is pending.
  kj::Date settledBefore = kj::UNIX_EPOCH;

  // How many trees one call deletes at most. Fewer deleted means that there are no more.
  uint32_t treesMax = 1000;
};

struct Pruned {
  uint64_t trees = 0;
  uint64_t records = 0;
};

// What a store has done since it was made.
struct StoreTraffic {
  uint64_t requests = 0;
  uint64_t transactions = 0;

  // Sent to the database; a store without one has none.
  uint64_t statements = 0;

  // Made to the database, the first ones included.
  uint64_t connections = 0;
};

// As the store of a vat it records the vat's durable calls.
class Store: public DurableStore {
public:
  static constexpr size_t ID_BYTES_MAX = 512;
  static constexpr size_t TARGET_BYTES_MAX = 1024;
  static constexpr size_t OWNER_BYTES_MAX = 256;
  static constexpr size_t TAG_BYTES_MAX = 256;
  static constexpr size_t TAGS_MAX = 16;
  static constexpr size_t ERROR_BYTES_MAX = 64 << 10;
  static constexpr size_t MESSAGE_BYTES_MAX = 64 << 20;
  static constexpr uint32_t PAGE_RECORDS_MAX = 1000;
  static constexpr uint32_t CLAIM_RECORDS_MAX = 1000;
  static constexpr uint32_t CLAIM_TARGETS_MAX = 1000;
  static constexpr uint32_t CLAIM_CHILDREN_MAX = 64;
  static constexpr uint32_t PARK_PARTS_MAX = 64;
  static constexpr uint32_t PRUNE_TREES_MAX = 10000;

  // Records a pending promise, or returns the record that is already there. Resolves once the
  // record would survive a power cut.
  [[nodiscard]] virtual kj::Promise<Record> create(CreateRequest request) = 0;

  // Settles a promise. The first settlement stands: a later one changes nothing and gets the
  // winner's record.
  [[nodiscard]] virtual kj::Promise<Record> settle(SettleRequest request) = 0;

  // The record as it is now, or null if there is none.
  [[nodiscard]] virtual kj::Promise<kj::Maybe<Record>> find(kj::StringPtr id) = 0;

  // Resolves when the promise settles, here or in any other process, or is deleted, which breaks
  // it. Drop the promise to stop waiting.
  [[nodiscard]] virtual kj::Promise<Record> whenSettled(kj::StringPtr id) = 0;

  [[nodiscard]] virtual kj::Promise<Page> search(SearchRequest request) = 0;

  // Leases pending promises that are due, the longest waiting first. May give none. A claim whose
  // answer was lost is due again when its lease has expired. The children that come with them were
  // read after they were leased.
  [[nodiscard]] virtual kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) = 0;

  // Resolves when a promise for one of `targets` may be due. It may be claimed by others first.
  [[nodiscard]] virtual kj::Promise<void> whenDue(kj::ArrayPtr<const kj::StringPtr> targets) = 0;

  // Extends a lease from now on. Fails if it is lost. A record that has settled is given as it is.
  [[nodiscard]] virtual kj::Promise<Record> renew(RenewRequest request) = 0;

  // Gives a lease up before it expires. The epoch stays.
  [[nodiscard]] virtual kj::Promise<Record> release(ReleaseRequest request) = 0;

  // Gives a lease up until `delay` is over or one of the parts settles, whoever settles it: then it
  // is due. If one has settled already, it is due at once. What comes of this start of its code was
  // no failure, so that it is no try: see triesOf().
  [[nodiscard]] virtual kj::Promise<Record> park(ParkRequest request) = 0;

  // Runs `use` in a transaction of the database, and fulfills the promise `record.id` with what it
  // gives in the same transaction: either all of it survives a power cut, or nothing was done. A
  // promise that has settled already is given as it is, and `use` does not run.
  //
  // Breaks, and leaves nothing behind, with what `use` breaks with; with FAILED if the fence's
  // lease is lost, if the promise is pending and others work on it, or if `use` takes longer than
  // StoreOptions::sqlTime; with OVERLOADED if other transactions are in its way again and again. A
  // promise whose deadline has passed before it was fulfilled is given as timedout, with nothing
  // done but that.
  //
  // In PostgreSQL `use` may run several times, of which one counts: when another transaction, or
  // the loss of a connection, has undone what it did. So what it does outside of the transaction is
  // to be harmless. It must not wait for other requests of this store: in SQLite, which has one
  // writer at a time, these wait for it. It lives until the promise resolves or is dropped.
  //
  // Dropping the promise rolls back, unless the commit is under way.
  [[nodiscard]] virtual kj::Promise<Record> transact(TransactRequest request, SqlUse use) = 0;

  // Runs statements without parameters, with `;` between them, in one transaction: to make the
  // tables of a program (CREATE TABLE IF NOT EXISTS …) when it starts.
  [[nodiscard]] virtual kj::Promise<void> execute(kj::StringPtr script) = 0;

  // Deletes old trees. What was deleted can be created anew.
  [[nodiscard]] virtual kj::Promise<Pruned> prune(PruneRequest request) = 0;

  // The store's clock: for several processes on one PostgreSQL, the database's.
  virtual kj::Date now() = 0;

  virtual StoreTraffic getTraffic() const = 0;

  kj::Own<Durability> newDurability(ObjectHost& host, const DurableOptions& options) override;

  // Kept in pending promises whose ids start with "troth:".
  kj::Own<SturdySecrets> newSturdySecrets() override;
};

struct StoreOptions {
  // Time; by default the system's, or the database's where there is one. A store in a file reads it
  // in another thread as well.
  kj::Maybe<const kj::Clock&> clock = nullptr;

  // What wakes the store; by default the Loop's timer.
  kj::Maybe<kj::Timer&> timer = nullptr;

  // Requests that are not answered. One more is refused with OVERLOADED.
  uint32_t requestsMax = 65536;

  // How often a store looks by itself for what nobody told it: settlements by other processes,
  // deadlines that other processes have set, work that is due. One look serves all who wait.
  kj::Duration pollInterval = 1 * kj::SECONDS;

  // How long a request waits for a database that cannot be reached, or for a lock on its file,
  // before it fails.
  kj::Duration patience = 30 * kj::SECONDS;

  // Connections to PostgreSQL that carry requests. One more listens.
  uint32_t connections = 2;

  // Connections to PostgreSQL that carry transactions of the program, one at a time each. Others
  // wait.
  uint32_t sqlConnections = 8;

  // How long a transaction of the program may be open. In SQLite, requests wait for that long.
  kj::Duration sqlTime = 30 * kj::SECONDS;
};

// Survives nothing, and has no SQL: for tests.
kj::Own<Store> newMemoryStore(StoreOptions options = {});

// Keeps promises in one file, made if it is not there. Several processes of one machine may open
// it; they see each other's settlements within `pollInterval`, at most 100 ms. Throws at once if
// the file cannot be used. persistence/src/sqlite-schema.cc tells what is in it.
kj::Own<Store> newSqliteStore(kj::StringPtr path, StoreOptions options = {});

// `uri` is what libpq takes: postgresql://…, key=value pairs, or nothing for the PG* environment.
// Connects in the background, and again whenever the connection is lost.
kj::Own<Store> newPostgresStore(kj::StringPtr uri, StoreOptions options = {});

// By location: sqlite:PATH, postgresql://… or postgres://…, memory:
kj::Own<Store> openStore(kj::StringPtr location, StoreOptions options = {});

}  // namespace troth
