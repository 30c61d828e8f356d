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
#include <kj/function.h>
#include <kj/list.h>

#include "carrier.h"
#include "deadline.h"
#include "inherited.h"
#include "peers.h"

namespace troth {

using kj::uint;

struct RetryPolicy;

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

  // The position that stands for all fields, where parameters are promised as a whole.
  static constexpr uint16_t ALL = 0xffff;

  // The position in the schema's list of fields; it never changes as the schema grows.
  uint16_t index;
  const char* name;

  // The slot in the struct's pointer section; NO_POINTER for scalars and groups.
  uint16_t pointer = NO_POINTER;
};

namespace _ {

class CallDeadline;
class PendingCall;
class Hole;
class Body;
class Plan;
class Recorder;

// What a call that may be sent again knows of its attempts.
class Attempts;
struct DisposeAttempts {
  static void dispose(Attempts* attempts);
};

// One who wants to know the outcome of a call.
class Waiter {
public:
  // Called once. Must not throw, nor run a program's code: fulfil a promise instead.
  virtual void settled(PendingCall& call) = 0;

  // The call will be sent once more: objects in its results are others now.
  virtual void resent() {}

  kj::ListLink<Waiter> link;

protected:
  ~Waiter() = default;
};

// How a promise gets from the results of a call to what it stands for: a list of fields and of
// positions in lists, innermost first.
class Path final: public kj::Refcounted {
public:
  using Into = capnp::AnyStruct::Reader (*)(capnp::AnyStruct::Reader parent, const char* name);
  using IntoList = capnp::AnyList::Reader (*)(capnp::AnyStruct::Reader parent, const char* name);

  using IntoElement = capnp::AnyList::Reader (*)(capnp::AnyList::Reader parent, uint index);

  // Throws if the field of `parent`, a member of a union, is not the one that is set.
  using Check = void (*)(capnp::AnyStruct::Reader parent, const char* name);

  // ELEMENT: `field.index` is the position in the list that the path has reached.
  enum class Step { FIELD, ELEMENT };

  Path(kj::Maybe<kj::Own<Path>> parent, Field field, Into into, IntoList intoList, Check check)
      : parent(kj::mv(parent)), field(field), into(into), intoList(intoList), check(check) {}
  Path(kj::Maybe<kj::Own<Path>> parent, uint16_t element, IntoElement intoElement)
      : step(Step::ELEMENT),
        parent(kj::mv(parent)),
        field{element, "element"},
        intoElement(intoElement) {}

  // Another owner of `path`, and what it owns.
  static kj::Maybe<kj::Own<Path>> share(const kj::Maybe<kj::Own<Path>>& path);
  static kj::Maybe<const Path&> refer(const kj::Maybe<kj::Own<Path>>& path);

  // The pipelining operations that lead to the field at the end of `path`.
  static kj::Array<capnp::PipelineOp> operations(kj::Maybe<const Path&> path);

  // The struct, the list, or the object at the end of `path`, which starts at `results`.
  static capnp::AnyStruct::Reader follow(
      capnp::AnyPointer::Reader results, kj::Maybe<const Path&> path);
  static capnp::AnyList::Reader followToList(
      capnp::AnyPointer::Reader results, kj::Maybe<const Path&> path);
  static kj::Own<capnp::ClientHook> followToObject(
      capnp::AnyPointer::Reader results, const Path& path);

  // Whether pipelining operations lead along all of `path`. They do not go through lists, and not
  // through the members of unions either, which share their place with one another.
  static bool canPipeline(kj::Maybe<const Path&> path);

  Step step = Step::FIELD;
  kj::Maybe<kj::Own<Path>> parent;
  Field field;

  // Go from the struct that has the field to the struct, or the list, in it; null where the field
  // is neither.
  Into into = nullptr;
  IntoList intoList = nullptr;

  // Goes from a list of lists to the list that is an element; null where the element is not a list.
  IntoElement intoElement = nullptr;

  // Null unless the field is a member of a union.
  Check check = nullptr;

private:
  // The list that the path leads to, once it was read: each time counts against the message's
  // traversal limit.
  mutable kj::Maybe<kj::Own<capnp::AnyList::Reader>> list;

