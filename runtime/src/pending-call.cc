#include <troth/pending-call.h>
#include <troth/recorder.h>

#include <algorithm>

#include "call-deadline.h"
#include "connected-ref.h"
#include "invoke-form.h"

namespace troth::_ {

// =======================================================================================
// Path

kj::Maybe<kj::Own<Path>> Path::share(const kj::Maybe<kj::Own<Path>>& path) {
  return path.map([](const kj::Own<Path>& p) { return kj::addRef(const_cast<Path&>(*p)); });
}

kj::Maybe<const Path&> Path::refer(const kj::Maybe<kj::Own<Path>>& path) {
  return path.map([](const kj::Own<Path>& p) -> const Path& { return *p; });
}

kj::Array<capnp::PipelineOp> Path::operations(kj::Maybe<const Path&> path) {
  kj::Vector<capnp::PipelineOp> innermostFirst;
  for (auto at = path; at != nullptr;) {
    auto& step = KJ_ASSERT_NONNULL(at);
    if (step.field.pointer != Field::NO_POINTER) {
      capnp::PipelineOp op;
      op.type = capnp::PipelineOp::GET_POINTER_FIELD;
      op.pointerIndex = step.field.pointer;
      innermostFirst.add(op);
    }
    at = step.parent.map([](const kj::Own<Path>& parent) -> const Path& { return *parent; });
  }
  std::reverse(innermostFirst.begin(), innermostFirst.end());
  return innermostFirst.releaseAsArray();
}

kj::Maybe<const Path&> Path::getParent() const { return refer(parent); }

bool Path::canPipeline(kj::Maybe<const Path&> path) {
  KJ_IF_MAYBE(p, path) {
    return p->step == Step::FIELD && p->check == nullptr && canPipeline(p->getParent());
  }
  return true;
}

namespace {

template <typename List>
auto elementOf(capnp::AnyList::Reader list, uint index) {
  KJ_REQUIRE(index < list.size(), "the list has no such element", index, list.size());
  return list.as<List>()[index];
}

}  // namespace

capnp::AnyStruct::Reader Path::follow(
    capnp::AnyPointer::Reader results, kj::Maybe<const Path&> path) {
  KJ_IF_MAYBE(p, path) {
    if (p->step == Step::ELEMENT) {
      auto list = followToList(results, p->getParent());
      return elementOf<capnp::List<capnp::AnyStruct>>(list, p->field.index);
    }
    KJ_REQUIRE(p->into != nullptr, "a scalar has no fields", p->field.name);
    return p->into(follow(results, p->getParent()), p->field.name);
  }
  return results.getAs<capnp::AnyStruct>();
}

capnp::AnyList::Reader Path::readList(capnp::AnyPointer::Reader results) const {
  if (step == Step::ELEMENT) {
    auto parent = followToList(results, getParent());
    KJ_REQUIRE(intoElement != nullptr, "this element is not a list", field.index);
    KJ_REQUIRE(field.index < parent.size(), "the list has no such element", parent.size());
    return intoElement(parent, field.index);
  }
  KJ_REQUIRE(intoList != nullptr, "this is not a list", field.name);
  return intoList(follow(results, getParent()), field.name);
}

capnp::AnyList::Reader Path::followToList(
    capnp::AnyPointer::Reader results, kj::Maybe<const Path&> path) {
  KJ_IF_MAYBE(p, path) {
    KJ_IF_MAYBE(list, p->list) {
      return **list;
    }
    return *p->list.emplace(kj::heap(p->readList(results)));
  }
  return results.getAs<capnp::AnyList>();
}

kj::Own<capnp::ClientHook> Path::followToObject(
    capnp::AnyPointer::Reader results, const Path& path) {
  auto get = [](capnp::AnyPointer::Reader pointer) {
    return capnp::ClientHook::from(pointer.getAs<capnp::Capability>());
  };
  if (path.step == Step::ELEMENT) {
    auto list = followToList(results, path.getParent());
    return get(elementOf<capnp::List<capnp::AnyPointer>>(list, path.field.index));
  }
  auto parent = follow(results, path.getParent());
  if (path.check != nullptr) path.check(parent, path.field.name);
  auto pointers = parent.getPointerSection();
  if (path.field.pointer >= pointers.size()) return capnp::newBrokenCap("this object is null");
  return get(pointers[path.field.pointer]);
}

// =======================================================================================
// PendingCall

PendingCall::PendingCall(const Method& method, kj::Own<capnp::ClientHook> targetParam,
    SizeHint sizeHint, Results results)
    : method(method),
      hints{.noPromisePipelining = results == Results::DATA},
      target(kj::mv(targetParam)) {
  capnp::ClientHook* known = target.get();
  KJ_IF_MAYBE(promised, PromisedRef::from(*target)) {
    known = nullptr;
    KJ_IF_MAYBE(resolved, promised->getResolved()) {
      known = resolved;
    }
    KJ_IF_MAYBE(source, promised->getCall()) {
      depth = source->depth + 1;
    }
  }
  if (known == nullptr || sizeHint.isPromised() || Recorder::current() != nullptr) {
    draft = kj::heap<Draft>();
  } else {
    request = known->newCall(method.interfaceId, method.id, sizeHint.getTotal(), hints);
    if (ConnectedRef::find(*known) != nullptr) peer = innermostOf(*known).getBrand();
  }
}

PendingCall::~PendingCall() noexcept(false) { leaveQueue(); }

capnp::AnyPointer::Builder PendingCall::params() {
  KJ_IF_MAYBE(r, request) {
    return *r;
  }
  auto& d = *KJ_ASSERT_NONNULL(draft, "the parameters of a call cannot be changed once it is sent");
  return d.capabilities.imbue(d.message.getRoot<capnp::AnyPointer>());
}

void PendingCall::noteArgument(const char* name, kj::Own<capnp::ClientHook> ref) {
  if (PromisedRef::from(*ref) != nullptr) arguments.add(Argument{name, kj::mv(ref)});
}

void PendingCall::pend(Kind k) {
  auto& queue = CallQueue::current();
  kind = k;
  KJ_IF_MAYBE(recorder, Recorder::current()) {
    recorder->add(*this);
    state = State::RECORDED;
    return;
  }
  requireOutsideBodies();
  inherit(Inherited::current());
  state = State::PENDING;
  queue.add(*this);
}

void PendingCall::send() {
  KJ_ASSERT(state == State::PENDING);
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { sendNow(); })) {
    state = State::SENT;
    reject(kj::mv(*exception));
  }
  if (isSent()) tellSent();
}

