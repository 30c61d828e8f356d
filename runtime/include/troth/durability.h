#pragma once
// A vat's Durability records calls, so that they are finished after a crash: the interface between
// the runtime, which carries calls, and the durable library, which records them.
//
//     troth::Vat vat({.store = troth::newSqliteStore("bank.db")});
//     vat.serve("bank", kj::heap<BankServer>()).run("*:7700");
//
//     // Its client.
//     auto receipt = co_await bank.transfer(alice, bob, 70).durable("transfer-42");
//
// What holds for a durable call. The same id gives the same outcome, from any process, now or after
// any crash; an id that stands for another method, object or other parameters is refused, with an
// error that shows both. Nothing leaves the vat before the records that it depends on are
// committed. The code of a method may run more than once, the recorded outcome is one: what must
// not happen twice belongs into a step or a transaction, see durable-call.h. A caller who is gone,
// or drops the promise, only detaches.
//
// A method that breaks with OVERLOADED or DISCONNECTED is run again later; with anything else its
// call is rejected.

#include <capnp/capability.h>
#include <capnp/schema.h>
#include <kj/async.h>
#include <kj/refcount.h>
#include <kj/time.h>

#include "object-host.h"
#include "output-gate.h"
#include "pending-call.h"
#include "sturdy-secrets.h"

namespace troth {

// One open transaction in the database of a store: see sql.h, of the durable library.
class Sql;

// How a vat works on durable calls.
struct DurableOptions {
  // How long the right to work on a call lasts. It is renewed in time; when a vat dies, another one
  // that serves the same object goes on after this at the latest.
  kj::Duration lease = 10 * kj::SECONDS;

  // How often a call is started, since it was parked last. After that it is rejected.
  uint32_t triesMax = 10;

  // The delay before start n + 1 is a random part of retryDelayFirst * 2^(n - 1), and of
  // retryDelayMax at most.
  kj::Duration retryDelayFirst = 100 * kj::MILLISECONDS;
  kj::Duration retryDelayMax = 60 * kj::SECONDS;

  // Calls that were left pending, by this vat before it died or by others, and run at once.
  uint32_t recoveringMax = 256;

  // Durable calls that run, and that wait for others. One more is refused with OVERLOADED. Those
  // that are parked do not count.
  uint32_t runningMax = 16384;

  // When a call has waited for so long for nothing but its own sleeps, promises and calls, it is
  // parked: its code is dropped, and run again, with what is recorded of its parts, once one of
  // those settles. A shorter time saves memory, a longer one saves runs.
  kj::Duration parkAfter = 1 * kj::MINUTES;

  // Of the code of all methods: what `call.version()` gives for calls that are first recorded from
  // now on.
  uint32_t version = 0;
};

namespace _ {

// A message that is passed on: parameters, results, values of steps.
using Message = Draft;

// Its content, with the objects in it.
inline capnp::AnyPointer::Builder contentOf(Message& message) {
  return message.capabilities.imbue(message.message.getRoot<capnp::AnyPointer>());
}

// What a method can do while it runs for a durable call. Every call of it that gets an id of its
// own gets the next one, so a method must make them in the same order each time it runs.
class DurableContext: public kj::Refcounted {
public:
  using Value = kj::Own<Message>;
  using Work = kj::Function<kj::Promise<Value>()>;
  using Transaction = kj::Function<kj::Promise<Value>(Sql&)>;

  virtual ~DurableContext() noexcept(false) {}

  virtual kj::StringPtr getId() const = 0;

  // Which start of the code this is since it was parked last: 1 for the first.
  virtual uint32_t getTry() const = 0;

  // DurableOptions::version of the vat that recorded the call first.
  virtual uint32_t getVersion() const = 0;

  // See durable-call.h.
  virtual kj::Promise<Value> step(kj::StringPtr name, Work work) = 0;
  virtual kj::Promise<Value> transaction(kj::StringPtr name, Transaction work) = 0;
  virtual kj::Promise<void> sleep(kj::Duration duration) = 0;
  virtual kj::Promise<Value> promise(kj::StringPtr name) = 0;

