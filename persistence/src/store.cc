#include <troth/loop.h>
#include <troth/store.h>

#include "durable-calls.h"
#include "memory-backend.h"
#include "pg-backend.h"
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

kj::Own<Durability> Store::newDurability(ObjectHost& host, const DurableOptions& options) {
  return newDurableCalls(*this, host, Loop::current().timer(), options);
}

kj::Own<Store> newMemoryStore(StoreOptions options) {
  options.timer = timerOf(options);
  auto backend = newMemoryBackend(
      kj::refcounted<MemoryRecords>(), options.clock.orDefault(kj::systemPreciseCalendarClock()));
  return newBackedStore(kj::mv(backend), options);
}

kj::Own<Store> newSqliteStore(kj::StringPtr path, StoreOptions options) {
  options.timer = timerOf(options);
  options.pollInterval = kj::min(options.pollInterval, SQLITE_POLL_INTERVAL_MAX);
  return newBackedStore(newSqliteBackend(path, options), options);
}

kj::Own<Store> newPostgresStore(kj::StringPtr uri, StoreOptions options) {
  options.timer = timerOf(options);
  return newBackedStore(newPgBackend(uri, options), options);
}

}  // namespace troth