void PendingCall::tellSent() {
  for (auto& fulfiller: whenSentFulfillers) fulfiller->fulfill();
  whenSentFulfillers.clear();
}

void PendingCall::sendNow() {
  auto& queue = CallQueue::current();
  if (depth > queue.pipelineDepthMax) {
    kj::throwFatalException(KJ_EXCEPTION(OVERLOADED,
        "too many calls are pipelined on each other (limit: pipelineDepth); await one of them "
        "first",
        queue.pipelineDepthMax));
  }
  requireTimeLeft();
  if (request != nullptr && peer != nullptr) renewRequest();
  fillSettled();
  if ((retried || depth > 0 || !holes.empty()) && joinsRetry()) return;
  bool filled = true;
  for (auto& hole: holes) filled = filled && hole->filled;
  auto possible = canInvoke();
  KJ_IF_MAYBE(p, plan) {
    auto remote = possible && !holes[0]->filled && !capturesRetried() && p->get()->canTravel(peer);
    if (!remote && !filled) return waitForSources();
    state = State::SENT;
    return remote ? sendMap(**p) : evaluateMap(**p);
  }
  if (!filled && !possible) return waitForSources();
  if (durable != nullptr && !possible && !requireDurable()) return;
  shieldObjects();
  inDoubtElsewhere = needsOtherPeer();
  state = State::SENT;
  auto trying = queue.peers.get(peer) == Peers::Support::TRYING;
  if (possible && (!filled || nameable || trying || deadline != nullptr || durable != nullptr)) {
    inDoubt = true;
    startInvoke();
  } else {
    form = Form::PLAIN;
    inDoubt = retried || isTargetInDoubt();
    carrier.emplace(takeRequest(), kind, static_cast<OutcomeSink&>(*this));
  }
}

kj::Promise<void> PendingCall::whenSent() {
  if (isRecorded()) return recordedOnly();
  auto pair = kj::newPromiseAndFulfiller<void>();
  whenSentFulfillers.add(kj::mv(pair.fulfiller));
  return kj::mv(pair.promise);
}

