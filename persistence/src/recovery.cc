#include "recovery.h"

#include <kj/debug.h>

#include "lease-owner.h"

namespace troth {
namespace {

// How long to leave a store alone that has just failed.
constexpr auto PAUSE_AFTER_FAILURE = 1 * kj::SECONDS;

// How long to wait until other calls may have ended.
constexpr auto PAUSE_WITHOUT_ROOM = 1 * kj::SECONDS;

}  // namespace

Recovery::Slot::~Slot() noexcept(false) {
  --recovery.busy;
  KJ_IF_MAYBE(fulfiller, recovery.whenRoom) (*fulfiller)->fulfill();
  recovery.whenRoom = nullptr;
}

kj::Promise<void> Recovery::run() {
  for (;;) {
    kj::Maybe<kj::Exception> problem;
    try {
      co_await claimSome();
    } catch (...) {
      problem = kj::getCaughtExceptionAsKj();
    }
    KJ_IF_MAYBE(p, problem) {
      KJ_LOG(INFO, "a vat cannot claim durable calls, and will try again", *p);
      co_await options.timer.afterDelay(PAUSE_AFTER_FAILURE);
    }
  }
}

kj::Promise<void> Recovery::claimSome() {
  auto targets = options.host.servedNames();
  auto changed = options.host.whenServedNamesChange();
  if (targets.size() == 0) co_return co_await changed;
  if (busy >= options.recoveringMax) {
    auto paf = kj::newPromiseAndFulfiller<void>();
    whenRoom = kj::mv(paf.fulfiller);
    co_await paf.promise;
    // Calls that end together are replaced together.
    co_return co_await kj::evalLast([]() {});
  }
  // What waits makes room when it is parked, at the latest.
  auto left = kj::min(room(), options.recoveringMax - busy);
  if (left == 0) co_return co_await options.timer.afterDelay(PAUSE_WITHOUT_ROOM);
  ClaimRequest request{.lease = newLease()};
  request.targets = KJ_MAP(target, targets) { return kj::str(target); };
  request.recordsMax = kj::min(left, Store::CLAIM_RECORDS_MAX);
  request.childrenMax = Store::CLAIM_CHILDREN_MAX;
  auto leased = options.timer.now();
  auto claimed = co_await options.store.claim(kj::mv(request));
  for (auto& one: claimed) takeUp(kj::mv(one), leased, kj::heap<Slot>(*this));
  if (claimed.size() == 0) {
    auto names = KJ_MAP(target, targets)->kj::StringPtr { return target; };
    co_await options.store.whenDue(names).exclusiveJoin(kj::mv(changed));
  }
}

kj::Promise<void> Recovery::giveBackForTheGone() {
  kj::Maybe<kj::String> after;
  do {
    auto page = co_await options.store.search({.states = kj::arr(PromiseState::PENDING),
        .recordsMax = Store::PAGE_RECORDS_MAX,
        .after = kj::mv(after)});
    kj::Vector<kj::Promise<void>> releasing;
    for (auto& record: page.records) {
      KJ_IF_MAYBE(lease, record.lease) {
        if (livenessOf(lease->owner) != Liveness::DEAD) continue;
        auto released =
            options.store.release({kj::str(record.id), record.epoch, kj::str(lease->owner)});
        releasing.add(released.ignoreResult().catch_([](kj::Exception&&) {}));
      }
    }
    co_await kj::joinPromises(releasing.releaseAsArray());
    after = kj::mv(page.next);
  } while (after != nullptr);
}

}  // namespace troth