  kj::Maybe<const Path&> getParent() const;
  capnp::AnyList::Reader readList(capnp::AnyPointer::Reader results) const;
};

// Where a promise gets its value: a call, and the way from its results. `path` is null for the
// results themselves.
struct Source {
  kj::Own<PendingCall> call;
  kj::Maybe<kj::Own<Path>> path;

  Source clone() const;

  // The source of a field of what this is the source of.
  Source getField(Field field, Path::Into into, Path::IntoList intoList = nullptr,
      Path::Check check = nullptr) const;

  // The source of an element of the list that this is the source of.
  Source getElement(uint16_t index, Path::IntoElement intoElement) const;

  // The struct at the end of the path, and the one that has the field at the end of the path. The
  // call must be settled.
  capnp::AnyStruct::Reader read() const;
  capnp::AnyStruct::Reader readParent() const;

  // The list at the end of the path, and the one that has the element at the end of the path.
  capnp::AnyList::Reader readList() const;
  capnp::AnyList::Reader readParentList() const;
  const char* getFieldName() const;

  // The object at the end of the path, before or after the call has settled.
  kj::Own<capnp::ClientHook> getObject() const;

  // Something that keeps the results alive.
  kj::Own<capnp::ResponseHook> hold() const;
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

// Sums up what is known of the arguments of a call: their size, unless that of one is unknown, and
// whether one is a promise.
class SizeHint {
public:
  template <typename... Args>
  static SizeHint of(capnp::MessageSize fixed, const Args&... args) {
    SizeHint hint(fixed);
    (args.addTo(hint), ...);
    return hint;
  }

  void add(uint64_t words, uint caps);
  void setUnknown() { total = nullptr; }
  void setPromised() { promised = true; }

  kj::Maybe<capnp::MessageSize> getTotal() const { return total; }
  bool isPromised() const { return promised; }

private:
  explicit SizeHint(capnp::MessageSize fixed): total(fixed) {}

  kj::Maybe<capnp::MessageSize> total;
  bool promised = false;
};

class PendingCall final: public kj::Refcounted, public capnp::ResponseHook, private OutcomeSink {
public:
  using Kind = Carrier::Kind;

  // Whether anything in the results can be pipelined on. It is much cheaper if nothing can.
  enum class Results { DATA, OBJECTS };

  // Starts a call of `method` on `target`. Fill in `params()`, then `pend()`.
  PendingCall(
      const Method& method, kj::Own<capnp::ClientHook> target, SizeHint sizeHint, Results results);
  ~PendingCall() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(PendingCall);

  capnp::AnyPointer::Builder params();

  // Notes that parameter `name` is `ref`, so that the error of a call with a broken argument says
  // so.
  void noteArgument(const char* name, kj::Own<capnp::ClientHook> ref);

  // Parameter `param` is what `source` will be. `fill` writes it into the parameters, for a peer
  // that cannot do so itself.
  using Fill = kj::Function<void(capnp::AnyPointer::Builder params, const Source& source)>;
  void addHole(Field param, Source source, Fill fill);

  // Where a body is recorded, and `ref` is an object that it made: makes parameter `param` a hole
  // for it.
  bool recordArgument(Field param, capnp::ClientHook& ref);

  // Asks for a form in which other calls can name the outcome while it is still unknown.
  void setNameable() { nameable = true; }

  // Has the call sent again as `policy` says. The call must not have been sent.
  void retry(RetryPolicy policy);

  // Has the call recorded under `id` by the vat that runs it, and sent again until its outcome is
  // known. The call must not have been sent.
  void makeDurable(kj::String id, kj::String parent);

  // Has a durable call canceled by the vat that runs it, unless it has an outcome there. Settles
  // with the one that stands, once that is known.
  void cancelDurable(kj::String reason);

  // Before a flush: asks the calls that this one takes arguments from for their nameable form.
  void nameSources();

  // Breaks the call if it has not settled by then. Of several deadlines the nearest counts.
  void bound(const Deadline& by);

  // The same for what the call inherits, if anything.
  void inherit(const Inherited& from) {
    KJ_IF_MAYBE(end, from.getEnd()) {
      boundAs(*end);
    }
  }

