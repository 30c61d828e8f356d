// What a durable call asks for while it runs: steps, transactions, sleeps, promises, calls of
// others.

#include <kj/debug.h>
#include <troth/retry.h>

#include "durable-run.h"
#include "fault-point.h"

namespace troth {

using Value = kj::Own<_::Message>;

namespace {

// For how long a vat is asked to cancel a call that has not answered.
constexpr auto CANCEL_TIME_MAX = 10 * kj::MINUTES;

}  // namespace

kj::String DurableRun::nextChildId() { return kj::str(asked.id, '.', ++childrenAsked); }

CreateRequest DurableRun::childRequest(kj::StringPtr childId, kj::StringPtr what) {
  CreateRequest request{.id = kj::str(childId), .parent = kj::str(asked.id)};
  request.call.params = recordStep(what);
  request.repetition = Repetition::STRICT;
  return request;
}

// Resolves when the outcomes that are used in this vat are recorded. If one of them does not stand,
// the code may have used it.
kj::Promise<void> DurableRun::whenUsedIsRecorded() {
  return owner.getHost().getOutputGate().whenOpen().catch_([this](auto&&) -> kj::Promise<void> {
    startOver();
    return kj::NEVER_DONE;
  });
}

// Resolves when all that the code can know is recorded.
kj::Promise<void> DurableRun::whenKnowledgeIsRecorded() {
  if (!isHeld()) co_await whenHeld();
  if (!openWrites.isDone()) co_await openWrites.whenDone();
  if (!owner.getHost().getOutputGate().isOpen()) co_await whenUsedIsRecorded();
  if (!mayHaveUsedWhatDoesNotStand()) co_return;
  startOver();
  co_await kj::Promise<void>(kj::NEVER_DONE);
}

kj::Promise<void> DurableRun::whenEffectsMayLeave() {
  co_await whenKnowledgeIsRecorded();
  if (!isOver() && hasLease()) co_return;
  // Others may work on the call by now.
  lose();
  co_await kj::Promise<void>(kj::NEVER_DONE);
}

// The timer's time is that of its last look at the clock, and the process may have been busy, or
// stood still, since.
bool DurableRun::hasLease() { return kj::systemPreciseMonotonicClock().now() < leaseEnd; }

kj::Promise<Value> DurableRun::step(
    kj::String childId, kj::String what, _::DurableContext::Work code) {
  KJ_IF_MAYBE(known, children.find(childId, what)) co_return outcomeOf(*known, owner.getHost());
  auto isOpen = open({OpenParts::Kind::WORK});
  co_await whenEffectsMayLeave();
  Value value;
  Settlement settlement;
  kj::Maybe<kj::Exception> problem;
  try {
    value = co_await code();
    faultPoint("after-effect");
    settlement.value = co_await recordMessage(*value, "", owner.getHost());
  } catch (...) {
    problem = kj::getCaughtExceptionAsKj();
  }
  KJ_IF_MAYBE(p, problem) {
    if (mayStartAgain(*p)) co_await startAgainLater(kj::mv(*p));
    settlement = rejectionFor(*p);
  }
  co_await writeStep(childId, what, kj::mv(settlement));
  KJ_IF_MAYBE(p, problem) kj::throwFatalException(kj::mv(*p));
  co_return kj::mv(value);
}

// The first start of a call is alone: nobody else can have recorded this step, so the method goes
// on while it is being recorded, but calls nobody.
kj::Promise<void> DurableRun::writeStep(
    kj::StringPtr childId, kj::StringPtr what, Settlement settlement) {
  auto request = childRequest(childId, what);
  request.settlement = settlement.clone();
  // If it did not, a start that has lost its lease was quicker: the next one goes on with that.
  auto stands = owner.getStore()
                    .create(kj::mv(request))
                    .then([settlement = kj::mv(settlement)](
                              Record&& record) { return cameTo(record, settlement); });
  if (!isFirst) {
    return stands.attach(openWrites.open()).then([this](bool stands) -> kj::Promise<void> {
      if (!stands) lose();
      if (isOver()) return kj::NEVER_DONE;
      return kj::READY_NOW;
    });
  }
  stepsAhead.begin();
  hasJustWritten = true;
  turnEnds = kj::evalLast([this]() { hasJustWritten = false; }).eagerlyEvaluate(nullptr);
  owner.goOn(stands
                 .catch_([this](kj::Exception&& e) {
                   KJ_LOG(WARNING, "a step cannot be recorded", asked.id, e);
                   return false;
                 })
                 .then([this](bool stands) { stepIsWritten(stands); })
                 .attach(openWrites.open())
                 .attach(kj::addRef(*this)));
  return kj::READY_NOW;
}

void DurableRun::stepIsWritten(bool stands) {
  if (!stands) {
    stepsAhead.takeBack();
    lose();
  } else if (openWrites.isLast()) {
    stepsAhead.end();
  }
}

kj::Promise<Value> DurableRun::transaction(
    kj::String childId, kj::String what, _::DurableContext::Transaction code) {
  KJ_IF_MAYBE(known, children.find(childId, what)) co_return outcomeOf(*known, owner.getHost());
  auto isOpen = open({OpenParts::Kind::WORK});
  co_await whenEffectsMayLeave();
  TransactRequest request{.record = childRequest(childId, what)};
  request.fence = LeaseFence{kj::str(asked.id), epoch, kj::str(owner.getName())};
  kj::Maybe<Record> record;
  kj::Maybe<kj::Exception> problem;
  bool isOfCode = false;
  try {
    record = co_await owner.getStore().transact(
        kj::mv(request), [this, &code, &isOfCode](Sql& sql) mutable -> kj::Promise<Bytes> {
          isOfCode = true;
          auto value = co_await code(sql);
          isOfCode = false;
          co_return co_await recordMessage(*value, "", owner.getHost());
        });
  } catch (...) {
    problem = kj::getCaughtExceptionAsKj();
  }
  KJ_IF_MAYBE(r, record) co_return outcomeOf(*r, owner.getHost());
  auto& p = KJ_ASSERT_NONNULL(problem);
  if (mayStartAgain(p)) co_await startAgainLater(kj::mv(p));
  if (!isOfCode) co_await requireStillOurs();
  // A later run must get to know the same.
  co_await writeStep(childId, what, rejectionFor(p));
  kj::throwFatalException(kj::mv(p));
}

// Goes on only if the call is still ours to work on.
kj::Promise<void> DurableRun::requireStillOurs() {
  auto found = co_await insist(owner.getStore().find(asked.id));
  KJ_IF_MAYBE(record, found) {
    if (!record->isSettled() && record->epoch == epoch) co_return;
  }
  lose();
  co_await kj::Promise<void>(kj::NEVER_DONE);
}

// What the store answers. The method does not see that it cannot be reached for a while.
template <typename T>
kj::Promise<T> DurableRun::insist(kj::Promise<T> answer) {
  return answer.catch_([this](kj::Exception&& e) -> kj::Promise<T> {
    if (!mayStartAgain(e)) return kj::mv(e);
    return startAgainLater(kj::mv(e)).then([]() -> kj::Promise<T> { return kj::NEVER_DONE; });
  });
}

kj::Promise<Record> DurableRun::findOrMake(CreateRequest request, kj::StringPtr what) {
  KJ_IF_MAYBE(known, children.find(request.id, what)) co_return known->clone();
  auto isOpen = open({OpenParts::Kind::WORK});
  co_await whenKnowledgeIsRecorded();
  co_return co_await insist(owner.getStore().create(kj::mv(request)));
}

// Its record times out when it is over.
kj::Promise<void> DurableRun::sleep(kj::String childId, kj::Duration duration) {
  auto request = childRequest(childId, "sleep");
  request.deadline = owner.getStore().now() + duration;
  auto record = co_await findOrMake(kj::mv(request), "sleep");
  if (record.state == PromiseState::CANCELED) kj::throwFatalException(exceptionOf(record));
  auto end = KJ_ASSERT_NONNULL(record.deadline);
  auto left = end - owner.getStore().now();
  if (left <= 0 * kj::SECONDS) co_return;
  auto isOpen = open({OpenParts::Kind::SLEEP, kj::mv(childId), end});
  owner.waits(*this);
  co_await owner.getTimer().afterDelay(left);
}

kj::Promise<Value> DurableRun::promise(kj::String childId, kj::String what) {
  auto record = co_await findOrMake(childRequest(childId, what), what);
  if (!record.isSettled()) {
    auto isOpen = open({OpenParts::Kind::PROMISE, kj::str(childId)});
    owner.waits(*this);
    record = co_await insist(owner.getStore().whenSettled(childId));
  }
  co_return outcomeOf(record, owner.getHost());
}

// What the method asks others for may come from an outcome that does not stand.
void DurableRun::requireSound() {
  if (!mayHaveUsedWhatDoesNotStand()) return;
  startOver();
  kj::throwFatalException(takenBack());
}

void DurableRun::keep(kj::StringPtr childId, kj::Own<_::PendingCall> call) {
  children.noteAsked(childId);
  auto& pending = *call;
  owner.waits(*this);
  auto place = callsOpen.insert(callsOpen.end(), kj::mv(call));
  auto end = kj::defer([this, place]() { callsOpen.erase(place); });
  calls.add(
      pending.whenSettled()
          .catch_([](kj::Exception&&) {})
          .attach(kj::mv(end), openCalls.open(), open({OpenParts::Kind::CALL, kj::str(childId)}))
          .eagerlyEvaluate(nullptr));
}

namespace {

kj::Promise<void> cancelCall(
    kj::Own<_::PendingCall> call, kj::String reason, kj::Promise<void> timeOver) {
  // It may be what runs now.
  co_await kj::evalLater([]() {});
  if (call->isSettled()) co_return;
  call->cancelDurable(kj::mv(reason));
  co_await call->whenSettled().catch_([](kj::Exception&&) {}).exclusiveJoin(kj::mv(timeOver));
}

}  // namespace

// Those in vats with other stores do not see what becomes of this record.
void DurableRun::cancelCalls() {
  for (auto& call: callsOpen) {
    owner.goOn(cancelCall(kj::addRef(*call), kj::str("the call that made it was canceled"),
        owner.getTimer().afterDelay(CANCEL_TIME_MAX)));
  }
}

}  // namespace troth
