#include <kj/debug.h>
#include <troth/loop.h>
#include <troth/store.h>

#include "memory-backend.h"

namespace troth {

kj::Own<Store> newMemoryStore(StoreOptions options) {
  if (options.timer == nullptr) options.timer = Loop::current().timer();
  auto backend = newMemoryBackend(
      kj::refcounted<MemoryRecords>(), options.clock.orDefault(kj::systemPreciseCalendarClock()));
  return newBackedStore(kj::mv(backend), options);
}

}  // namespace troth