  // Ends the call at its deadline. Only the timer calls this.
  void expire();

  // Breaks the call if what it depends on has broken. Only the queue calls this.
  void breakIfDependent();

  // Puts the call in the queue of this thread.
  void pend(Kind kind);

  // Hands the call to its carrier. Only the queue calls this.
  void send();

  // Breaks the call from outside, where its event loop ends.
  void abandon(const kj::Exception& reason);

  bool isSent() const { return state == State::SENT || isSettled(); }

  // Whether it belongs to the body of a map, and so is never sent itself.
  bool isRecorded() const { return state == State::RECORDED; }

  // Whether it was handed to a carrier, and has not been taken back.
  bool isCarried() const { return carrier != nullptr; }
  bool isSettled() const { return state == State::FULFILLED || state == State::REJECTED; }

  // Whether an attempt at it may break without breaking the call: what is known of its results may
  // change until it has settled.
  bool isRetried() const { return retried; }
  kj::Maybe<const kj::Exception&> getFailure() const;

  // The results. Throws what broke the call, if it broke. The call must be settled.
  capnp::AnyPointer::Reader getResults() const;

  // The object at `path` in the results. The call must have been sent.
  kj::Own<capnp::ClientHook> getObject(kj::Maybe<const Path&> path);

  // Resolves when the call has been sent, which one that waits for an argument is later than
  // others.
  kj::Promise<void> whenSent();

  // The same, once it is certain that it need not be sent once more. Breaks if the call does.
  kj::Promise<void> whenSentForGood();

  // Resolves when the call has settled; breaks if it broke.
  kj::Promise<void> whenSettled();

  // A source of one of its holes has settled.
  void sourceSettled();

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

  // Its place among the calls of this thread, in the order in which they were made.
  uint64_t sequence = 0;

private:
  // WAITING: for arguments, which the peer cannot fill in by itself.
  // BACKING_OFF: for the next attempt, at it or at a call that it needs.
  // RECORDED: in the body of a map.
  enum class State { BUILDING, RECORDED, PENDING, WAITING, BACKING_OFF, SENT, FULFILLED, REJECTED };

  // PLAIN: as stock Cap'n Proto makes a call. INVOKE: through Object.invoke.
  enum class Form { PLAIN, INVOKE };
  struct Argument {
    const char* name;
    kj::Own<capnp::ClientHook> ref;
  };

  const Method& method;
  Kind kind = Kind::PLAIN;
  Form form = Form::PLAIN;
  // Asked for a name before it was sent, and sent with one.
  bool nameable = false;
  bool named = false;

  // Whether it is about to be sent once more.
  bool again = false;

  // Whether it may have to be: it went out through invoke, or on an object of a call that is in
  // doubt, or is retried.
  bool inDoubt = false;

  // Whether that can be because of what another peer does.
  bool inDoubtElsewhere = false;

  // Whether it, or an unsettled call that it needs, has a RetryPolicy.
  bool retried = false;
  State state = State::BUILDING;
  capnp::Capability::Client::CallHints hints;

  // How many unsettled calls this one is pipelined on.
  uint depth = 0;
  kj::Own<capnp::ClientHook> target;
  kj::Maybe<capnp::Request<capnp::AnyPointer, capnp::AnyPointer>> request;
  kj::Maybe<kj::Own<Draft>> draft;
  kj::Vector<Argument> arguments;
  kj::Vector<kj::Own<Hole>> holes;

  // What a call of map does.
  kj::Maybe<kj::Own<Plan>> plan;
  kj::Maybe<kj::Own<CallDeadline>> deadline;
  kj::Vector<kj::Own<kj::PromiseFulfiller<void>>> whenSentFulfillers;

  // Who the call was sent to, or its request was made for, for what is known of that peer.
  const void* peer = nullptr;
  kj::Maybe<Carrier> carrier;
  kj::Maybe<capnp::Response<capnp::AnyPointer>> response;
  // Apart, because an exception is larger than all the rest.
  kj::Maybe<kj::Own<kj::Exception>> failure;
  kj::List<Waiter, &Waiter::link> waiters;

