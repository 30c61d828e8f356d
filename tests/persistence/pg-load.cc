#include "pg-load.h"

namespace troth {

Load::Load(Loop& loop, Store& one, Store& other)
    : loop(loop), one(one), other(other), callers(*this) {
  for (int i = 0; i < CALLERS; ++i) callers.add(call(kj::str("load.", i)));
}

kj::Promise<void> Load::settled(uint64_t count) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  awaitedCount = settledCount + count;
  enough = kj::mv(paf.fulfiller);
  return kj::mv(paf.promise);
}

kj::Promise<void> Load::stop() {
  isStopping = true;
  return callers.onEmpty();
}

kj::Promise<void> Load::call(kj::String prefix) {
  for (int i = 0; !isStopping; ++i) co_await live(kj::str(prefix, '.', i));
}

kj::Promise<void> Load::live(kj::String id) {
  co_await persist([&]() {
    auto request = work(id);
    request.tags = kj::arr(kj::str("all"), kj::str("some"));
    return one.create(kj::mv(request));
  });
  acknowledged[id.cStr()];
  auto first = settle(one, id, "one"), second = settle(other, id, "other");
  auto value = co_await first;
  acknowledged[id.cStr()] = value;
  EXPECT_EQ(value, co_await second) << id.cStr();
  if (++settledCount >= awaitedCount && enough.get() != nullptr) enough->fulfill();
}

kj::Promise<std::string> Load::settle(Store& store, kj::StringPtr id, kj::StringPtr value) {
  auto record = co_await persist([&]() { return store.settle(fulfill(id, value)); });
  EXPECT_EQ(PromiseState::FULFILLED, record.state) << id.cStr();
  co_return textOf(record.value);
}

kj::Promise<Record> Load::persist(std::function<kj::Promise<Record>()> request) {
  for (;;) {
    try {
      co_return co_await request();
    } catch (const kj::Exception& failure) {
      auto type = failure.getType();
      bool isLater =
          type == kj::Exception::Type::OVERLOADED || type == kj::Exception::Type::DISCONNECTED;
      if (!isLater) throw;
    }
    co_await loop.timer().afterDelay(10 * kj::MILLISECONDS);
  }
}

void Load::taskFailed(kj::Exception&& exception) {
  ADD_FAILURE() << kj::str(exception).cStr();
  if (enough.get() != nullptr) enough->reject(kj::mv(exception));
}

}  // namespace troth
