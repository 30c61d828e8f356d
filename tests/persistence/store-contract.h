#pragma once
// The tests that every store has to pass: a suite of what each method does, and random walks that
// are compared with a model.
//
// To run them over a store, say how to make one, in a source file of an executable that links
// troth-store-contract:
//
//     class SqliteWorld final: public troth::StoreWorld {
//     public:
//       kj::Own<troth::Store> open(troth::StoreOptions options) override {
//         return troth::newSqliteStore(path, options);
//       }
//     ...
//     };
//     TROTH_TEST_STORE(Sqlite, []() -> kj::Own<troth::StoreWorld> { return kj::heap<SqliteWorld>();
//     });
//
// Time is the tests': it stands still until they move it. Stores look around every few
// milliseconds, of real time.

#include <kj/vector.h>
#include <troth/loop.h>

#include <atomic>
#include <functional>
#include <random>
#include <set>

#include "requests.h"

namespace troth {

// Where the stores of one test keep their data. Made anew, and empty, for each test, once its Loop
// is there.
class StoreWorld {
public:
  virtual ~StoreWorld() noexcept(false) {}

  // A store on the data of this world. Several may be open at a time.
  virtual kj::Own<Store> open(StoreOptions options) = 0;

  // Makes all stores fail from a step on that `random` chooses, until crash(). Says how, for a log;
  // empty if nothing will fail.
  virtual std::string planFault(std::mt19937&) { return ""; }

  // Called when all stores were closed in the midst of requests, before they are opened again.
  // Loses what a crash loses, and returns when nothing that was asked for is on its way any more.
  virtual void crash() {}
};

struct StoreKind {
  const char* name;
  kj::Own<StoreWorld> (*makeWorld)();
};

inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

// A clock that stands still. May be read by other threads.
class ManualClock final: public kj::Clock {
public:
  kj::Date now() const override { return kj::UNIX_EPOCH + micros.load() * kj::MICROSECONDS; }
  void advance(kj::Duration duration) { micros += duration / kj::MICROSECONDS; }

private:
  std::atomic<int64_t> micros = 1'767'225'600'000'000;
};

// What tests of whole stores are made of.
class StoreTest: public testing::TestWithParam<StoreKind> {
protected:
  ~StoreTest() noexcept override {}

  Loop loop;
  ManualClock clock;
  kj::Own<StoreWorld> world = GetParam().makeWorld();

  StoreOptions options() const {
    StoreOptions options;
    options.clock = clock;
    options.pollInterval = 5 * kj::MILLISECONDS;
    return options;
  }

  kj::Own<Store> open() { return world->open(options()); }

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(loop.waitScope());
  }

  // What `promise` breaks with; fails the test if it does not break.
  template <typename T>
  kj::Exception failureOf(kj::Promise<T> promise) {
    return thrownBy([&]() { promise.wait(loop.waitScope()); });
  }

  template <typename T>
  void expectRefused(kj::Promise<T> promise, kj::StringPtr part) {
    auto failure = failureOf(kj::mv(promise));
    EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
    EXPECT_MENTIONS(failure.getDescription(), part.cStr());
  }
};

class StoreContract: public StoreTest {
protected:
  ~StoreContract() noexcept override {}

  kj::Own<Store> store = open();

  Record create(CreateRequest request) { return wait(store->create(kj::mv(request))); }
  Record settle(SettleRequest request) { return wait(store->settle(kj::mv(request))); }

  Record get(kj::StringPtr id) { return get(*store, id); }
  Record get(Store& from, kj::StringPtr id) { return KJ_ASSERT_NONNULL(wait(from.find(id)), id); }
  bool exists(kj::StringPtr id) { return wait(store->find(id)) != nullptr; }

  // What "me" gets of the work for the bank, once there is some: who waits for that may be woken
  // before.
  std::string claimWhenDue() {
    const kj::StringPtr targets[] = {"bank"};
    for (;;) {
      wait(store->whenDue(targets));
      auto claimed = idsOf(claim(*store, "me", "bank"));
      if (!claimed.empty()) return claimed;
    }
  }

  kj::Array<Record> claim(
      Store& from, kj::StringPtr owner, kj::StringPtr target, uint32_t recordsMax = 64) {
    ClaimRequest request{.lease = {kj::str(owner)}};
    request.targets = kj::arr(kj::str(target));
    request.recordsMax = recordsMax;
    return recordsOf(wait(from.claim(kj::mv(request))));
  }
};

class StoreWalk: public StoreTest {
protected:
  ~StoreWalk() noexcept override {}
};

#define TROTH_TEST_STORE(Name, makeWorld)                                          \
  INSTANTIATE_TEST_SUITE_P(                                                        \
      Name, StoreContract, testing::Values(::troth::StoreKind{#Name, makeWorld})); \
  INSTANTIATE_TEST_SUITE_P(Name, StoreWalk, testing::Values(::troth::StoreKind{#Name, makeWorld}))

}  // namespace troth