  // Null unless the call is durable.
  struct Durable {
    kj::String id;
    kj::String parent;

    // Empty unless it is to be canceled.
    kj::String cancelReason;

    // Waits for an object that is not known yet.
    kj::Promise<void> resolving = nullptr;
  };
  kj::Maybe<kj::Own<Durable>> durable;

  // Null unless the call has a RetryPolicy, or has broken before a retried call that it needs.
  kj::Own<Attempts, DisposeAttempts> attempts;

  // A call is mostly awaited through its results, and through one field of them.
  static constexpr uint AWAIT_ROOMS = 2;
  bool awaitRoomTaken[AWAIT_ROOMS] = {};
  alignas(void*) kj::byte awaitRooms[AWAIT_ROOMS][AWAIT_BYTES];

  void fulfill(capnp::Response<capnp::AnyPointer>&& response) override;
  void fulfillStream() override;
  void reject(kj::Exception&& exception) override;

  void settle(State outcome);
  void boundAs(kj::TimePoint end);
  void requireTimeLeft();
  kj::Maybe<uint64_t> timeLeft() const;
  bool canInvokeHere();
  bool requireDurable();
  void breakOff(kj::Exception&& reason);
  void tellSent();
  void sendNow();
  void fillSettled();
  bool canInvoke();
  void startInvoke();
  void waitForSources();
  void keepDraft();
  bool isRefusedInvoke(const kj::Exception& exception);
  bool isTargetBroken();
  bool isTargetInDoubt();
  template <typename Test>
  kj::Maybe<PendingCall&> findNeeded(Test&& test);
  template <typename Starts, typename Joins>
  void markAgain(Starts&& starts, Joins&& joins);
  bool mayBeRefusedElsewhere(PendingCall& call);
  bool mayBeRefusedElsewhere(capnp::ClientHook& object);
  bool needsOtherPeer();
  void shieldObjects();
  void resendRefused();
  void setAside();
  void queueAgain();
  bool joinsRetry();
  bool capturesRetried();
  bool hasPolicy();
  bool isSourceBroken();
  bool isLost(capnp::ClientHook& ref);
  bool isArgumentLost();
  bool putOff(kj::Exception& failure);
  void holdFailure(PendingCall& needed, kj::Exception&& failure);
  void backOff(kj::Exception::Type reason);
  void sendAgain();
  void endAttempts();
  capnp::ClientHook& innermostTarget();
  kj::Maybe<kj::Own<capnp::ClientHook>> getAnswer();
  bool canName(kj::Maybe<const Path&> path) const;
  kj::Array<uint16_t> pathInAnswer(kj::Maybe<const Path&> path) const;
  kj::Own<capnp::ClientHook> getObjectThatIsRead(const Path& path);
  capnp::ClientHook& resolveTarget();
  void renewRequest();
  void leaveQueue();
  void requireOutsideBodies();
  void sendMap(Plan& plan);
  void evaluateMap(Plan& plan);
  capnp::Request<capnp::AnyPointer, capnp::AnyPointer> takeRequest();
  kj::Exception explain(kj::Exception&& exception);

  friend class Body;
  friend class Plan;
  friend class Recorder;
};

// What `object` stands for, as far as that is known: calls on it go there.
capnp::ClientHook& innermostOf(capnp::ClientHook& object);

// Drops calls one after the other: where each depends on the next, they must not recurse.
void dropCall(kj::Own<PendingCall> call);

// A parameter that is not known yet.
class Hole final: public Waiter {
public:
  Hole(PendingCall& owner, Field param, Source source, PendingCall::Fill fill)
      : owner(owner), param(param), source(kj::mv(source)), fill(kj::mv(fill)) {}
  ~Hole() noexcept(false) {
    source.call->removeWaiter(*this);
    dropCall(kj::mv(source.call));
  }
  KJ_DISALLOW_COPY_AND_MOVE(Hole);

  PendingCall& owner;
  Field param;
  Source source;
  PendingCall::Fill fill;
  bool filled = false;

  void settled(PendingCall&) override { owner.sourceSettled(); }
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

