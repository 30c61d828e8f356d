#include <kj/thread.h>
#include <troth/algebra.h>

#include <thread>

#include "algebra-testing.h"

namespace troth {
namespace {

using TransformTest = PromiseTest;

// Runs `make` in a turn and awaits what it returns; expects that `ran` was not set in that turn.
template <typename Make>
void expectLaterTurn(kj::WaitScope& waitScope, bool& ran, Make make) {
  kj::evalLater([&]() {
    auto running = _::withoutValue(make()).eagerlyEvaluate([](kj::Exception&&) {});
    EXPECT_FALSE(ran);
    return running;
  }).wait(waitScope);
  EXPECT_TRUE(ran);
}

TEST_F(TransformTest, NoneRunsAFunctionInTheTurnInWhichItIsMade) {
  auto check = [&](auto make) {
    bool ran = false;
    expectLaterTurn(waitScope, ran, [&]() { return make(ran); });
  };
  using Int = kj::Promise<int>;
  check([](bool& ran) { return troth::map(Int(1), [&](int) { return ran = true; }); });
  check([](bool& ran) {
    return troth::flatMap(Int(1), [&](int) { return kj::Promise<bool>(ran = true); });
  });
  check(
      [](bool& ran) { return troth::recover(Int(refused()), [&](auto&&) { return ran = true; }); });
  check([](bool& ran) { return troth::finally(Int(1), [&]() { ran = true; }); });
  check([](bool& ran) { return troth::lazy([&]() { ran = true; }); });
  check([](bool& ran) {
    return troth::via(Int(1), kj::getCurrentThreadExecutor(), [&](int) { ran = true; });
  });
}

TEST_F(TransformTest, MapMakesAValueOfAValue) {
  EXPECT_EQ("5", troth::map(kj::Promise<int>(5), [](int i) { return kj::str(i); }).wait(waitScope));
  int calls = 0;
  troth::map(kj::Promise<void>(kj::READY_NOW), [&]() { ++calls; }).wait(waitScope);
  EXPECT_EQ(1, calls);
  auto failed = troth::map(kj::Promise<int>(refused()), [&](int) { ++calls; });
  EXPECT_EQ("refused", describe(failureOf(kj::mv(failed), waitScope)));
  auto thrown = troth::map(kj::Promise<int>(1), [](int i) -> int {
    if (i == 1) kj::throwFatalException(refused());
    return i;
  });
  EXPECT_EQ("refused", describe(failureOf(kj::mv(thrown), waitScope)));
  EXPECT_EQ(1, calls);
}

TEST_F(TransformTest, FlatMapFollowsAPromise) {
  auto promise = kj::Promise<int>(5);
  auto next = troth::flatMap(promise, [](int i) { return kj::evalLater([i]() { return i + 1; }); });
  EXPECT_EQ(6, next.wait(waitScope));
}

TEST_F(TransformTest, RecoverMakesAValueOfAnException) {
  auto zero = [](kj::Exception&&) { return 0; };
  EXPECT_EQ(5, troth::recover(kj::Promise<int>(5), zero).wait(waitScope));
  EXPECT_EQ(0, troth::recover(kj::Promise<int>(refused()), zero).wait(waitScope));
  auto later = [](const kj::Exception&) { return kj::evalLater([]() { return 7; }); };
  EXPECT_EQ(7, troth::recover(kj::Promise<int>(refused()), later).wait(waitScope));
  auto pass = [](kj::Exception&& e) -> int { kj::throwFatalException(kj::mv(e)); };
  EXPECT_EQ(
      "refused", describe(failureOf(troth::recover(kj::Promise<int>(refused()), pass), waitScope)));
}

TEST_F(TransformTest, FinallyRunsOnEitherOutcomeAndKeepsIt) {
  int calls = 0;
  auto count = [&]() { ++calls; };
  EXPECT_EQ(5, troth::finally(kj::Promise<int>(5), count).wait(waitScope));
  EXPECT_EQ("refused",
      describe(failureOf(troth::finally(kj::Promise<void>(refused()), count), waitScope)));
  EXPECT_EQ(2, calls);
}

TEST_F(TransformTest, FinallyWaitsForWhatItsFunctionReturns) {
  auto gate = kj::newPromiseAndFulfiller<int>();
  auto promise =
      troth::finally(kj::Promise<kj::String>(kj::str("x")), [&]() { return kj::mv(gate.promise); });
  EXPECT_FALSE(promise.poll(waitScope));
  gate.fulfiller->fulfill(1);
  EXPECT_EQ("x", promise.wait(waitScope));
}

TEST_F(TransformTest, FinallyPutsItsOwnFailureInPlaceOfTheOutcome) {
  auto fail = []() { kj::throwFatalException(KJ_EXCEPTION(FAILED, "from finally")); };
  auto failLater = []() -> kj::Promise<void> { return KJ_EXCEPTION(FAILED, "from a promise"); };
  EXPECT_EQ(
      "from finally", describe(failureOf(troth::finally(kj::Promise<int>(1), fail), waitScope)));
  EXPECT_EQ("from a promise",
      describe(failureOf(troth::finally(kj::Promise<int>(refused()), failLater), waitScope)));
}

TEST_F(TransformTest, FinallyDoesNotRunIfItIsDropped) {
  bool ran = false;
  {
    auto dropped = troth::finally(kj::Promise<int>(1), [&]() { ran = true; });
  }
  waitScope.poll();
  EXPECT_FALSE(ran);
}

TEST_F(TransformTest, LazyRunsWhenItIsFirstAwaited) {
  int runs = 0;
  auto lazy = troth::lazy([&]() { return ++runs; });
  auto then = lazy.then([](int i) { return i * 10; });
  waitScope.poll();
  EXPECT_EQ(0, runs);
  EXPECT_EQ(10, then.wait(waitScope));
  EXPECT_EQ(1, runs);
  auto flat = troth::lazy([]() { return kj::Promise<int>(4); });
  EXPECT_EQ(4, flat.wait(waitScope));
  auto failing = troth::lazy([]() -> int { kj::throwFatalException(refused()); });
  EXPECT_EQ("refused", describe(failureOf(kj::mv(failing), waitScope)));
}

TEST_F(TransformTest, LazyNeverRunsIfItIsDroppedUnawaited) {
  bool ran = false;
  {
    auto lazy = troth::lazy([&]() { ran = true; });
  }
  waitScope.poll();
  EXPECT_FALSE(ran);
}

// A thread with an event loop that runs until it is told to stop.
class OtherThread {
public:
  OtherThread() { start.wait(); }
  ~OtherThread() { stop(); }

