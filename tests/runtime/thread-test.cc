#include "loop-testing.h"

#include <kj/mutex.h>
#include <kj/thread.h>

namespace troth {
namespace {

// A thread with a Loop of its own, which runs until this is destroyed.
class LoopThread {
public:
  LoopThread(): thread([this]() { run(); }) {
    const kj::Executor* ready = nullptr;
    state.when([](const State& s) { return s.executor != nullptr; },
        [&](State& s) { ready = s.executor; });
    executorInThread = ready;
  }
  ~LoopThread() noexcept(false) {
    executorInThread->executeSync([this]() { stop->fulfill(); });
  }
  KJ_DISALLOW_COPY_AND_MOVE(LoopThread);

  const kj::Executor& executor() { return *executorInThread; }

  // For use in the thread.
  Loop& loop() { return *loopInThread; }

private:
  struct State {
    const kj::Executor* executor = nullptr;
  };
  kj::MutexGuarded<State> state;
  const kj::Executor* executorInThread = nullptr;
  Loop* loopInThread = nullptr;
  kj::Own<kj::PromiseFulfiller<void>> stop;
  kj::Thread thread;

  void run() {
    Loop loop;
    loopInThread = &loop;
    auto paf = kj::newPromiseAndFulfiller<void>();
    stop = kj::mv(paf.fulfiller);
    state.lockExclusive()->executor = &loop.executor();
    paf.promise.wait(loop.waitScope());
  }
};

TEST(Thread, WakesALoopThatSleeps) {
  LoopThread other;
  usleep(2000);
  int answer = other.executor().executeSync([]() { return 42; });
  EXPECT_EQ(42, answer);
}

TEST(Thread, WakesALoopThatSleepsInSocketsAndTimers) {
  LoopThread other;
  int answer = other.executor().executeSync([&]() {
    return other.loop().timer().afterDelay(2 * kj::MILLISECONDS).then([]() { return 42; });
  });
  EXPECT_EQ(42, answer);
}

TEST(Thread, AnswersARequestWithoutBlockingWhoAsks) {
  LoopThread other;
  Loop loop;
  auto asked = other.executor().executeAsync([&]() {
    return other.loop().timer().afterDelay(2 * kj::MILLISECONDS).then([]() { return 42; });
  });
  EXPECT_FALSE(asked.poll(loop.waitScope()));
  EXPECT_EQ(42, asked.wait(loop.waitScope()));
}

TEST(Thread, CarriesAFailureBack) {
  LoopThread other;
  Loop loop;
  auto asked = other.executor().executeAsync(
      []() -> kj::Promise<void> { return KJ_EXCEPTION(FAILED, "in the other thread"); });
  auto failure = failureOf(kj::mv(asked), loop.waitScope());
  EXPECT_TRUE(mentions(failure, "in the other thread"));
}

TEST(Thread, CancelsARequestThatIsDropped) {
  LoopThread other;
  Loop loop;
  auto asked = other.executor().executeAsync([]() -> kj::Promise<void> { return kj::NEVER_DONE; });
  EXPECT_FALSE(asked.poll(loop.waitScope()));
  asked = kj::Promise<void>(kj::READY_NOW);
}

TEST(Thread, TwoLoopsAskEachOther) {
  constexpr int ROUNDS = 200;
  LoopThread other;
  Loop loop;
  auto& here = loop.executor();
  int asked = 0;
  for (int i = 0; i < ROUNDS; ++i) {
    int answer = other.executor()
                     .executeAsync([&here, &asked, i]() {
                       return here.executeAsync([&asked, i]() {
                         ++asked;
                         return i;
                       });
                     })
                     .wait(loop.waitScope());
    EXPECT_EQ(i, answer);
  }
  EXPECT_EQ(ROUNDS, asked);
}

TEST(Thread, WakesAProgramThatSleepsInItsOwnLoop) {
  ProgramLoop program;
  Loop loop(program.get());
  auto& here = loop.executor();
  // Something of the program's keeps its loop running until the request has come.
  ProgramTimer alive(program.get(), 3'600'000, [](ProgramTimer&) {});
  int ran = 0;
  int answer = 0;
  {
    kj::Thread other([&]() {
      usleep(2000);
      here.executeSync([&]() { ++ran; });
      answer = here.executeSync([&]() {
        return loop.timer().afterDelay(1 * kj::MILLISECONDS).then([&]() {
          alive.close();
          return 42;
        });
      });
    });
    program.run();
  }
  EXPECT_EQ(1, ran);
  EXPECT_EQ(42, answer);
}

TEST(Thread, AProgramsLoopAsksAnother) {
  LoopThread other;
  ProgramLoop program;
  Loop loop(program.get());
  ProgramTimer alive(program.get(), 3'600'000, [](ProgramTimer&) {});
  int answer = 0;
  auto asking = other.executor()
                    .executeAsync([]() { return 42; })
                    .then([&](int value) {
                      answer = value;
                      alive.close();
                    })
                    .eagerlyEvaluate(nullptr);
  program.run();
  EXPECT_EQ(42, answer);
}

TEST(Thread, RequestsArriveThoughTheLoopIsBusy) {
  ProgramLoop program;
  Loop loop(program.get());
  auto& here = loop.executor();
  std::function<kj::Promise<void>()> spin = [&]() {
    return kj::evalLater([&]() { return spin(); });
  };
  kj::Promise<void> spinning = spin().eagerlyEvaluate(nullptr);
  kj::Thread other(
      [&]() { here.executeSync([&]() { spinning = kj::Promise<void>(kj::READY_NOW); }); });
  program.run();
}

TEST(Thread, ARequestToALoopThatIsGoneFails) {
  kj::Own<const kj::Executor> executor;
  {
    Loop loop;
    executor = loop.executor().addRef();
  }
  KJ_IF_MAYBE(e, kj::runCatchingExceptions([&]() { executor->executeSync([]() {}); })) {
    EXPECT_EQ(kj::Exception::Type::DISCONNECTED, e->getType());
  } else {
    ADD_FAILURE() << "expected an exception";
  }
}

}  // namespace
}  // namespace troth
