#include "durable-run.h"

#include <kj/debug.h>
#include <stdlib.h>
#include <troth/retry.h>

#include "fault-point.h"

namespace troth {

using Value = kj::Own<_::Message>;

namespace {

constexpr kj::StringPtr VERSION_TAG = "troth.version="_kj;

uint32_t versionOf(const Record& record) {
  for (auto& tag: record.tags) {
    if (tag.startsWith(VERSION_TAG)) return strtoul(tag.cStr() + VERSION_TAG.size(), nullptr, 10);
  }
  return 0;
}

kj::Exception failed(kj::String text) {
  return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::mv(text));
}

}  // namespace

// =======================================================================================
// What the method sees

// Outlives the run if the method's call object does.
class DurableRun::Context final: public _::DurableContext {
public:
  explicit Context(DurableRun& run)
      : run(run), id(kj::str(run.asked.id)), tries(run.tries()), version(run.version) {}

  void close() { run = nullptr; }

  kj::StringPtr getId() const override { return id; }
  uint32_t getTry() const override { return kj::max(tries, 1u); }
  uint32_t getVersion() const override { return version; }

  kj::Promise<Value> step(kj::StringPtr name, Work work) override {
    return kj::evalNow(
        [&]() { return get().step(get().nextChildId(), kj::str("step ", name), kj::mv(work)); });
  }
  kj::Promise<Value> transaction(kj::StringPtr name, Transaction work) override {
    return kj::evalNow([&]() {
      auto what = name.size() == 0 ? kj::str("transaction") : kj::str("transaction ", name);
      return get().transaction(get().nextChildId(), kj::mv(what), kj::mv(work));
    });
  }
  kj::Promise<void> sleep(kj::Duration duration) override {
    return kj::evalNow([&]() { return get().sleep(get().nextChildId(), duration); });
  }
  kj::Promise<Value> promise(kj::StringPtr name) override {
    return kj::evalNow([&]() {
      bool isName = name.size() > 0 && !('0' <= name[0] && name[0] <= '9');
      KJ_REQUIRE(isName, "the name of a promise starts with a letter", name);
      return get().promise(kj::str(id, '.', name), kj::str("promise ", name));
    });
  }
  kj::String adopt(kj::Own<_::PendingCall> call) override {
    get().requireSound();
    auto childId = get().nextChildId();
    get().children.requireCall(childId);
    get().keep(childId, kj::mv(call));
    return childId;
  }

private:
  kj::Maybe<DurableRun&> run;
  kj::String id;
  uint32_t tries;
  uint32_t version;

  DurableRun& get() {
    return KJ_REQUIRE_NONNULL(run, "the durable call is over, or has been taken from this vat", id);
  }
};

// =======================================================================================
// The code

DurableRun::DurableRun(RunOwner& owner, Asked askedParam)
    : owner(owner),
      asked(kj::mv(askedParam)),
      version(owner.getOptions().version),
      exposure(owner.getExposures(), Exposure::Of::OUTCOME),
      stepsAhead(owner.getExposures(), Exposure::Of::STEPS),
      takenBackBefore(owner.getExposures().countTakenBack()),
      outcomesTakenBackBefore(owner.getExposures().countOutcomesTakenBack()) {
  owner.isThere(*this);
}

DurableRun::~DurableRun() noexcept(false) {
  if (owned == Owned::YES) {
    stepsAhead.takeBack();
    owner.isGone(*this);
  }
  if (context.get() != nullptr) context->close();
}

kj::Maybe<kj::TimePoint> DurableRun::deadline() {
  return asked.deadline.map(
      [this](kj::Date date) { return owner.getTimer().now() + (date - owner.getStore().now()); });
}

bool DurableRun::hasTimedOut() {
  KJ_IF_MAYBE(date, asked.deadline) return owner.getStore().now() >= *date;
  return false;
}