  const kj::Executor& executor() { return *executor_; }
  void stop() {
    if (stopper.get() == nullptr) return;
    executor_->executeSync([&]() {
      stopper->fulfill();
      stopper = nullptr;
    });
    thread = nullptr;
  }

private:
  struct Latch {
    kj::MutexGuarded<bool> open{false};
    void wait() {
      open.when([](bool isOpen) { return isOpen; }, [](bool&) {});
    }
    void release() { *open.lockExclusive() = true; }
  };
  Latch start;
  kj::Own<const kj::Executor> executor_;
  kj::Own<kj::PromiseFulfiller<void>> stopper;
  kj::Own<kj::Thread> thread = kj::heap<kj::Thread>([this]() {
    kj::EventLoop loop;
    kj::WaitScope waitScope(loop);
    auto stopped = kj::newPromiseAndFulfiller<void>();
    stopper = kj::mv(stopped.fulfiller);
    executor_ = kj::getCurrentThreadExecutor().addRef();
    start.release();
    stopped.promise.wait(waitScope);
  });
};

TEST_F(TransformTest, ViaContinuesInAnotherThreadAndComesBack) {
  OtherThread other;
  auto here = std::this_thread::get_id();
  std::thread::id there;
  auto promise =
      troth::via(kj::Promise<kj::String>(kj::str("a")), other.executor(), [&](kj::String& text) {
        there = std::this_thread::get_id();
        return kj::evalLater([&text]() { return kj::str(text, "b"); });
      }).then([&](kj::String text) {
        EXPECT_EQ(here, std::this_thread::get_id());
        return text;
      });
  EXPECT_EQ("ab", promise.wait(waitScope));
  EXPECT_NE(here, there);
}

TEST_F(TransformTest, ViaCarriesExceptionsAndVoid) {
  OtherThread other;
  auto failing = troth::via(kj::Promise<void>(kj::READY_NOW), other.executor(),
      []() { kj::throwFatalException(refused()); });
  EXPECT_MENTIONS(describe(failureOf(kj::mv(failing), waitScope)), "refused");
}

TEST_F(TransformTest, ViaCancelsInTheOtherThreadWhenItIsDropped) {
  OtherThread other;
  std::atomic<int> started = 0;
  std::atomic<int> cancelled = 0;
  {
    auto promise = troth::via(kj::Promise<int>(1), other.executor(), [&](int) {
      ++started;
      return kj::Promise<void>(kj::NEVER_DONE).attach(kj::defer([&]() { ++cancelled; }));
    });
    while (started == 0) promise.poll(waitScope);
  }
  EXPECT_EQ(1, cancelled);
}

TEST_F(TransformTest, ViaBreaksIfTheOtherLoopIsGone) {
  OtherThread other;
  auto executor = other.executor().addRef();
  other.stop();
  auto promise = troth::via(kj::Promise<int>(1), *executor, [](int i) { return i; });
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, failureOf(kj::mv(promise), waitScope).getType());
}

TEST(Transform, IsAmongTheMembersOfAPromise) {
  TwoVats vats;
  auto node = vats.connect();
  EXPECT_EQ(6, node.echo(5).value().map([](int64_t value) { return value + 1; }).wait(vats));
  auto twice =
      node.echo(5).value().flatMap([&](int64_t value) { return node.echo(value * 2).value(); });
  EXPECT_EQ(10, twice.wait(vats));
  auto recovered =
      node.fail(lab::Failure::SYNCHRONOUSLY, 0, "why").value().recover([](kj::Exception&&) {
        return -1;
      });
  EXPECT_EQ(-1, recovered.wait(vats));
  bool ended = false;
  auto label = node.label().label().finally([&]() { ended = true; });
  EXPECT_EQ("root", std::string(label.wait(vats).cStr()));
  EXPECT_TRUE(ended);
  auto length = node.label().label().via(
      vats.loop.executor(), [](Owned<capnp::Text>& text) { return text.size(); });
  EXPECT_EQ(4u, length.wait(vats));
  bool pushed = false;
  node.push(1).finally([&]() { pushed = true; }).wait(vats);
  EXPECT_TRUE(pushed);
}

TEST(Transform, OfAPromiseOfACallDropsTheCallThoughItsVariableLives) {
  TwoVats vats;
  auto node = vats.connect();
  auto held = node.holdCancelable().value();
  {
    auto mapped = held.map([](int64_t value) { return value; });
    vats.settle();
    EXPECT_EQ(1, vats.lab.holdsStarted);
  }
  vats.settle();
  EXPECT_EQ(1, vats.lab.holdsEnded);
}

}  // namespace
}  // namespace troth
