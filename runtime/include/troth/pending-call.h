#pragma once
// A PendingCall is a call that a stub has made: one vertex of the call graph.
//
// A stub method does not send anything. It builds the parameters, puts a PendingCall in the queue
// of this thread's event loop, and returns a promise for it. The queue is flushed at the end of the
// loop's turn, so that a chain of calls leaves in one write, in the order in which the calls were
// made.
//
// Programs use Ref, Promise and Arg; this header is what those three are made of.

#include <capnp/any.h>
#include <capnp/capability.h>
#include <capnp/generated-header-support.h>
#include <capnp/message.h>
#include <kj/list.h>

#include "carrier.h"

namespace troth {

using kj::uint;

// A method, as its stub knows it.
struct Method {
  uint64_t interfaceId;
  uint16_t id;
  const char* interfaceName;
  const char* name;
};

// A field of a struct, as its accessor knows it.
struct Field {
  static constexpr uint16_t NO_POINTER = 0xffff;

  // The position in the schema's list of fields; it never changes as the schema grows.
  uint16_t index;
  const char* name;

  // The slot in the struct's pointer section; NO_POINTER for scalars and groups.
  uint16_t pointer = NO_POINTER;
};

namespace _ {

class PendingCall;

// One who wants to know the outcome of a call.
class Waiter {
public:
  // Called once. Must not throw, nor run a program's code: fulfil a promise instead.
  virtual void settled(PendingCall& call) = 0;

  kj::ListLink<Waiter> link;

protected:
  ~Waiter() = default;
};

// How a promise gets from the results of a call to what it stands for: a list of fields, innermost
// first.
class Path final: public kj::Refcounted {
public:
  using Into = capnp::AnyStruct::Reader (*)(capnp::AnyStruct::Reader parent, const char* name);

  Path(kj::Maybe<kj::Own<Path>> parent, Field field, Into into)
      : parent(kj::mv(parent)), field(field), into(into) {}

  // The pipelining operations that lead to the field at the end of `path`.
  static kj::Array<capnp::PipelineOp> operations(kj::Maybe<const Path&> path);

  // The struct at the end of `path`, which starts at `results`.
  static capnp::AnyStruct::Reader follow(
      capnp::AnyStruct::Reader results, kj::Maybe<const Path&> path);

  kj::Maybe<kj::Own<Path>> parent;
  Field field;

  // Goes from the struct that has the field to the struct in it; null where the field is not a
  // struct.
  Into into;
};

// Parameters built before the target of their call is known to the transport.
struct Draft {
  // A small call fits in the first segment, which lives in the draft itself.
  static constexpr uint FIRST_SEGMENT_WORDS = 32;

  Draft(): message(kj::arrayPtr(firstSegment, FIRST_SEGMENT_WORDS)) {}

  capnp::word firstSegment[FIRST_SEGMENT_WORDS] = {};
  capnp::MallocMessageBuilder message;
  capnp::BuilderCapabilityTable capabilities;
};

class PendingCall final: public kj::Refcounted, public capnp::ResponseHook, private OutcomeSink {
public:
  using Kind = Carrier::Kind;

  // Whether anything in the results can be pipelined on. It is much cheaper if nothing can.
  enum class Results { DATA, OBJECTS };

  // Starts a call of `method` on `target`. Fill in `params()`, then `pend()`.
  PendingCall(const Method& method, kj::Own<capnp::ClientHook> target,
      kj::Maybe<capnp::MessageSize> sizeHint, Results results);
  ~PendingCall() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(PendingCall);

  capnp::AnyPointer::Builder params();

  // Notes that parameter `name` is `ref`, so that the error of a call with a broken argument says
  // so.
  void noteArgument(const char* name, kj::Own<capnp::ClientHook> ref);

  // Puts the call in the queue of this thread.
  void pend(Kind kind);

  // Hands the call to its carrier. Only the queue calls this.
  void send();

  // Breaks the call from outside, where its event loop ends.
  void abandon(const kj::Exception& reason);

  bool isSent() const { return state != State::BUILDING && state != State::PENDING; }
  bool isSettled() const { return state == State::FULFILLED || state == State::REJECTED; }
  kj::Maybe<const kj::Exception&> getFailure() const;

  // The results. Throws what broke the call, if it broke. The call must be settled.
  capnp::AnyPointer::Reader getResults() const;

  // The object at `operations` in the results. The call must have been sent.
  kj::Own<capnp::ClientHook> getPipelined(kj::ArrayPtr<const capnp::PipelineOp> operations);

  // Tells `waiter` the outcome, at once if it is there already.
  void addWaiter(Waiter& waiter);
  void removeWaiter(Waiter& waiter);

  // Room for a few objects of AWAIT_BYTES that live and die with this call, so that awaiting it
  // needs no memory of its own. Null if all of it is taken.
  static constexpr size_t AWAIT_BYTES = 88;
  void* takeAwaitRoom();
  // Gives the room at `place` back, if it is this call's.
  bool returnAwaitRoom(void* place);

  const Method& getMethod() const { return method; }