// Random, so that calls that failed together do not come back together.
kj::Duration DurableRun::retryDelay() {
  auto& options = owner.getOptions();
  auto longest = options.retryDelayFirst;
  for (uint32_t start = 1; start < tries() && longest < options.retryDelayMax; ++start)
    longest *= 2;
  longest = kj::min(longest, options.retryDelayMax);
  auto part = owner.getJitter().next();
  return int64_t((longest / kj::NANOSECONDS) * part) * kj::NANOSECONDS;
}

void DurableRun::startAhead(kj::Own<capnp::ClientHook> object, kj::Own<_::Message> params) {
  ahead = owner.getHost().getOutputGate().hold();
  callsBefore = _::CallQueue::current().getCallsAdded();
  run(runCode(kj::mv(object), kj::mv(params)));
  // If the method is done by the end of the turn, its end is all there is to record.
  writing = kj::evalLast([this]() -> kj::Promise<void> {
    if (phase != Phase::AHEAD) return kj::READY_NOW;
    return record();
  }).eagerlyEvaluate([this](kj::Exception&& e) { refuse(kj::mv(e)); });
}

void DurableRun::startHeld(const Record& record, kj::TimePoint leased,
    kj::Own<capnp::ClientHook> object, kj::Own<_::Message> params) {
  hold(record, leased);
  if (!isOver()) run(runAgain(kj::mv(object), kj::mv(params)));
}

void DurableRun::recover(Claimed claimed, kj::TimePoint leased, LastStart lastStart) {
  auto& record = claimed.record;
  children.add(kj::mv(claimed.children));
  hold(record, leased);
  if (!isOver()) run(restoreAndRun(record.call.clone(), lastStart));
}

void DurableRun::hold(const Record& record, kj::TimePoint leased) {
  asked.deadline = record.deadline;
  version = versionOf(record);
  accept(record, leased);
}

void DurableRun::run(kj::Promise<void> code) {
  work = code.catch_([this](kj::Exception&& e) {
               if (ending == Ending::BY_CODE) failure = kj::mv(e);
             })
             .then([this]() -> kj::Promise<void> {
               if (ending == Ending::BY_CODE) return finish();
               return kj::NEVER_DONE;
             })
             .eagerlyEvaluate([this](kj::Exception&& e) { refuse(kj::mv(e)); });
}

// Ends this start because of `problem`, which the next one may not have. The method does not see
// it: the next start would not do what this one would do about it.
kj::Promise<void> DurableRun::startAgainLater(kj::Exception problem) {
  if (ending == Ending::BY_CODE) {
    ending = Ending::BY_PART;
    failure = kj::mv(problem);
    kj::Vector<kj::Promise<void>> code;
    code.add(kj::mv(work));
    work = kj::evalLater([this]() { return finish(); }).eagerlyEvaluate([this](kj::Exception&& e) {
      refuse(kj::mv(e));
    });
    owner.dropLater(kj::mv(code), kj::addRef(*this));
  }
  return kj::NEVER_DONE;
}

bool DurableRun::mayStartAgain(const kj::Exception& problem) {
  return isRetryable(problem) && kj::max(tries(), 1u) < owner.getOptions().triesMax;
}

kj::Promise<void> DurableRun::runCode(
    kj::Own<capnp::ClientHook> object, kj::Own<_::Message> params) {
  // What was not dropped yet may have gone on.
  if (isOver()) return kj::NEVER_DONE;
  context = kj::refcounted<Context>(*this);
  auto& call = asked.call;
  return _::runMethod(
      *object, call.interfaceId, call.methodId, kj::mv(params), *results, *context, deadline());
}

kj::Promise<void> DurableRun::runAgain(
    kj::Own<capnp::ClientHook> object, kj::Own<_::Message> params) {
  co_await readChildren();
  co_await runCode(kj::mv(object), kj::mv(params));
}

