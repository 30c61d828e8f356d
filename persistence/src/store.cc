#include <kj/debug.h>
#include <troth/loop.h>
#include <troth/store.h>

#include "memory-backend.h"

namespace troth {

kj::Own<Store> newMemoryStore(StoreOptions options) {
  if (options.timer == nullptr) options.timer = Loop::current().timer();
  auto backend = newMemoryBackend(options.clock.orDefault(kj::systemPreciseCalendarClock()));
  return newBackedStore(kj::mv(backend), options);
}

kj::Own<Store> openStore(kj::StringPtr location, StoreOptions options) {
  if (location.startsWith("postgresql:") || location.startsWith("postgres:")) {
    return newPostgresStore(location, kj::mv(options));
  }
  return newMemoryStore(kj::mv(options));
}

}  // namespace troth
