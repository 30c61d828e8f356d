#include <kj/debug.h>
#include <troth/deadline.h>
#include <troth/loop.h>
#include <troth/recorder.h>
#include <troth/server.h>

#include "call-deadline.h"
#include "uv-timer.h"

namespace troth {
namespace {

kj::Exception overloaded(kj::String text) {
  return kj::Exception(kj::Exception::Type::OVERLOADED, __FILE__, __LINE__, kj::mv(text));
}

kj::Exception deadlineOfCallerPassed() {
  return overloaded(kj::str("the deadline of the caller passed"));
}

}  // namespace

Deadline::Deadline(kj::Duration limitParam): limit(limitParam) {
  end = UvTimer::readClock() + kj::max(kj::min(limitParam, _::DEADLINE_MAX), 0 * kj::NANOSECONDS);
}

namespace _ {

kj::Exception deadlinePassed(kj::Duration limit) {
  return overloaded(kj::str("the deadline of ", limit, " passed"));
}

// =======================================================================================
// Inherited

static thread_local const Inherited* currentInherited = nullptr;

const Inherited& Inherited::current() {
  static const Inherited nothing;
  return currentInherited == nullptr ? nothing : *currentInherited;
}

Inherited::Inherited(kj::TimePoint end): state(kj::refcounted<State>(end)) {}

void Inherited::share(const Inherited& other) {
  state = kj::addRef(const_cast<State&>(*KJ_ASSERT_NONNULL(other.state)));
}

void Inherited::close() {
  KJ_IF_MAYBE(s, state) (*s)->open = false;
}

Inherited::Scope::Scope(const Inherited& inherited): outer(currentInherited) {
  currentInherited = &inherited;
}

Inherited::Scope::~Scope() noexcept(false) { currentInherited = outer; }

// =======================================================================================
// Calls that are served

uint64_t timeLeftUntil(kj::TimePoint end) {
  return kj::max((end - UvTimer::readClock()) / kj::NANOSECONDS, 1);
}

Inherited readDeadline(wire::CallOptions::Reader options) {
  auto timeLeft = options.getTimeLeft();
  if (timeLeft == 0 || Loop::find() == nullptr) return {};
  constexpr uint64_t MAX = DEADLINE_MAX / kj::NANOSECONDS;
  return Inherited(UvTimer::readClock() + kj::min(timeLeft, MAX) * kj::NANOSECONDS);
}

kj::Promise<void> bounded(kj::Promise<void> work, const Inherited& deadline) {
  KJ_IF_MAYBE(end, deadline.getEnd()) {
    auto late = Loop::current().timer().atTime(*end).then(
        []() -> kj::Promise<void> { return deadlineOfCallerPassed(); });
    return work.exclusiveJoin(kj::mv(late));
  }
  return work;
}

kj::Promise<void> boundedWait(kj::Promise<void> work) {
  if (Loop::find() == nullptr) return work;
  // The timer is set at the end of the turn: most waits are over by then.
  auto late = kj::evalLast([limit = CallQueue::current().argumentWaitMax]() {
    return Loop::current().timer().afterDelay(limit).then([limit]() {
      kj::throwFatalException(overloaded(
          kj::str("what a call needs was not there after ", limit, " (limit: argumentWait)")));
    });
  });
  return work.exclusiveJoin(kj::mv(late));
}

// =======================================================================================
// Calls that are made

CallDeadline::CallDeadline(PendingCall& call, const Deadline& deadline)
    : end(KJ_ASSERT_NONNULL(deadline.getEnd())),
      limit(deadline.getLimit()),
      timer(Loop::current()
                .timer()
                .atTime(end)
                .then([&call]() { call.expire(); })
                .eagerlyEvaluate([](kj::Exception&& exception) {
                  KJ_LOG(ERROR, "cannot end a call at its deadline", exception);
                })) {}

bool CallDeadline::hasPassed() const { return end <= UvTimer::readClock(); }

kj::Exception CallDeadline::makeError() const {
  KJ_IF_MAYBE(l, limit) return deadlinePassed(*l);
  return deadlineOfCallerPassed();
}

void PendingCall::bound(const Deadline& by) {
  KJ_REQUIRE(!isRecorded(),
      "a call in the body of map has no deadline of its own: use within() on what map gives");
  if (by.getEnd() == nullptr || isSettled()) return;
  KJ_IF_MAYBE(known, deadline) {
    if ((*known)->getEnd() <= KJ_ASSERT_NONNULL(by.getEnd())) return;
  }
  deadline = kj::heap<CallDeadline>(*this, by);
}

void PendingCall::boundAs(kj::TimePoint end) {
  if (Recorder::current() == nullptr) bound(Deadline::at(end));
}

void PendingCall::requireTimeLeft() {
  KJ_IF_MAYBE(d, deadline) {
    if (!(*d)->hasPassed()) return;
    retried = false;
    kj::throwFatalException((*d)->makeError());
  }
}

kj::Maybe<uint64_t> PendingCall::timeLeft() const {
  return deadline.map([](const kj::Own<CallDeadline>& d) { return timeLeftUntil(d->getEnd()); });
}

// Whether the target is of this vat and can be told the deadline.
bool PendingCall::canInvokeHere() {
  bool wanted = durable != nullptr;
  KJ_IF_MAYBE(d, deadline) wanted = wanted || !(*d)->refusedHere;
  return wanted && Peers::isLocal(peer) && findServer(innermostTarget()) != nullptr;
}

// The timer is what runs now: it must not be destroyed from within.
void PendingCall::expire() {
  auto timer = kj::mv(KJ_ASSERT_NONNULL(deadline));
  deadline = nullptr;
  auto self = kj::addRef(*this);
  if (state != State::BUILDING && !isSettled()) {
    breakOff(timer->makeError());
    CallQueue::current().breakDependents();
  }
  kj::evalLater([self = kj::mv(self), timer = kj::mv(timer)]() {}).detach([](kj::Exception&&) {});
}

// Breaks the call whatever it waits for, for good, and tells its peer.
void PendingCall::breakOff(kj::Exception&& reason) {
  retried = false;
  KJ_IF_MAYBE(p, plan) (*p)->evaluation = nullptr;
  carrier = nullptr;
  form = Form::PLAIN;
  state = State::SENT;
  reject(kj::mv(reason));
  tellSent();
}

// Breaks the call if what it was sent to, or with, has broken. Its peer may never say so.
void PendingCall::breakIfDependent() {
  if (state != State::SENT && state != State::BACKING_OFF) return;
  KJ_IF_MAYBE(promised, PromisedRef::from(*target)) {
    KJ_IF_MAYBE(failure, promised->getFailure()) return breakOff(kj::cp(*failure));
  }
  for (auto& hole: holes) {
    if (hole->filled) continue;
    KJ_IF_MAYBE(failure, hole->source.call->getFailure()) return breakOff(kj::cp(*failure));
  }
}

// Once for all that expire at one time. Every call is later in the queue than those it depends on.
void CallQueue::breakDependents() {
  if (breakScheduled) return;
  breakScheduled = true;
  auto guard = kj::defer([this]() { breakScheduled = false; });
  kj::evalLater([this, guard = kj::mv(guard)]() mutable {
    auto done = kj::mv(guard);
    kj::Vector<kj::Own<PendingCall>> calls;
    for (auto& call: open) calls.add(kj::addRef(call));
    for (auto& call: calls) call->breakIfDependent();
  }).detach([](kj::Exception&& e) { KJ_LOG(ERROR, "cannot break calls", e); });
}

}  // namespace _
}  // namespace troth