  kj::ListLink<PendingCall> queueLink;
  kj::ListLink<PendingCall> openLink;

private:
  enum class State { BUILDING, PENDING, SENT, FULFILLED, REJECTED };
  struct Argument {
    const char* name;
    kj::Own<capnp::ClientHook> ref;
  };

  const Method& method;
  Kind kind = Kind::PLAIN;
  State state = State::BUILDING;
  capnp::Capability::Client::CallHints hints;

  // How many unsettled calls this one is pipelined on.
  uint depth = 0;
  kj::Own<capnp::ClientHook> target;
  kj::Maybe<capnp::Request<capnp::AnyPointer, capnp::AnyPointer>> request;
  kj::Maybe<kj::Own<Draft>> draft;
  kj::Vector<Argument> arguments;
  kj::Maybe<Carrier> carrier;
  kj::Maybe<capnp::Response<capnp::AnyPointer>> response;
  // Apart, because an exception is larger than all the rest.
  kj::Maybe<kj::Own<kj::Exception>> failure;
  kj::List<Waiter, &Waiter::link> waiters;

  // A call is mostly awaited through its results, and through one field of them.
  static constexpr uint AWAIT_ROOMS = 2;
  bool awaitRoomTaken[AWAIT_ROOMS] = {};
  alignas(void*) kj::byte awaitRooms[AWAIT_ROOMS][AWAIT_BYTES];

  void fulfill(capnp::Response<capnp::AnyPointer>&& response) override;
  void fulfillStream() override;
  void reject(kj::Exception&& exception) override;

  void settle(State outcome);
  void leaveQueue();
  capnp::Request<capnp::AnyPointer, capnp::AnyPointer> takeRequest();
  kj::Exception explain(kj::Exception&& exception);
};

// The pending calls of one thread, in the order in which they were made.
class CallQueue {
public:
  // More calls than this in one turn are flushed before the turn ends.
  static constexpr uint PENDING_CALLS_MAX = 16384;

  // A chain of more unsettled calls than this is refused, unless the vat's limits say otherwise.
  static constexpr uint PIPELINE_DEPTH_MAX = 4096;

  static CallQueue& current();

  void add(PendingCall& call);
  void remove(PendingCall& call);

  // Sends what is pending.
  void flush();

  // Learns that a message was handed to the network, which writes it at the end of the turn: calls
  // made in the same turn are to be part of that write.
  void messageSent();

  // Settles what is open with `reason`: the event loop it waits for is about to end.
  void abandon(const kj::Exception& reason);

  kj::List<PendingCall, &PendingCall::openLink> open;
  uint pipelineDepthMax = PIPELINE_DEPTH_MAX;

private:
  class FlushGuard;

  kj::List<PendingCall, &PendingCall::queueLink> pending;
  bool flushScheduled = false;
  bool flushing = false;

  // Since the last flush: whether the network has had other messages, and whether the flush was put
  // off anew because of them.
  bool writeComing = false;
  bool flushMoved = false;

  void scheduleFlush();
};

// An object in the results of a call that has not settled: a ref that does not exist yet.
//
// Until the call is sent nothing can be sent to it either; from then on it stands for the
// transport's own promised object, and once the call has settled it no longer holds on to the call.
class PromisedRef final: public capnp::ClientHook, public kj::Refcounted, private Waiter {
public:
  static const uint BRAND;

  PromisedRef(kj::Own<PendingCall> call, kj::Array<capnp::PipelineOp> operations, Field field);
  ~PromisedRef() noexcept(false);

  // `hook` as a PromisedRef, if it is one.
  static kj::Maybe<PromisedRef&> from(capnp::ClientHook& hook);

  // Where the object comes from, for error messages: the call, and the field of its results.
  const Method& getSource() const { return source; }
  const char* getFieldName() const { return field.name; }
  kj::Maybe<const kj::Exception&> getFailure() const;

  // The call this object waits for; null once it has settled.
  kj::Maybe<PendingCall&> getCall();

  capnp::Request<capnp::AnyPointer, capnp::AnyPointer> newCall(uint64_t interfaceId,
      uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint, CallHints hints) override;
  VoidPromiseAndPipeline call(uint64_t interfaceId, uint16_t methodId,
      kj::Own<capnp::CallContextHook>&& context, CallHints hints) override;
  kj::Maybe<capnp::ClientHook&> getResolved() override;
  kj::Maybe<kj::Promise<kj::Own<capnp::ClientHook>>> whenMoreResolved() override;
  kj::Own<capnp::ClientHook> addRef() override { return kj::addRef(*this); }
  const void* getBrand() override { return &BRAND; }
  kj::Maybe<int> getFd() override { return nullptr; }

private:
  const Method& source;
  Field field;
  kj::Maybe<kj::Own<PendingCall>> call_;
  kj::Array<capnp::PipelineOp> operations;
  kj::Maybe<kj::Own<capnp::ClientHook>> resolved;
  kj::Maybe<kj::Own<kj::Exception>> failure;

  void settled(PendingCall& call) override;
  capnp::ClientHook& resolve();
};

}  // namespace _
}  // namespace troth