kj::Promise<void> DurableRun::restoreAndRun(CallRequest call, LastStart lastStart) {
  auto& options = owner.getOptions();
  if (tries() > options.triesMax) {
    kj::throwFatalException(failed(kj::str("the call was started ", options.triesMax,
        " times and never came to an end (limit triesMax); it may be what its vat dies of")));
  }
  // What its vat dies of should not be the first thing that it does.
  if (lastStart == LastStart::UNKNOWN && tries() > 2) {
    co_await owner.getTimer().afterDelay(retryDelay());
  }
  co_await readChildren();
  auto stored = readRecorded(call.params, owner.getHost());
  kj::Own<capnp::ClientHook> object;
  try {
    bool isMain = call.target == MAIN_OBJECT;
    object = co_await owner.getHost().restoreHere(
        isMain ? ""_kj : kj::StringPtr(call.target), stored.key);
  } catch (...) {
    // Another vat may have it.
    kj::throwFatalException(KJ_EXCEPTION(OVERLOADED, "the object of a durable call is not here",
        call.target, stored.key, kj::getCaughtExceptionAsKj().getDescription()));
  }
  co_await runCode(kj::mv(object), kj::mv(stored.message));
}

kj::Promise<void> DurableRun::readChildren() {
  if (!isFirst) return children.readRest(owner.getStore(), asked.id);
  return kj::READY_NOW;
}

// The method is done, one way or the other.
kj::Promise<void> DurableRun::finish() {
  co_await openCalls.whenDone();
  KJ_IF_MAYBE(f, failure) {
    if (mayStartAgain(*f) || hasTimedOut()) co_return co_await tryAgainLater();
  }
  outcome = co_await settlementOfResults();
  if (phase == Phase::AHEAD && hasSaidNothing()) ahead = nullptr;
  // Before its own outcome is among those that are used.
  auto usedIsRecorded = owner.getExposures().whenOutcomesAreRecorded();
  known.happen();
  co_await recordOutcome(kj::mv(usedIsRecorded));
}

// Whether the code has certainly made no call. Then nothing waits for its record but its answer.
bool DurableRun::hasSaidNothing() {
  return _::CallQueue::current().getCallsAdded() == callsBefore &&
      !owner.getHost().getOutputGate().hasWaiting();
}

kj::Promise<Settlement> DurableRun::settlementOfResults() {
  if (failure == nullptr) {
    try {
      auto value = co_await recordMessage(*results, "", owner.getHost());
      co_return Settlement{PromiseState::FULFILLED, kj::mv(value), nullptr};
    } catch (...) {
      failure = kj::getCaughtExceptionAsKj();
    }
  }
  co_return rejectionFor(KJ_ASSERT_NONNULL(failure));
}

// =======================================================================================
// Its record

CreateRequest DurableRun::creationOf(const Asked& asked, const DurableOptions& options) {
  CreateRequest request{.id = kj::str(asked.id), .call = asked.call.clone()};
  request.parent = asked.parent.map([](const kj::String& s) { return kj::str(s); });
  request.deadline = asked.deadline;
  if (options.version > 0) request.tags = kj::arr(kj::str(VERSION_TAG, options.version));
  request.repetition = Repetition::STRICT;
  return request;
}

kj::Promise<void> DurableRun::record() {
  phase = Phase::RECORDING;
  faultPoint("before-record");
  kj::TimePoint leased = owner.getTimer().now();
  auto request = creation();
  request.lease = owner.newLease();
  auto record = co_await create(kj::mv(request));
  accept(record, leased);
}

kj::Promise<Record> DurableRun::create(CreateRequest request) {
  // Its parameters may come from outcomes that are not recorded.
  auto& exposures = owner.getExposures();
  if (!exposures.areRecorded()) co_await exposures.whenRecorded();
  if (exposures.countTakenBack() != takenBackBefore) kj::throwFatalException(takenBack());
  co_return co_await owner.getStore().create(kj::mv(request));
}

