#include <troth/algebra.h>
#include <uv.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "algebra-testing.h"

namespace troth {
namespace {

// Holds up work until the test lets it go on.
class Gate {
public:
  void pass() {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    changed.wait(lock, [this]() { return isOpen; });
  }
  void open() {
    std::unique_lock lock(mutex);
    isOpen = true;
    changed.notify_all();
  }
  void awaitWaiting(int count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&]() { return waiting >= count; });
  }

private:
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  bool isOpen = false;
};

// Threads of libuv's pool, unless the environment says otherwise.
constexpr int POOL_THREADS = 4;

// Work that takes all threads, until the gate is opened.
std::vector<kj::Promise<void>> occupyPool(Vat& vat, Gate& gate) {
  std::vector<kj::Promise<void>> result;
  for (int i = 0; i < POOL_THREADS; ++i) {
    result.push_back(vat.offload([&gate]() { gate.pass(); }));
  }
  gate.awaitWaiting(POOL_THREADS);
  return result;
}

TEST(Offload, RunsInAnotherThreadAndGivesTheResult) {
  Vat vat;
  auto here = std::this_thread::get_id();
  auto there = vat.offload([]() { return std::this_thread::get_id(); }).wait(vat);
  EXPECT_NE(here, there);
  vat.offload([]() {}).wait(vat);
  EXPECT_EQ("owned", *vat.offload([]() { return kj::heap<std::string>("owned"); }).wait(vat));
}

TEST(Offload, LetsTheVatGoOnMeanwhile) {
  Vat vat;
  Gate gate;
  auto work = vat.offload([&]() { gate.pass(); });
  vat.timer().afterDelay(1 * kj::MILLISECONDS).wait(vat);
  EXPECT_FALSE(work.poll(vat));
  gate.open();
  work.wait(vat);
}

TEST(Offload, CarriesExceptionsOver) {
  Vat vat;
  auto kjWork = vat.offload([]() { kj::throwFatalException(refused()); });
  auto failure = failureOf(kj::mv(kjWork), vat);
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  EXPECT_EQ("refused", describe(failure));
  auto standardWork = vat.offload([]() -> int { throw std::runtime_error("standard"); });
  EXPECT_MENTIONS(describe(failureOf(kj::mv(standardWork), vat)), "standard");
}

TEST(Offload, DestroysTheFunctionInTheThreadOfTheVat) {
  Vat vat;
  std::thread::id destroyedIn;
  auto note = kj::defer([&]() { destroyedIn = std::this_thread::get_id(); });
  vat.offload([note = kj::mv(note)]() {}).wait(vat);
  EXPECT_EQ(std::this_thread::get_id(), destroyedIn);
}

TEST(Offload, CancelsWorkThatHasNotStartedWhenItIsDropped) {
  Vat vat;
  Gate gate;
  auto running = occupyPool(vat, gate);
  std::atomic<bool> ran = false;
  bool destroyed = false;
  {
    auto dropped =
        vat.offload([&ran, note = kj::defer([&]() { destroyed = true; })]() { ran = true; });
  }
  EXPECT_TRUE(destroyed);
  gate.open();
  troth::all(running).wait(vat);
  vat.offload([]() {}).wait(vat);
  EXPECT_FALSE(ran);
}

TEST(Offload, DropsTheResultOfRunningWorkSafely) {
  Vat vat;
  Gate gate;
  {
    auto dropped = vat.offload([&]() {
      gate.pass();
      return kj::heap<int>(5);
    });
    gate.awaitWaiting(1);
  }
  gate.open();
  vat.offload([]() {}).wait(vat);
}

TEST(Offload, RefusesWorkOverItsLimit) {
  VatOptions options;
  options.limits.offloaded = POOL_THREADS + 1;
  Vat vat(kj::mv(options));
  Gate gate;
  auto running = occupyPool(vat, gate);
  auto queued = vat.offload([]() {});
  auto failure = failureOf(vat.offload([]() {}), vat);
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  EXPECT_MENTIONS(describe(failure), "limit offloaded = 5");
  gate.open();
  queued.wait(vat);
  vat.offload([]() {}).wait(vat);
}

TEST(Offload, EndsBeforeItsVat) {
  std::atomic<bool> ended = false;
  std::atomic<bool> ranQueued = false;
  Gate gate;
  Loop loop;
  auto vat = kj::heap<Vat>(vatOptions(loop));
  auto running = vat->offload([&]() {
    gate.pass();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ended = true;
  });
  gate.awaitWaiting(1);
  auto others = occupyPool(*vat, gate);
  // Is destroyed when it is cancelled, which is before the vat waits for the others.
  auto queued =
      vat->offload([&, opener = kj::defer([&]() { gate.open(); })]() { ranQueued = true; });
  vat = nullptr;
  EXPECT_TRUE(ended);
  EXPECT_FALSE(ranQueued);
  EXPECT_MENTIONS(describe(failureOf(kj::mv(running), loop.waitScope())),
      "the vat that work was offloaded in is gone");
}

TEST(Offload, EndsBeforeAVatThatOwnsItsLoop) {
  std::atomic<int> ended = 0;
  for (int i = 0; i < 20; ++i) {
    Vat vat;
    for (int j = 0; j < 10; ++j) vat.offload([&]() { ++ended; }).detach([](kj::Exception&&) {});
  }
  EXPECT_LE(ended, 200);
}

TEST(Offload, WorksInAProgramThatRunsTheLoop) {
  uv_loop_t program;
  uv_loop_init(&program);
  int result = 0;
  {
    Loop loop(program);
    Vat vat(vatOptions(loop));
    auto work = vat.offload([]() { return 42; })
                    .then([&](int value) { result = value; })
                    .eagerlyEvaluate(nullptr);
    uv_run(&program, UV_RUN_DEFAULT);
    EXPECT_EQ(42, result);
  }
  uv_run(&program, UV_RUN_DEFAULT);
  EXPECT_EQ(0, uv_loop_close(&program));
}

}  // namespace
}  // namespace troth
