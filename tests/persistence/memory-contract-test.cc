// What every store does, done by that in memory.

#include "memory-backend.h"
#include "sql-contract.h"

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

TEST(MemoryStore, HasNoSqlAndSaysWhoHas) {
  Loop loop;
  auto store = newMemoryStore();
  auto refused = [&](auto promise) {
    auto failure = thrownBy([&]() { promise.wait(loop.waitScope()); });
    EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
    EXPECT_MENTIONS(failure.getDescription(), "use SQLite or PostgreSQL");
  };
  refused(store->transact(transactionOf("t"), never()));
  refused(store->execute("CREATE TABLE a (b text)"));
  EXPECT_TRUE(store->find("t").wait(loop.waitScope()) == nullptr);
}

}  // namespace
}  // namespace troth