  // The id of a durable call that the method makes. The method's own call does not settle before
  // `call` has.
  virtual kj::String adopt(kj::Own<PendingCall> call) = 0;

  // That of the method which is being started; null for one that does not run for a durable call.
  static kj::Maybe<DurableContext&> current();
};

// What the caller says of a durable call.
struct DurableRequest {
  // Empty if the vat is to choose one.
  kj::StringPtr id;

  // The durable call on whose behalf it was made; empty for none.
  kj::StringPtr parent;
  kj::Maybe<kj::Duration> timeLeft = nullptr;

  // Why the call is to be canceled, if it has no outcome; empty if it is to be carried out.
  kj::StringPtr cancelReason = nullptr;
};

// A durable call that has arrived.
struct Arrival {
  DurableRequest request;

  // The object that is called, and where it lives.
  kj::Own<capnp::ClientHook> object;
  kj::StringPtr name;
  kj::StringPtr key;

  // Of all that can be called on it.
  capnp::InterfaceSchema schema;
  uint64_t interfaceId;
  uint16_t methodId;

  enum class Start { AHEAD_OF_RECORD, AFTER_RECORD } start;
};

// One caller of a durable call. Dropping it detaches the caller.
class DurableCaller {
public:
  virtual ~DurableCaller() noexcept(false) {}

  // The parameters are complete. Resolves, or breaks, when the outcome is known inside the vat,
  // which can be before it is recorded.
  virtual kj::Promise<kj::Own<Message>> call(kj::Own<Message> params) = 0;

  // What call() gave is used before it is recorded: whatever the vat says from now on waits for
  // that. False if it may not be used, because another outcome may stand.
  virtual bool expose() = 0;

  // Resolves to the outcome that stands, or breaks with it, once it is recorded. To be called once
  // call() has settled. Breaks with DISCONNECTED if what was exposed does not stand; then what the
  // vat has said since is discarded at the end of the turn, and what the caller is told as well.
  virtual kj::Promise<kj::Own<Message>> whenRecorded() = 0;
};

}  // namespace _

// Works for one vat, and is gone before it.
class Durability {
public:
  virtual ~Durability() noexcept(false) {}

  virtual kj::Own<_::DurableCaller> arrive(_::Arrival arrival) = 0;

  // Cancels a durable call, whoever works on it, with the calls that it has made. Resolves when
  // that is recorded.
  virtual kj::Promise<void> cancel(kj::StringPtr id, kj::StringPtr reason) = 0;

  // The outcome of a durable call, whichever vat it is made in, as long as that uses the same
  // store.
  virtual kj::Promise<kj::Own<_::Message>> attach(kj::StringPtr id) = 0;

  // Takes up no more calls that were left pending, and gives those back that have not settled
  // within `limit`.
  virtual kj::Promise<void> drain(kj::Duration limit) = 0;
};

// Where a vat's durable calls are recorded: a troth::Store is one.
class DurableStore {
public:
  virtual ~DurableStore() noexcept(false) {}

  // `host` must outlive the result, and this.
  virtual kj::Own<Durability> newDurability(ObjectHost& host, const DurableOptions& options) = 0;

  // What the sturdy refs of all vats with this store have in common. It is not used any more when
  // this is gone.
  virtual kj::Own<SturdySecrets> newSturdySecrets() = 0;
};

namespace _ {

// How the reason of an OVERLOADED or DISCONNECTED starts that is the recorded outcome of a durable
// call: to ask again would get the same. Marks `exception` so, or removes the mark and tells
// whether it was there.
void addRecordedMark(kj::Exception& exception);
enum class Mark { NONE, REMOVED };
Mark removeRecordedMark(kj::Exception& exception);

// Runs a method of `server` for a durable call. The results are written to `results`, which must
// live until the promise settles or is dropped.
kj::Promise<void> runMethod(capnp::ClientHook& server, uint64_t interfaceId, uint16_t methodId,
    kj::Own<Message> params, Message& results, DurableContext& context,
    kj::Maybe<kj::TimePoint> deadline);

}  // namespace _
}  // namespace troth
