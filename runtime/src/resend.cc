// How a call is sent once more, and with it what cannot have run because it needed that call: calls
// on objects in its results, and calls with values from there. Parameters are kept until the call
// has settled.

#include <capnp/capability.h>
#include <troth/durability.h>
#include <troth/loop.h>
#include <troth/pending-call.h>
#include <troth/retry.h>

#include "call-deadline.h"
#include "connected-ref.h"
#include "invoke-form.h"

namespace troth::_ {

class Attempts {
public:
  // Null for a call without a policy of its own.
  kj::Maybe<Backoff> backoff;

  // Leads to the next attempt.
  kj::Promise<void> next = nullptr;

  // Waits for the outcome of a call that this one needs, to know whether that has broken this one.
  kj::Promise<void> held = nullptr;
};

void DisposeAttempts::dispose(Attempts* attempts) { delete attempts; }

namespace {

// What runs now may be a continuation of `thing`.
template <typename T>
void dropLater(T thing) {
  kj::evalLater([thing = kj::mv(thing)]() {}).detach([](kj::Exception&&) {});
}

}  // namespace

// An unsettled call that this one needs, and that `test` holds for.
template <typename Test>
kj::Maybe<PendingCall&> PendingCall::findNeeded(Test&& test) {
  for (auto& hole: holes) {
    if (!hole->filled && !hole->source.call->isSettled() && test(*hole->source.call)) {
      return *hole->source.call;
    }
  }
  KJ_IF_MAYBE(promised, PromisedRef::from(*target)) {
    KJ_IF_MAYBE(call, promised->getCall()) {
      if (test(*call)) return *call;
    }
  }
  return nullptr;
}

// Marks what has been sent and is to be sent again: what `starts` holds for, and what needs that,
// if `joins` holds for it.
template <typename Starts, typename Joins>
void PendingCall::markAgain(Starts&& starts, Joins&& joins) {
  for (auto& call: CallQueue::current().open) {
    bool needs = call.findNeeded([](PendingCall& needed) { return needed.again; }) != nullptr;
    if (call.state == State::PENDING && needs) call.keepDraft();
    if (call.state != State::SENT || (call.draft == nullptr && call.request == nullptr)) continue;
    call.again = starts(call) || (needs && joins(call));
  }
}

// Takes back what was sent.
void PendingCall::setAside() {
  again = false;
  keepDraft();
  state = State::BACKING_OFF;
  form = Form::PLAIN;
  for (auto& waiter: waiters) waiter.resent();
}

void PendingCall::queueAgain() {
  again = false;
  state = State::PENDING;
  CallQueue::current().addAgain(*this);
}

// =======================================================================================
// Objects without invoke
//
// A call of invoke that is refused has not run. It is sent once more as a plain call.

void PendingCall::resendRefused() {
  auto& queue = CallQueue::current();
  queue.peers.set(peer, Peers::Support::NO);
  auto& object = innermostTarget();
  auto isRefused = [this, &object](PendingCall& call) {
    return &call == this || (call.form == Form::INVOKE && &call.innermostTarget() == &object);
  };
  markAgain(isRefused, [](PendingCall&) { return true; });
  for (auto& call: queue.open) {
    if (!call.again) continue;
    KJ_IF_MAYBE(d, call.deadline) (*d)->refusedHere = true;
    call.setAside();
    call.queueAgain();
  }
}

// =======================================================================================
// Retries
//
// A call with a RetryPolicy that breaks is set aside until its next attempt. What needs it waits
// with it, and all of that goes out in one turn.

void PendingCall::retry(RetryPolicy policy) {
  KJ_REQUIRE(!isRecorded(), "a call in the body of a map cannot be retried");
  KJ_REQUIRE(plan == nullptr, "a map cannot be retried; retry the call that gives the list");
  KJ_REQUIRE(attempts.get() == nullptr, "retry() was asked for twice");
  KJ_REQUIRE(carrier == nullptr && !isSettled(),
      "retry() comes too late, the call has been sent; ask for it in the turn in which the call is "
      "made");
  attempts = kj::Own<Attempts, DisposeAttempts>(new Attempts);
  attempts->backoff.emplace(Loop::current().timer(), kj::mv(policy));
  retried = true;
}

bool PendingCall::hasPolicy() { return attempts.get() != nullptr && attempts->backoff != nullptr; }

// Before it is sent: whether it has to wait for the next attempt at a call that it needs.
bool PendingCall::joinsRetry() {
  retried = hasPolicy() || findNeeded([](PendingCall& call) { return call.retried; }) != nullptr;
  if (!retried) return false;
  auto isBackingOff = [](PendingCall& call) { return call.state == State::BACKING_OFF; };
  if (findNeeded(isBackingOff) == nullptr) return false;
  setAside();
  return true;
}

// Whether the body of this map needs a value of a retried call. Some of its steps may have run when
// an attempt breaks.
bool PendingCall::capturesRetried() {
  for (auto& hole: holes.slice(1, holes.size())) {
    if (!hole->filled && hole->source.call->retried) return true;
  }
  return false;
}

// Whether a value that it needs will never be there.
bool PendingCall::isSourceBroken() {
  for (auto& hole: holes) {
    if (hole->source.call->getFailure() != nullptr) return true;
  }
  return false;
}

// Whether no call can reach `ref` any more.
bool PendingCall::isLost(capnp::ClientHook& ref) {
  auto known = &ref;
  KJ_IF_MAYBE(promised, PromisedRef::from(ref)) {
    if (promised->getCall() != nullptr) return false;
    known = &promised->resolveNow();
  }
  KJ_IF_MAYBE(connected, ConnectedRef::find(*known)) {
    return connected->isLost();
  }
  auto& object = innermostOf(*known);
  if (object.isNull() || object.isError()) return true;
  if (Peers::isNobody(object.getBrand())) return false;
  // A request on a link that has ended belongs to no link.
  auto request = object.newCall(method.interfaceId, method.id, nullptr, hints);
  return capnp::RequestHook::from(kj::mv(request))->getBrand() == nullptr;
}

bool PendingCall::isArgumentLost() {
  KJ_IF_MAYBE(d, draft) {
    for (auto& entry: (*d)->capabilities.getTable()) {
      KJ_IF_MAYBE(object, entry) {
        if (!(*object)->isNull() && isLost(**object)) return true;
      }
    }
  }
  return false;
}

// An attempt has broken: whether that does not break the call, for now.
bool PendingCall::putOff(kj::Exception& failure) {
  if (durable != nullptr && removeRecordedMark(failure) == Mark::REMOVED) return false;
  if (!isRetryable(failure) || isSourceBroken()) return false;
  auto type = failure.getType();
  KJ_IF_MAYBE(needed, findNeeded([](PendingCall& call) { return call.retried; })) {
    if (type == kj::Exception::Type::OVERLOADED && carrier != nullptr) {
      holdFailure(*needed, kj::mv(failure));
      return true;
    }
  }
  if (!hasPolicy() || isLost(*target) || isArgumentLost()) return false;
  KJ_IF_MAYBE(time, KJ_ASSERT_NONNULL(attempts->backoff).afterFailure(failure)) {
    backOff(type);
    attempts->next = time->then([this]() { sendAgain(); }).eagerlyEvaluate(nullptr);
    return true;
  }
  return false;
}

// What has broken it may be that an attempt at `needed` has, which is not known yet.
void PendingCall::holdFailure(PendingCall& needed, kj::Exception&& failure) {
  if (attempts.get() == nullptr) attempts = kj::Own<Attempts, DisposeAttempts>(new Attempts);
  dropLater(kj::mv(attempts->held));
  attempts->held =
      needed.whenSettled()
          .catch_([](kj::Exception&&) {})
          .then([this, failure = kj::mv(failure)]() mutable { reject(kj::mv(failure)); })
          .eagerlyEvaluate(nullptr);
}

// Sets the call aside, and what cannot have run because it needed this attempt. When something was
// lost on the way, nobody knows what has run: then only what may run twice goes along.
void PendingCall::backOff(kj::Exception::Type reason) {
  bool nothingHasRun = reason == kj::Exception::Type::OVERLOADED;
  markAgain([this](PendingCall& call) { return &call == this; },
      [nothingHasRun](PendingCall& call) { return nothingHasRun || call.hasPolicy(); });
  for (auto& call: CallQueue::current().open) {
    if (!call.again) continue;
    if (&call != this && call.attempts.get() != nullptr) call.attempts->held = nullptr;
    call.setAside();
  }
}

// Makes the next attempt, at this call and at what waits with it.
void PendingCall::sendAgain() {
  if (state != State::BACKING_OFF) return;
  auto& queue = CallQueue::current();
  for (auto& call: queue.open) {
    if (call.state != State::BACKING_OFF) continue;
    auto isSentAgain = [](PendingCall& needed) { return needed.again; };
    call.again = &call == this || call.findNeeded(isSentAgain) != nullptr;
  }
  for (auto& call: queue.open) {
    if (call.again) call.queueAgain();
  }
}

void PendingCall::endAttempts() { dropLater(kj::mv(attempts)); }

}  // namespace troth::_
