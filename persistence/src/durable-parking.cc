// When a durable call waits for long, its record waits for it.

#include <kj/debug.h>
#include <troth/retry.h>

#include "durable-run.h"

namespace troth {
namespace {

using Kind = OpenParts::Kind;

// How long a call waits for others before it looks itself, although whoever settles a part wakes
// it.
constexpr auto PARKED_MAX = 24 * kj::HOURS;

bool isOpenPart(const kj::Maybe<Record>& found, kj::StringPtr parent) {
  KJ_IF_MAYBE(record, found) {
    KJ_IF_MAYBE(p, record->parent) return !record->isSettled() && *p == parent;
  }
  return false;
}

}  // namespace

// Until it is due although none of its parts has settled.
kj::Duration DurableRun::timeToPark() {
  kj::Maybe<kj::Duration> least;
  auto consider = [&](kj::Duration time) { least = kj::min(time, least.orDefault(time)); };
  for (auto& part: parts->get()) {
    KJ_IF_MAYBE(end, part.end) {
      consider(*end - owner.getStore().now());
    } else {
      consider(PARKED_MAX);
    }
  }
  return least.orDefault(0 * kj::SECONDS);
}

// It is not worth it for the last moments of a sleep.
bool DurableRun::mayPark() {
  bool isWaiting = phase == Phase::HELD && failure == nullptr && outcome == nullptr &&
      openWrites.isDone() && parts->areWaitedFor();
  return isWaiting && parts->get().size() <= Store::PARK_PARTS_MAX &&
      timeToPark() > owner.getOptions().lease;
}

void DurableRun::parkIfItWaits() {
  auto now = owner.getTimer().now();
  if (parts->getChanges() != changesSeen) {
    changesSeen = parts->getChanges();
    waitsSince = now;
  }
  if (!mayPark() || now - waitsSince < owner.getOptions().parkAfter) return;
  // If it cannot be parked, that is tried again after as long a time.
  waitsSince = now;
  owner.goOn(park().attach(kj::addRef(*this)));
}

// Whether the calls that it waits for are recorded in this store, where their settling wakes it.
kj::Promise<bool> DurableRun::areCallsHere() {
  kj::Vector<kj::Promise<kj::Maybe<Record>>> finding;
  for (auto& part: parts->get()) {
    if (part.kind == Kind::CALL) finding.add(owner.getStore().find(part.id));
  }
  for (auto& found: co_await kj::joinPromises(finding.releaseAsArray())) {
    if (!isOpenPart(found, asked.id)) co_return false;
  }
  co_return true;
}

kj::Promise<void> DurableRun::park() {
  auto changes = parts->getChanges();
  bool areHere = co_await areCallsHere();
  if (!areHere || changes != parts->getChanges() || !mayPark()) co_return;
  ParkRequest request{kj::str(asked.id), epoch, kj::str(owner.getName())};
  kj::Vector<kj::String> awaited;
  for (auto& part: parts->get()) {
    if (part.kind != Kind::SLEEP) awaited.add(kj::str(part.id));
  }
  request.parts = awaited.releaseAsArray();
  auto end = owner.getStore().now() + timeToPark();
  left = Left::ALL;
  watch();
  co_await insistOnParking(kj::mv(request), end);
}

// If the store cannot be reached, the request is repeated until it can, which fails once another
// vat has taken the call up.
kj::Promise<void> DurableRun::insistOnParking(ParkRequest request, kj::Date end) {
  for (;;) {
    ParkRequest copy{kj::str(request.id), request.epoch, kj::str(request.owner)};
    copy.parts = KJ_MAP(part, request.parts) { return kj::str(part); };
    copy.delay = kj::max(end - owner.getStore().now(), 0 * kj::SECONDS);
    try {
      co_await owner.getStore().park(kj::mv(copy));
      co_return;
    } catch (...) {
      if (!isRetryable(kj::getCaughtExceptionAsKj())) co_return;
    }
    co_await owner.getTimer().afterDelay(owner.getOptions().retryDelayFirst);
  }
}

}  // namespace troth