bool DurableRun::isMadeForThis(const Record& record) const {
  KJ_IF_MAYBE(since, asked.since) return record.epoch == 1 && record.created >= *since;
  return false;
}

// What the store says of a call that is to be ours.
void DurableRun::accept(const Record& record, kj::TimePoint leased) {
  if (isOver()) return;
  if (record.isSettled()) return conclude(record.clone());
  KJ_IF_MAYBE(lease, record.lease) {
    if (owner.isOurs(record)) {
      phase = Phase::HELD;
      epoch = record.epoch;
      isFirst = isMadeForThis(record);
      // It may be an earlier lease that the request has only found.
      auto left = lease->expires - owner.getStore().now();
      leaseEnd = kj::min(leased + owner.getOptions().lease, owner.getTimer().now() + left);
      faultPoint("after-record");
      ahead = nullptr;
      held.happen();
      // What is left of it may be little.
      return keepLease();
    }
  }
  watch();
}

kj::Promise<void> DurableRun::recordOutcome(kj::Promise<void> usedIsRecorded) {
  faultPoint("before-outcome");
  if (phase == Phase::AHEAD) co_return co_await recordWithOutcome();
  co_await whenHeld();
  co_await usedIsRecorded.catch_([](kj::Exception&&) {});
  if (mayHaveUsedWhatDoesNotStand()) co_return startOver();
  // Unless they are recorded together.
  if (!hasJustWritten) co_await openWrites.whenDone();
  co_await settleHeld();
}

kj::Promise<void> DurableRun::recordWithOutcome() {
  phase = Phase::RECORDING;
  auto request = creation();
  request.settlement = KJ_ASSERT_NONNULL(outcome).clone();
  way = Way::WITH_WHAT_COMES;
  auto created = create(kj::mv(request));
  turnEnds = kj::evalLast([this]() {
    way = Way::ALONE;
    exposure.contest();
  }).eagerlyEvaluate(nullptr);
  auto record = co_await created;
  if (record.isSettled()) {
    conclude(kj::mv(record));
  } else {
    watch();
  }
}

kj::Promise<void> DurableRun::settleHeld() {
  for (;;) {
    // What was not dropped yet may have gone on.
    if (isOver()) co_return;
    auto& how = KJ_ASSERT_NONNULL(outcome);
    auto copy = how.clone();
    SettleRequest request{.id = kj::str(asked.id),
        .state = copy.state,
        .value = kj::mv(copy.value),
        .error = kj::mv(copy.error),
        .epoch = epoch};
    kj::Maybe<kj::Exception> problem;
    try {
      auto record = co_await owner.getStore().settle(kj::mv(request));
      co_await openWrites.whenDone();
      co_return conclude(kj::mv(record));
    } catch (...) {
      problem = kj::getCaughtExceptionAsKj();
    }
    if (!isRetryable(KJ_ASSERT_NONNULL(problem))) co_return watch();
    // As long as the lease is ours.
    co_await owner.getTimer().afterDelay(owner.getOptions().retryDelayFirst);
  }
}

// Leaves the rest to whoever claims the call, when it is time.
kj::Promise<void> DurableRun::tryAgainLater() {
  if (phase == Phase::AHEAD) co_await record();
  if (isOver()) co_return;
  co_await whenHeld();
  // Who goes on has to see the steps that are done.
  co_await openWrites.whenDone();
  if (isOver()) co_return;
  auto released = release(retryDelay());
  watch();
  co_await released;
}

kj::Promise<void> DurableRun::release(kj::Duration delay) {
  return owner.getStore()
      .release({kj::str(asked.id), epoch, kj::str(owner.getName()), delay})
      .ignoreResult();
}

// Not before it is recorded: what the code has said waits for that.
kj::Promise<void> DurableRun::giveBack() {
  auto self = kj::addRef(*this);
  co_await whenHeld().exclusiveJoin(whenOver());
  co_await openWrites.whenDone();
  if (isOver()) co_return;
  auto released = release(0 * kj::SECONDS);
  refuse(KJ_EXCEPTION(DISCONNECTED,
      "this vat is shutting down, and gives the durable call back; ask for it again"));
  co_await released;
}

