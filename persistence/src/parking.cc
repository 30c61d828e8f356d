#include "parking.h"

#include <kj/debug.h>

namespace troth {
namespace {

bool isPartOf(const Record& part, kj::StringPtr id) {
  KJ_IF_MAYBE(parent, part.parent) return *parent == id;
  return false;
}

}  // namespace

// Whoever settles a part wakes the promise in the same transaction, if the part is awaited.
kj::Promise<Record> park(Backend& backend, ParkRequest request) {
  auto parts = co_await kj::joinPromises(
      KJ_MAP(part, request.parts) { return backend.carryOut(AwaitRequest{kj::str(part)}); });
  for (auto& found: parts) {
    auto& part = KJ_ASSERT_NONNULL(found);
    KJ_REQUIRE(
        isPartOf(part, request.id), "a promise is parked for one that is no part of it", part.id);
  }
  co_return KJ_ASSERT_NONNULL(co_await backend.carryOut(kj::mv(request)));
}

}  // namespace troth
