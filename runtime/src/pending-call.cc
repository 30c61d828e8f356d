#include <troth/pending-call.h>

#include <algorithm>

namespace troth::_ {

// =======================================================================================
// Path

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

capnp::AnyStruct::Reader Path::follow(
    capnp::AnyStruct::Reader results, kj::Maybe<const Path&> path) {
  KJ_IF_MAYBE(step, path) {
    kj::Maybe<const Path&> parent;
    KJ_IF_MAYBE(p, step->parent) {
      parent = **p;
    }
    KJ_REQUIRE(step->into != nullptr, "a scalar has no fields", step->field.name);
    return step->into(follow(results, parent), step->field.name);
  }
  return results;
}

// =======================================================================================
// PendingCall

PendingCall::PendingCall(const Method& method, kj::Own<capnp::ClientHook> targetParam,
    kj::Maybe<capnp::MessageSize> sizeHint, Results results)
    : method(method),
      hints{.noPromisePipelining = results == Results::DATA},
      target(kj::mv(targetParam)) {
  KJ_IF_MAYBE(promised, PromisedRef::from(*target)) {
    KJ_IF_MAYBE(resolved, promised->getResolved()) {
      request = resolved->newCall(method.interfaceId, method.id, sizeHint, hints);
    } else {
      draft = kj::heap<Draft>();
    }
    KJ_IF_MAYBE(source, promised->getCall()) {
      depth = source->depth + 1;
    }
  } else {
    request = target->newCall(method.interfaceId, method.id, sizeHint, hints);
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
  state = State::PENDING;
  queue.add(*this);
}

void PendingCall::send() {
  KJ_ASSERT(state == State::PENDING);
  state = State::SENT;
  auto& queue = CallQueue::current();
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                if (depth > queue.pipelineDepthMax) {
                  kj::throwFatalException(KJ_EXCEPTION(OVERLOADED,
                      "too many calls are pipelined on each other (limit: pipelineDepth); await "
                      "one of them first",
                      queue.pipelineDepthMax));
                }
                carrier.emplace(takeRequest(), kind, static_cast<OutcomeSink&>(*this));
              })) {
    reject(kj::mv(*exception));
  }
}

capnp::Request<capnp::AnyPointer, capnp::AnyPointer> PendingCall::takeRequest() {
  KJ_IF_MAYBE(r, request) {
    auto result = kj::mv(*r);
    request = nullptr;
    return result;
  }
  auto& d = *KJ_ASSERT_NONNULL(draft);
  auto& hook = KJ_ASSERT_NONNULL(target->getResolved());
  auto params = d.capabilities.imbue(d.message.getRoot<capnp::AnyPointer>()).asReader();
  auto result = hook.newCall(method.interfaceId, method.id, params.targetSize(), hints);
  result.set(params);
  draft = nullptr;
  return result;
}

void PendingCall::abandon(const kj::Exception& reason) {
  leaveQueue();
  carrier = nullptr;
  request = nullptr;
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
  return KJ_ASSERT_NONNULL(response, "this call has no results");
}

kj::Own<capnp::ClientHook> PendingCall::getPipelined(
    kj::ArrayPtr<const capnp::PipelineOp> operations) {
  KJ_IF_MAYBE(f, failure) {
    return capnp::newBrokenCap(kj::cp(**f));
  }
  return KJ_ASSERT_NONNULL(carrier).getPipelined(operations);
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
  response = kj::mv(r);
  settle(State::FULFILLED);
}

void PendingCall::fulfillStream() { settle(State::FULFILLED); }

void PendingCall::reject(kj::Exception&& exception) {
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
  request = nullptr;
  draft = nullptr;
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
  pending.add(call);
  open.add(call);
  if (pending.size() >= PENDING_CALLS_MAX) {
    flush();
  } else if (!flushScheduled) {
    scheduleFlush();
  }
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

void CallQueue::messageSent() {
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
  flushing = true;
  KJ_DEFER(flushing = writeComing = flushMoved = false);
  while (!pending.empty()) {
    auto& call = pending.front();
    pending.remove(call);
    call.send();
  }
}

void CallQueue::abandon(const kj::Exception& reason) {
  while (!open.empty()) open.front().abandon(reason);
}

}  // namespace troth::_
