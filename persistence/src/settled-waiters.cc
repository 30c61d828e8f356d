#include "settled-waiters.h"

#include <kj/debug.h>

namespace troth {

// The other end of a promise from wait(), as long as somebody holds that.
class SettledWaiters::Waiter {
public:
  Waiter(kj::PromiseFulfiller<Record>& fulfiller, SettledWaiters& registry, kj::StringPtr id);
  ~Waiter() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Waiter);

  kj::PromiseFulfiller<Record>& fulfiller;
  kj::ListLink<Waiter> link;

private:
  SettledWaiters& registry;
  Awaited& awaited;
};

struct SettledWaiters::Awaited {
  kj::String id;
  kj::List<Waiter, &Waiter::link> waiters;
};

SettledWaiters::Waiter::Waiter(
    kj::PromiseFulfiller<Record>& fulfiller, SettledWaiters& registry, kj::StringPtr id)
    : fulfiller(fulfiller), registry(registry), awaited(registry.add(id)) {
  awaited.waiters.add(*this);
  ++registry.waiters;
}

SettledWaiters::Waiter::~Waiter() noexcept(false) {
  awaited.waiters.remove(*this);
  --registry.waiters;
  if (awaited.waiters.empty()) registry.awaited.erase(awaited.id);
}

SettledWaiters::SettledWaiters() = default;
SettledWaiters::~SettledWaiters() noexcept(false) = default;

kj::Promise<Record> SettledWaiters::wait(kj::StringPtr id) {
  if (waiters >= WAITERS_MAX) {
    kj::throwFatalException(
        KJ_EXCEPTION(OVERLOADED, "too many wait for promises to settle", WAITERS_MAX));
  }
  return kj::newAdaptedPromise<Record, Waiter>(*this, id);
}

kj::Array<kj::String> SettledWaiters::ids() const {
  return KJ_MAP(entry, awaited) { return kj::str(entry.key); };
}

// The promises are dropped later: until then each waiter ignores what comes after the first.
void SettledWaiters::deliver(const Record& record) {
  KJ_IF_MAYBE(entry, awaited.find(record.id)) {
    for (auto& waiter: (*entry)->waiters) {
      if (waiter.fulfiller.isWaiting()) waiter.fulfiller.fulfill(record.clone());
    }
  }
}

void SettledWaiters::deliverGone(kj::StringPtr id) {
  KJ_IF_MAYBE(entry, awaited.find(id)) {
    for (auto& waiter: (*entry)->waiters) {
      if (waiter.fulfiller.isWaiting()) {
        waiter.fulfiller.reject(KJ_EXCEPTION(FAILED, "the promise was deleted", id));
      }
    }
  }
}

SettledWaiters::Awaited& SettledWaiters::add(kj::StringPtr id) {
  return *awaited.findOrCreate(id, [&]() -> decltype(awaited)::Entry {
    auto entry = kj::heap<Awaited>();
    entry->id = kj::str(id);
    return {kj::str(id), kj::mv(entry)};
  });
}

}  // namespace troth