capnp::ClientHook& PendingCall::resolveTarget() {
  KJ_IF_MAYBE(promised, PromisedRef::from(*target)) {
    return promised->resolveNow();
  }
  return *target;
}

// A request is bound to a connection. Where the target may have another since, moves the parameters
// out of it.
void PendingCall::renewRequest() {
  KJ_IF_MAYBE(connected, ConnectedRef::find(resolveTarget())) {
    connected->requireRoom();
    if (peer != innermostOf(*connected).getBrand()) keepDraft();
  }
}

capnp::Request<capnp::AnyPointer, capnp::AnyPointer> PendingCall::takeRequest() {
  if (inDoubt) keepDraft();
  KJ_IF_MAYBE(r, request) {
    auto result = kj::mv(*r);
    request = nullptr;
    return result;
  }
  auto params = this->params().asReader();
  auto result = resolveTarget().newCall(method.interfaceId, method.id, params.targetSize(), hints);
  result.set(params);
  if (!inDoubt) draft = nullptr;
  return result;
}

void PendingCall::abandon(const kj::Exception& reason) {
  leaveQueue();
  carrier = nullptr;
  request = nullptr;
  attempts = nullptr;
  if (state != State::BUILDING && !isSettled()) {
    failure = kj::heap(kj::cp(reason));
    settle(State::REJECTED);
  }
}

kj::Maybe<const kj::Exception&> PendingCall::getFailure() const {
  KJ_IF_MAYBE(f, failure) {
    return **f;
  }
  return nullptr;
}

capnp::AnyPointer::Reader PendingCall::getResults() const {
  KJ_IF_MAYBE(f, failure) {
    kj::throwFatalException(kj::cp(**f));
  }
  capnp::AnyPointer::Reader r = KJ_ASSERT_NONNULL(response, "this call has no results");
  return form == Form::INVOKE ? resultsOfInvoke(r) : r;
}

kj::Own<capnp::ClientHook> PendingCall::getObject(kj::Maybe<const Path&> path) {
  KJ_IF_MAYBE(f, failure) {
    return capnp::newBrokenCap(kj::cp(**f));
  }
  if (!Path::canPipeline(path)) return getObjectThatIsRead(KJ_ASSERT_NONNULL(path));
  auto operations = Path::operations(path);
  auto& c = KJ_ASSERT_NONNULL(carrier);
  return form == Form::INVOKE ? c.getPipelined(operationsInInvoke(operations))
                              : c.getPipelined(operations);
}

void PendingCall::addWaiter(Waiter& waiter) {
  if (isSettled()) {
    waiter.settled(*this);
  } else {
    waiters.add(waiter);
  }
}

void PendingCall::removeWaiter(Waiter& waiter) {
  if (waiter.link.isLinked()) waiters.remove(waiter);
}

void* PendingCall::takeAwaitRoom() {
  for (uint i = 0; i < AWAIT_ROOMS; ++i) {
    if (!awaitRoomTaken[i]) {
      awaitRoomTaken[i] = true;
      return awaitRooms[i];
    }
  }
  return nullptr;
}

bool PendingCall::returnAwaitRoom(void* place) {
  for (uint i = 0; i < AWAIT_ROOMS; ++i) {
    if (place == awaitRooms[i]) {
      awaitRoomTaken[i] = false;
      return true;
    }
  }
  return false;
}

void PendingCall::fulfill(capnp::Response<capnp::AnyPointer>&& r) {
  if (state != State::SENT) return;
  if (form == Form::INVOKE) CallQueue::current().peers.set(peer, Peers::Support::YES);
  KJ_IF_MAYBE(p, plan) {
    if (form == Form::INVOKE) {
      KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { r = p->get()->read(r); })) {
        return reject(kj::mv(*exception));
      }
    }
    form = Form::PLAIN;
  }
  response = kj::mv(r);
  settle(State::FULFILLED);
}

void PendingCall::fulfillStream() {
  if (state != State::SENT) return;
  settle(State::FULFILLED);
}

