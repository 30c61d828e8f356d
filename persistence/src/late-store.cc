#include "late-store.h"

namespace troth {
namespace {

class LateStore final: public Store {
public:
  explicit LateStore(kj::Function<kj::Own<Store>()> open): open(kj::mv(open)) {}

  kj::Promise<Record> create(CreateRequest request) override {
    return get().create(kj::mv(request));
  }
  kj::Promise<Record> settle(SettleRequest request) override {
    return get().settle(kj::mv(request));
  }
  kj::Promise<kj::Maybe<Record>> find(kj::StringPtr id) override { return get().find(id); }
  kj::Promise<Record> whenSettled(kj::StringPtr id) override { return get().whenSettled(id); }
  kj::Promise<Page> search(SearchRequest request) override { return get().search(kj::mv(request)); }
  kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) override {
    return get().claim(kj::mv(request));
  }
  kj::Promise<void> whenDue(kj::ArrayPtr<const kj::StringPtr> targets) override {
    return get().whenDue(targets);
  }
  kj::Promise<Record> renew(RenewRequest request) override { return get().renew(kj::mv(request)); }
  kj::Promise<Record> release(ReleaseRequest request) override {
    return get().release(kj::mv(request));
  }
  kj::Promise<Record> park(ParkRequest request) override { return get().park(kj::mv(request)); }
  kj::Promise<Record> transact(TransactRequest request, SqlUse use) override {
    return get().transact(kj::mv(request), kj::mv(use));
  }
  kj::Promise<void> execute(kj::StringPtr script) override { return get().execute(script); }
  kj::Promise<Pruned> prune(PruneRequest request) override { return get().prune(request); }
  kj::Date now() override { return get().now(); }
  StoreTraffic getTraffic() const override {
    return opened.get() == nullptr ? StoreTraffic() : opened->getTraffic();
  }
  kj::Own<Durability> newDurability(ObjectHost& host, const DurableOptions& options) override {
    return get().newDurability(host, options);
  }
  kj::Own<SturdySecrets> newSturdySecrets() override { return get().newSturdySecrets(); }

private:
  kj::Function<kj::Own<Store>()> open;
  kj::Own<Store> opened;

  Store& get() {
    if (opened.get() == nullptr) opened = open();
    return *opened;
  }
};

}  // namespace

kj::Own<Store> newLateStore(kj::Function<kj::Own<Store>()> open) {
  return kj::heap<LateStore>(kj::mv(open));
}

}  // namespace troth
