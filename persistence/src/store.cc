#include <troth/loop.h>
#include <troth/store.h>

#include "memory-backend.h"
#include "sqlite-backend.h"

namespace troth {
namespace {

// How late a store in a file may hear of what other processes have written.
constexpr auto SQLITE_POLL_INTERVAL_MAX = 100 * kj::MILLISECONDS;

kj::Timer& timerOf(const StoreOptions& options) {
  KJ_IF_MAYBE(timer, options.timer) return *timer;
  return Loop::current().timer();
}

}  // namespace

kj::Own<Store> newMemoryStore(StoreOptions options) {
  options.timer = timerOf(options);
  auto backend = newMemoryBackend(options.clock.orDefault(kj::systemPreciseCalendarClock()));
  return newBackedStore(kj::mv(backend), options);
}

kj::Own<Store> newSqliteStore(kj::StringPtr path, StoreOptions options) {
  options.timer = timerOf(options);
  options.pollInterval = kj::min(options.pollInterval, SQLITE_POLL_INTERVAL_MAX);
  return newBackedStore(newSqliteBackend(path, options), options);
}

}  // namespace troth