  // Learns that a message was handed to the network for `link`, which writes it at the end of the
  // turn: calls made in the same turn are to be part of that write.
  void messageSent(const void* link);

  // Settles what is open with `reason`: the event loop it waits for is about to end.
  void abandon(const kj::Exception& reason);

  // Breaks, soon, the calls that depend on one that was broken on this side.
  void breakDependents();

  // Puts back a call that has to be sent once more, or that has got its last argument. It goes out
  // before those that were made after it.
  void addAgain(PendingCall& call);

  // How many calls this thread has made.
  uint64_t getCallsAdded() const { return callsAdded; }

  kj::List<PendingCall, &PendingCall::openLink> open;
  Peers peers;
  uint pipelineDepthMax = PIPELINE_DEPTH_MAX;
  kj::Duration argumentWaitMax = 1 * kj::HOURS;

private:
  class FlushGuard;

  kj::List<PendingCall, &PendingCall::queueLink> pending;
  uint64_t callsAdded = 0;

  // Whether `pending` has calls that were put back.
  bool outOfOrder = false;
  bool flushScheduled = false;
  bool flushing = false;
  bool breakScheduled = false;

  // Since the last flush: whether the network has had other messages, and whether the flush was put
  // off anew because of them.
  bool writeComing = false;
  bool flushMoved = false;

  void scheduleFlush();
  void restoreOrder();
};

// An object in the results of a call that has not settled: a ref that does not exist yet.
//
// Until the call is sent nothing can be sent to it either; from then on it stands for the
// transport's own promised object, and once the call has settled it no longer holds on to the call.
class PromisedRef final: public capnp::ClientHook, public kj::Refcounted, private Waiter {
public:
  static const uint BRAND;

  // `path` is null for the element of a list that is mapped.
  PromisedRef(kj::Own<PendingCall> call, kj::Maybe<kj::Own<Path>> path);
  ~PromisedRef() noexcept(false);

  // `hook` as a PromisedRef, if it is one.
  static kj::Maybe<PromisedRef&> from(capnp::ClientHook& hook);

  // Where the object comes from, for error messages: the call, and the field of its results.
  const Method& getSource() const { return source; }
  const char* getFieldName() const;
  kj::Maybe<const kj::Exception&> getFailure() const;

  // What the ref stands for. Sends its call, and all that were made before it, if they still wait.
  capnp::ClientHook& resolve();

  // The same without sending anything: if its call has not been sent, something that waits for
  // that.
  capnp::ClientHook& resolveNow();

  // The call this object waits for; null once it has settled.
  kj::Maybe<PendingCall&> getCall();

  // Where the object comes from, in the body of a map.
  kj::Maybe<Source> getRecordedSource();

  capnp::Request<capnp::AnyPointer, capnp::AnyPointer> newCall(uint64_t interfaceId,
      uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint, CallHints hints) override;
  VoidPromiseAndPipeline call(uint64_t interfaceId, uint16_t methodId,
      kj::Own<capnp::CallContextHook>&& context, CallHints hints) override;

  // Null while a retry may replace the object: only calls of this thread are sent again with it.
  kj::Maybe<capnp::ClientHook&> getResolved() override;
  kj::Maybe<kj::Promise<kj::Own<capnp::ClientHook>>> whenMoreResolved() override;
  kj::Own<capnp::ClientHook> addRef() override { return kj::addRef(*this); }
  const void* getBrand() override { return &BRAND; }
  kj::Maybe<int> getFd() override { return nullptr; }

private:
  const Method& source;
  kj::Maybe<kj::Own<PendingCall>> call_;
  kj::Maybe<kj::Own<Path>> path;
  kj::Maybe<kj::Own<capnp::ClientHook>> resolved;
  bool resolvedForGood = false;
  kj::Maybe<kj::Own<kj::Exception>> failure;

  kj::Maybe<capnp::ClientHook&> getCurrent();
  bool mayBeReplaced();
  capnp::ClientHook& resolveForGood();

  void settled(PendingCall& call) override;
  void resent() override {
    if (!resolvedForGood) resolved = nullptr;
  }
};

}  // namespace _
}  // namespace troth
