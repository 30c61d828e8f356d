// store-load STORE CALLERS PROMISES: each of CALLERS creates a promise and then settles it, again
// and again, until there were PROMISES in all. Prints promises a second, and for how long a caller
// waited for one to be created and settled: the median and the 99th percentile, in microseconds.

#include <kj/debug.h>
#include <kj/main.h>
#include <troth/store.h>
#include <troth/vat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

namespace troth {
namespace {

using Clock = std::chrono::steady_clock;

int64_t microsBetween(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - begin).count();
}

class Load {
public:
  Load(Store& store, uint64_t promises)
      : store(store), promisesLeft(promises), prefix(kj::str(kj::hex(std::random_device()()))) {
    latencies.reserve(promises);
  }

  kj::Promise<void> call() {
    while (promisesLeft > 0) {
      auto id = kj::str("bench-", prefix, "-", --promisesLeft);
      auto begin = Clock::now();
      co_await store.create({.id = kj::str(id)});
      co_await store.settle({.id = kj::mv(id), .value = kj::heapArray<kj::byte>(VALUE_BYTES)});
      latencies.push_back(microsBetween(begin, Clock::now()));
    }
  }

  int64_t percentile(int percent) {
    std::sort(latencies.begin(), latencies.end());
    return latencies[(latencies.size() - 1) * percent / 100];
  }

private:
  static constexpr size_t VALUE_BYTES = 64;

  Store& store;
  uint64_t promisesLeft;
  kj::String prefix;
  std::vector<int64_t> latencies;
};

class StoreLoad {
public:
  explicit StoreLoad(kj::ProcessContext& context): context(context) {}

  kj::MainFunc getMain() {
    return kj::MainBuilder(context, "store-load", "Creates and settles durable promises.")
        .expectArg("<store>", KJ_BIND_METHOD(*this, setLocation))
        .expectArg("<callers>", KJ_BIND_METHOD(*this, setCallers))
        .expectArg("<promises>", KJ_BIND_METHOD(*this, setPromises))
        .callAfterParsing(KJ_BIND_METHOD(*this, run))
        .build();
  }

private:
  kj::ProcessContext& context;
  kj::StringPtr location;
  uint64_t callers = 0;
  uint64_t promises = 0;

  kj::MainBuilder::Validity setLocation(kj::StringPtr arg) {
    location = arg;
    return true;
  }
  kj::MainBuilder::Validity setCallers(kj::StringPtr arg) {
    callers = arg.parseAs<uint64_t>();
    return true;
  }
  kj::MainBuilder::Validity setPromises(kj::StringPtr arg) {
    promises = arg.parseAs<uint64_t>();
    return true;
  }

  kj::MainBuilder::Validity run() {
    Vat vat;
    auto store = openStore(location);
    store->find("warm-up").wait(vat);
    Load load(*store, promises);
    auto before = store->getTraffic();
    auto begin = Clock::now();
    kj::Vector<kj::Promise<void>> all;
    for (uint64_t i = 0; i < callers; ++i) all.add(load.call());
    kj::joinPromisesFailFast(all.releaseAsArray()).wait(vat);
    auto seconds = microsBetween(begin, Clock::now()) / 1e6;
    auto transactions = store->getTraffic().transactions - before.transactions;
    std::printf("%.0f %lld %lld %.1f\n", promises / seconds,
        static_cast<long long>(load.percentile(50)), static_cast<long long>(load.percentile(99)),
        2.0 * promises / transactions);
    std::fflush(stdout);
    return true;
  }
};

}  // namespace
}  // namespace troth

KJ_MAIN(troth::StoreLoad)
