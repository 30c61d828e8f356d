#include "parking.h"

#include <kj/debug.h>

namespace troth {
namespace {

enum class Parts { OPEN, SETTLED };

bool isPartOf(const Record& part, kj::StringPtr id) {
  KJ_IF_MAYBE(parent, part.parent) return *parent == id;
  return false;
}

// Notes on each that its settling is to wake somebody.
kj::Promise<Parts> awaitParts(
    Backend& backend, kj::StringPtr id, kj::ArrayPtr<const kj::String> parts) {
  auto records = co_await kj::joinPromises(
      KJ_MAP(part, parts) { return backend.carryOut(AwaitRequest{kj::str(part)}); });
  auto result = Parts::OPEN;
  for (auto& found: records) {
    auto& part = KJ_ASSERT_NONNULL(found);
    KJ_REQUIRE(isPartOf(part, id), "a promise is parked for one that is no part of it", part.id);
    if (part.isSettled()) result = Parts::SETTLED;
  }
  co_return result;
}

kj::Promise<Parts> lookAt(Backend& backend, kj::ArrayPtr<const kj::String> parts) {
  auto records = co_await kj::joinPromises(
      KJ_MAP(part, parts) { return backend.carryOut(FindRequest{kj::str(part)}); });
  for (auto& found: records) {
    KJ_IF_MAYBE(part, found) {
      if (!part->isSettled()) continue;
    }
    co_return Parts::SETTLED;
  }
  co_return Parts::OPEN;
}

}  // namespace

// Whoever settles a part wakes the promise in the same transaction, if the part is awaited and the
// promise is parked by then. So the parts are looked at before that and after it.
kj::Promise<Record> park(Backend& backend, ParkRequest request) {
  auto id = kj::str(request.id);
  auto parts = KJ_MAP(part, request.parts) { return kj::str(part); };
  bool isOpen = co_await awaitParts(backend, id, parts) == Parts::OPEN;
  if (!isOpen) request.delay = 0 * kj::SECONDS;
  auto record = KJ_ASSERT_NONNULL(co_await backend.carryOut(kj::mv(request)));
  if (!isOpen || record.isSettled() || co_await lookAt(backend, parts) == Parts::OPEN) {
    co_return kj::mv(record);
  }
  co_return KJ_ASSERT_NONNULL(co_await backend.carryOut(WakeRequest{kj::mv(id)}));
}

}  // namespace troth
