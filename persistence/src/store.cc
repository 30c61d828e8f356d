#include <troth/loop.h>
#include <troth/store.h>

#include "durable-calls.h"
#include "late-store.h"
#include "memory-backend.h"
#include "pg-backend.h"
#include "sqlite-backend.h"
#include "store-secrets.h"

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

kj::Own<SturdySecrets> Store::newSturdySecrets() { return newStoreSecrets(*this); }

namespace {

kj::Own<Store> openMemoryStore(StoreOptions options) {
  options.timer = timerOf(options);
  auto backend = newMemoryBackend(
      kj::refcounted<MemoryRecords>(), options.clock.orDefault(kj::systemPreciseCalendarClock()));
  return newBackedStore(kj::mv(backend), options);
}

kj::Own<Store> openSqliteStore(kj::StringPtr path, StoreOptions options) {
  options.timer = timerOf(options);
  options.pollInterval = kj::min(options.pollInterval, SQLITE_POLL_INTERVAL_MAX);
  return newBackedStore(newSqliteBackend(path, options), options);
}

kj::Own<Store> openPostgresStore(kj::StringPtr uri, StoreOptions options) {
  options.timer = timerOf(options);
  return newBackedStore(newPgBackend(uri, options), options);
}

// At once if there is a Loop to live on.
template <typename Open>
kj::Own<Store> openOnLoop(Open open) {
  if (Loop::find() == nullptr) return newLateStore(kj::mv(open));
  return open();
}

}  // namespace

kj::Own<Store> newMemoryStore(StoreOptions options) {
  return openOnLoop([options]() mutable { return openMemoryStore(options); });
}

kj::Own<Store> newSqliteStore(kj::StringPtr path, StoreOptions options) {
  return openOnLoop(
      [path = kj::str(path), options]() mutable { return openSqliteStore(path, options); });
}

kj::Own<Store> newPostgresStore(kj::StringPtr uri, StoreOptions options) {
  return openOnLoop(
      [uri = kj::str(uri), options]() mutable { return openPostgresStore(uri, options); });
}

}  // namespace troth