void PendingCall::reject(kj::Exception&& exception) {
  if (state != State::SENT) return;
  if (isRefusedInvoke(exception)) return resendRefused();
  removeInvokedMark(exception);
  if (retried && putOff(exception)) return;
  failure = kj::heap(explain(kj::mv(exception)));
  settle(State::REJECTED);
}

void PendingCall::settle(State outcome) {
  state = outcome;
  kj::Own<PendingCall> self;
  if (!waiters.empty()) self = kj::addRef(*this);
  while (!waiters.empty()) {
    auto& waiter = waiters.front();
    waiters.remove(waiter);
    waiter.settled(*this);
  }
  leaveQueue();
  target = nullptr;
  arguments.clear();
  holes.clear();
  deadline = nullptr;
  request = nullptr;
  draft = nullptr;
  if (attempts.get() != nullptr) endAttempts();
  // The carrier may be what runs now: it must not be destroyed from within.
  if (self.get() != nullptr && !self->isShared()) {
    kj::evalLater([self = kj::mv(self)]() {}).detach([](kj::Exception&&) {});
  }
}

void PendingCall::leaveQueue() {
  if (openLink.isLinked()) CallQueue::current().remove(*this);
}

// =======================================================================================
// CallQueue

// Runs the flush, and remembers if the event loop ended before it could.
class CallQueue::FlushGuard {
public:
  explicit FlushGuard(CallQueue& queue): queue(&queue) {}
  FlushGuard(FlushGuard&& other): queue(other.queue) { other.queue = nullptr; }
  KJ_DISALLOW_COPY(FlushGuard);
  ~FlushGuard() {
    if (queue != nullptr) queue->flushScheduled = false;
  }

  void flush() {
    auto& q = *queue;
    queue = nullptr;
    q.flushScheduled = false;
    q.flush();
  }

private:
  CallQueue* queue;
};

CallQueue& CallQueue::current() {
  static thread_local CallQueue queue;
  return queue;
}

void CallQueue::add(PendingCall& call) {
  call.sequence = ++callsAdded;
  open.add(call);
  pending.add(call);
  if (pending.size() >= PENDING_CALLS_MAX) {
    flush();
  } else if (!flushScheduled) {
    scheduleFlush();
  }
}

void CallQueue::addAgain(PendingCall& call) {
  pending.add(call);
  outOfOrder = true;
  if (!flushScheduled) scheduleFlush();
}

// KJ runs what is put off to the end of a turn in reverse: the flush must be put off after the
// network's write, which the network does one event after it was given a message.
void CallQueue::scheduleFlush() {
  flushScheduled = true;
  auto flush = [guard = FlushGuard(*this)]() mutable { guard.flush(); };
  auto flushed = writeComing
      ? kj::evalLater([flush = kj::mv(flush)]() mutable { return kj::evalLast(kj::mv(flush)); })
      : kj::evalLast(kj::mv(flush));
  flushed.detach([](kj::Exception&& exception) { KJ_LOG(ERROR, "cannot flush calls", exception); });
}

void CallQueue::messageSent(const void* link) {
  peers.messageSent(link);
  if (flushing) return;
  writeComing = true;
  if (flushScheduled && !flushMoved) {
    flushMoved = true;
    scheduleFlush();
  }
}

void CallQueue::remove(PendingCall& call) {
  if (call.queueLink.isLinked()) pending.remove(call);
  open.remove(call);
}

void CallQueue::flush() {
  // The transport may ask for an object of a call that waits, while another call is being sent.
  if (flushing) return;
  flushing = true;
  KJ_DEFER(flushing = writeComing = flushMoved = false);
  if (outOfOrder) restoreOrder();
  for (auto& call: pending) call.nameSources();
  while (!pending.empty()) {
    auto& call = pending.front();
    pending.remove(call);
    call.send();
  }
}

void CallQueue::restoreOrder() {
  outOfOrder = false;
  kj::Vector<PendingCall*> calls(pending.size());
  while (!pending.empty()) {
    auto& call = pending.front();
    pending.remove(call);
    calls.add(&call);
  }
  std::sort(calls.begin(), calls.end(),
      [](auto* left, auto* right) { return left->sequence < right->sequence; });
  for (auto call: calls) pending.add(*call);
}

void CallQueue::abandon(const kj::Exception& reason) {
  while (!open.empty()) open.front().abandon(reason);
}

}  // namespace troth::_