void DurableRun::keepLease() {
  if (phase != Phase::HELD) return;
  auto left = leaseEnd - owner.getTimer().now();
  auto length = owner.getOptions().lease;
  if (left <= length / 6) return lose();
  if (left <= length * 2 / 3 && renewal == Renewal::NONE) {
    renewal = Renewal::UNDER_WAY;
    owner.goOn(renew().attach(kj::addRef(*this)));
  }
}

kj::Promise<void> DurableRun::renew() {
  auto asks = owner.getTimer().now();
  KJ_DEFER(renewal = Renewal::NONE);
  try {
    auto record = co_await owner.getStore().renew({kj::str(asked.id), epoch, owner.newLease()});
    if (record.isSettled()) {
      conclude(kj::mv(record));
    } else {
      leaseEnd = kj::max(leaseEnd, asks + owner.getOptions().lease);
    }
  } catch (...) {
    // If it was only the database that could not be reached, there is time until the lease is over.
    if (!isRetryable(kj::getCaughtExceptionAsKj())) lose();
  }
}

void DurableRun::conclude(Record record) {
  if (standing != nullptr) return;
  faultPoint("after-outcome");
  auto& stands = standing.emplace(kj::mv(record));
  if (isOwn(stands)) exposure.end();
  if (stands.state == PromiseState::CANCELED) cancelCalls();
  stop();
  known.happen();
  recorded.happen();
  // An earlier start may have asked for what this one did not.
  bool mayHaveLeftOvers = !isFirst && children.mayHaveLeftOvers();
  // The start that has settled a call after it was parked has looked at that itself.
  if (left == Left::ALL && stands.state != PromiseState::CANCELED) return;
  if (!isOwn(stands) || mayHaveLeftOvers) owner.abandonChildren(stands);
}

void DurableRun::lose() {
  if (!isOver()) watch();
}

// Waits for what others record.
void DurableRun::watch() {
  if (phase == Phase::HELD) owner.leftLease(*this, epoch);
  stop();
  watching = owner.getStore()
                 .whenSettled(asked.id)
                 .then([this](Record&& record) { conclude(kj::mv(record)); })
                 .eagerlyEvaluate([this](kj::Exception&& e) { refuse(kj::mv(e)); });
}

// What runs now may be a part of the work.
void DurableRun::stop() {
  phase = Phase::OVER;
  over.happen();
  if (context.get() != nullptr) context->close();
  takeBack();
  ahead = nullptr;
  auto dropped = kj::mv(calls);
  for (auto promise: {&work, &writing, &watching, &turnEnds}) {
    dropped.add(kj::mv(*promise));
    *promise = kj::READY_NOW;
  }
  owner.dropLater(kj::mv(dropped), kj::addRef(*this));
  owner.ended(*this);
}

void DurableRun::refuse(kj::Exception exception) {
  if (standing != nullptr) return;
  if (ahead != nullptr || exposure.isOpen()) owner.refusedUntold(asked.id);
  known.fail(exception);
  held.fail(exception);
  recorded.fail(exception);
  discardAhead();
  stop();
}

void DurableRun::abandon(const kj::Exception& reason) {
  owned = Owned::ABANDONED;
  phase = Phase::OVER;
  over.happen();
  if (context.get() != nullptr) context->close();
  calls.clear();
  work = kj::READY_NOW;
  writing = kj::READY_NOW;
  watching = kj::READY_NOW;
  turnEnds = kj::READY_NOW;
  exposure.takeBack();
  stepsAhead.takeBack();
  ahead = nullptr;
  known.fail(reason);
  held.fail(reason);
  recorded.fail(reason);
}

}  // namespace troth
