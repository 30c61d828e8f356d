// What every store does, done by that in memory.

#include "memory-backend.h"
#include "store-contract.h"

namespace troth {
namespace {

class MemoryWorld final: public StoreWorld {
public:
  kj::Own<Store> open(StoreOptions options) override {
    if (options.timer == nullptr) options.timer = Loop::current().timer();
    auto& clock = KJ_REQUIRE_NONNULL(options.clock);
    return newBackedStore(newMemoryBackend(kj::addRef(*records), clock), options);
  }

private:
  kj::Own<MemoryRecords> records = kj::refcounted<MemoryRecords>();
};

TROTH_TEST_STORE(Memory, []() -> kj::Own<StoreWorld> { return kj::heap<MemoryWorld>(); });

}  // namespace
}  // namespace troth
