#include "loop-testing.h"

#include <kj/thread.h>
#include <kj/vector.h>

namespace troth {
namespace {

// Sends back what it gets until the other end stops writing.
kj::Promise<void> echo(kj::Own<kj::AsyncIoStream> stream) {
  auto promise = stream->pumpTo(*stream).then([&s = *stream](uint64_t) { s.shutdownWrite(); });
  return promise.attach(kj::mv(stream));
}

// Sends `text` and returns what comes back.
kj::Promise<kj::String> call(kj::Own<kj::AsyncIoStream> stream, kj::StringPtr text) {
  auto promise = stream->write(text.begin(), text.size()).then([&s = *stream]() {
    s.shutdownWrite();
    return s.readAllText();
  });
  return promise.attach(kj::mv(stream));
}

TEST(Loop, RunsPromisesWhenOneIsWaitedFor) {
  Loop loop;
  int steps = 0;
  auto promise = kj::evalLater([&]() { ++steps; }).then([&]() { return ++steps; });
  EXPECT_EQ(0, steps);
  EXPECT_EQ(2, promise.wait(loop.waitScope()));
}

TEST(Loop, IsTheLoopOfItsThreadWhileItExists) {
  EXPECT_ANY_THROW(Loop::current());
  {
    Loop loop;
    EXPECT_EQ(&loop, &Loop::current());
    EXPECT_ANY_THROW(kj::Thread([]() { Loop::current(); }));
  }
  EXPECT_ANY_THROW(Loop::current());
}

TEST(Loop, WaitsOnAProgramsLoopWithoutTheProgramRunningIt) {
  ProgramLoop program;
  Loop loop(program.get());
  auto connection = connectOver(loop, "127.0.0.1:0");
  connection.client->write("x", 1).wait(loop.waitScope());
  char byte;
  connection.server->read(&byte, 1).wait(loop.waitScope());
  EXPECT_EQ('x', byte);
  loop.timer().afterDelay(1 * kj::MILLISECONDS).wait(loop.waitScope());
}

TEST(Loop, ServesAndCallsInAPlainLibuvProgram) {
  ProgramLoop program;
  Loop loop(program.get());
  auto start = kj::newPromiseAndFulfiller<void>();
  ProgramTimer clock(program.get(), 1, [&](ProgramTimer& timer) {
    if (timer.ticks == 3) start.fulfiller->fulfill();
  });
  auto listener = loop.network().parseAddress("127.0.0.1:0").wait(loop.waitScope())->listen();
  auto address =
      loop.network().parseAddress("127.0.0.1", listener->getPort()).wait(loop.waitScope());

  kj::String answer;
  auto serving = listener->accept()
                     .then([](kj::Own<kj::AsyncIoStream> stream) { return echo(kj::mv(stream)); })
                     .eagerlyEvaluate(nullptr);
  auto delayed = start.promise.then([&]() {
    EXPECT_EQ(3, clock.ticks);
    return loop.timer().afterDelay(2 * kj::MILLISECONDS);
  });
  auto connected = delayed.then([&]() { return address->connect(); });
  auto calling = connected
                     .then([](kj::Own<kj::AsyncIoStream> stream) {
                       return call(kj::mv(stream), "over libuv");
                     })
                     .then([&](kj::String text) {
                       answer = kj::mv(text);
                       clock.close();
                     })
                     .eagerlyEvaluate(nullptr);

  program.run();
  EXPECT_EQ("over libuv", answer);
}

TEST(Loop, RunsWhatACallbackMadeRunnableInTheSameIteration) {
  ProgramLoop program;
  Loop loop(program.get());
  auto pipe = loop.newTwoWayPipe();
  bool continued = false;
  char byte;
  auto reading = pipe.ends[0]
                     ->read(&byte, 1)
                     .then([]() { return kj::evalLater([]() {}); })
                     .then([&]() { continued = true; })
                     .eagerlyEvaluate(nullptr);
  uv_run(&program.get(), UV_RUN_NOWAIT);
  pipe.ends[1]->write("x", 1).wait(loop.waitScope());
  EXPECT_FALSE(continued);
  uv_run(&program.get(), UV_RUN_ONCE);
  EXPECT_TRUE(continued);
}

TEST(Loop, RunsWhatIsReadyBeforeAnEmptyLoopReturns) {
  ProgramLoop program;
  Loop loop(program.get());
  int steps = 0;
  auto promise = kj::evalLater([&]() {
    ++steps;
  }).then([&]() {
      return kj::evalLater([&]() { ++steps; });
    }).eagerlyEvaluate(nullptr);
  program.run();
  EXPECT_EQ(2, steps);
}

TEST(Loop, IsKeptRunningByAPendingReadAndNotByAnIdleStream) {
  ProgramLoop program;
  Loop loop(program.get());
  auto pipe = loop.newTwoWayPipe();
  char byte;
  pipe.ends[1]->write("x", 1).wait(loop.waitScope());
  pipe.ends[0]->read(&byte, 1).wait(loop.waitScope());
  // The stream is still being watched, but nobody waits for it.
  program.run();

  auto reading = pipe.ends[0]->read(&byte, 1).eagerlyEvaluate(nullptr);
  EXPECT_NE(0, uv_run(&program.get(), UV_RUN_NOWAIT));
  reading = nullptr;
  EXPECT_EQ(0, uv_run(&program.get(), UV_RUN_NOWAIT));
}

TEST(Loop, IsNotKeptRunningByATimerThatWasDropped) {
  ProgramLoop program;
  Loop loop(program.get());
  auto timer = loop.timer().afterDelay(1 * kj::HOURS);
  EXPECT_NE(0, uv_run(&program.get(), UV_RUN_NOWAIT));
  timer = nullptr;
  program.run();
}

// Never done, and never idle.
kj::Promise<void> spin() {
  return kj::evalLater([]() { return spin(); });
}

TEST(Loop, BusyPromisesDoNotStarveTheProgramsTimers) {
  ProgramLoop program;
  Loop loop(program.get());
  auto spinning = spin().eagerlyEvaluate(nullptr);
  ProgramTimer clock(program.get(), 2, [&](ProgramTimer& timer) {
    if (timer.ticks < 3) return;
    spinning = nullptr;
    timer.close();
  });
  program.run();
  EXPECT_EQ(3, clock.ticks);
}

TEST(Loop, BusyPromisesDoNotStarveSocketsAndTimers) {
  Loop loop;
  auto spinning = spin().eagerlyEvaluate(nullptr);
  loop.timer().afterDelay(2 * kj::MILLISECONDS).wait(loop.waitScope());
  auto connection = connectOver(loop, "127.0.0.1:0");
  char byte;
  auto reading = connection.server->read(&byte, 1).eagerlyEvaluate(nullptr);
  connection.client->write("x", 1).wait(loop.waitScope());
  reading.wait(loop.waitScope());
}

TEST(Loop, PromisesLeftOverByAWaitRunInTheProgramsLoop) {
  ProgramLoop program;
  Loop loop(program.get());
  bool ran = false;
  auto left = kj::evalLast([&]() { ran = true; }).eagerlyEvaluate(nullptr);
  kj::evalLater([]() {}).wait(loop.waitScope());
  EXPECT_FALSE(ran);
  program.run();
  EXPECT_TRUE(ran);
}

TEST(Loop, RefusesToWaitInsideAContinuation) {
  ProgramLoop program;
  Loop loop(program.get());
  bool refused = false;
  auto promise = kj::evalLater([&]() {
    KJ_IF_MAYBE(e, kj::runCatchingExceptions([&]() {
                  kj::Promise<void>(kj::READY_NOW).wait(loop.waitScope());
                })) {
      refused = mentions(*e, "event callbacks");
    }
  }).eagerlyEvaluate(nullptr);
  program.run();
  EXPECT_TRUE(refused);
}

TEST(Loop, PollsWithoutBlocking) {
  Loop loop;
  auto pipe = loop.newTwoWayPipe();
  char byte;
  auto reading = pipe.ends[0]->read(&byte, 1);
  EXPECT_FALSE(reading.poll(loop.waitScope()));
  pipe.ends[1]->write("x", 1).wait(loop.waitScope());
  EXPECT_TRUE(reading.poll(loop.waitScope()));
}

TEST(Loop, CancelsDetachedPromisesWhenDestroyed) {
  ProgramLoop program;
  auto destroyed = kj::heap<bool>(false);
  for (bool owned: {true, false}) {
    *destroyed = false;
    auto loop = owned ? kj::heap<Loop>() : kj::heap<Loop>(program.get());
    auto connection = connectOver(*loop, "127.0.0.1:0");
    auto promise = connection.server->readAllBytes().ignoreResult();
    promise.attach(kj::mv(connection.server), kj::defer([&]() { *destroyed = true; }))
        .detach([](kj::Exception&&) {});
    loop->timer().afterDelay(1 * kj::HOURS).detach([](kj::Exception&&) {});
    connection.client = nullptr;
    loop = nullptr;
    EXPECT_TRUE(*destroyed);
  }
}

TEST(Loop, LeavesAProgramsLoopFitToBeClosed) {
  ProgramLoop program;
  {
    Loop loop(program.get());
    auto connection = connectOver(loop, "127.0.0.1:0");
  }
  {
    Loop second(program.get());
    second.timer().afterDelay(1 * kj::MILLISECONDS).wait(second.waitScope());
  }
  // ~ProgramLoop() closes it.
}

TEST(Loop, ManyMayFollowEachOtherInAThread) {
  for (int i = 0; i < 100; ++i) {
    Loop loop;
    auto connection = connectOver(loop, "127.0.0.1:0");
  }
}

// Destroys a Loop and returns what it complained of.
kj::Maybe<kj::Exception> destroy(kj::Own<Loop> loop) {
  return kj::runCatchingExceptions([&]() { loop = nullptr; });
}

TEST(Loop, DestroyedBeforeItsStreamsComplainsAndMakesThemHarmless) {
  ProgramLoop program;
  for (bool owned: {true, false}) {
    auto loop = owned ? kj::heap<Loop>() : kj::heap<Loop>(program.get());
    auto connection = connectOver(*loop, "127.0.0.1:0");
    auto listener = loop->network().parseAddress("127.0.0.1:0").wait(loop->waitScope())->listen();
    KJ_IF_MAYBE(e, destroy(kj::mv(loop))) {
      EXPECT_TRUE(mentions(*e, "destroyed before a stream"));
    } else {
      ADD_FAILURE() << "expected a complaint";
    }
    if (!owned) program.run();
  }
}

TEST(Loop, DestroyedBeforeAPendingPromiseComplainsAndMakesItHarmless) {
  ProgramLoop program;
  for (bool owned: {true, false}) {
    auto loop = owned ? kj::heap<Loop>() : kj::heap<Loop>(program.get());
    auto pipe = loop->newTwoWayPipe();
    char byte;
    auto reading = pipe.ends[0]->tryRead(&byte, 1, 1);
    auto timer = loop->timer().afterDelay(1 * kj::HOURS);
    EXPECT_TRUE(destroy(kj::mv(loop)) != nullptr);
    if (!owned) program.run();
  }
}

TEST(Loop, ComplainsOfAHandleThatTheProgramLeftOpenOnIt) {
  uv_timer_t forgotten;
  auto loop = kj::heap<Loop>();
  auto raw = &loop->uv();
  uv_timer_init(raw, &forgotten);
  KJ_IF_MAYBE(e, destroy(kj::mv(loop))) {
    EXPECT_TRUE(mentions(*e, "handle of the program"));
  } else {
    ADD_FAILURE() << "expected a complaint";
  }
  // The Loop could not free what the handle still uses.
  uv_close(reinterpret_cast<uv_handle_t*>(&forgotten), nullptr);
  uv_run(raw, UV_RUN_DEFAULT);
  EXPECT_EQ(0, uv_loop_close(raw));
  delete raw;
}

TEST(Loop, WrapsOnlyStreamSockets) {
  Loop loop;
  int fds[2];
  ASSERT_EQ(0, pipe(fds));
  kj::AutoCloseFd end(fds[0]), other(fds[1]);
  EXPECT_ANY_THROW(loop.wrapSocket(kj::mv(end)));
}

constexpr kj::Duration FOR_EVER = kj::maxValue;

// Counts how often libuv looks for events in it.
class CountedLoop {
public:
  explicit CountedLoop(kj::Duration busyPoll) {
    loop.setBusyPoll(busyPoll);
    uv_check_init(&loop.uv(), &check);
    check.data = this;
    uv_check_start(&check, [](uv_check_t* raw) { ++static_cast<CountedLoop*>(raw->data)->looks; });
    uv_unref(reinterpret_cast<uv_handle_t*>(&check));
  }
  ~CountedLoop() noexcept(false) { uv_close(reinterpret_cast<uv_handle_t*>(&check), nullptr); }

  int looksDuring(kj::Promise<void> promise) {
    looks = 0;
    promise.wait(loop.waitScope());
    return looks;
  }
  int looksDuring(kj::Duration duration) { return looksDuring(loop.timer().afterDelay(duration)); }

  Loop loop;

private:
  uv_check_t check;
  int looks = 0;
};

TEST(BusyPoll, LooksAgainAndAgainInsteadOfSleeping) {
  auto looks = CountedLoop(0 * kj::SECONDS).looksDuring(200 * kj::MILLISECONDS);
  EXPECT_GT(CountedLoop(FOR_EVER).looksDuring(200 * kj::MILLISECONDS), 5 * looks);
}

TEST(BusyPoll, EndsAfterItsTime) {
  auto looks = CountedLoop(1 * kj::MILLISECONDS).looksDuring(1 * kj::SECONDS);
  EXPECT_LT(looks, CountedLoop(FOR_EVER).looksDuring(1 * kj::SECONDS) / 4);
}

TEST(BusyPoll, SeesSocketsAndOtherThreads) {
  CountedLoop counted(FOR_EVER);
  auto& waitScope = counted.loop.waitScope();
  auto connection = connectOver(counted.loop, "127.0.0.1:0");
  connection.client->write("x", 1).wait(waitScope);
  char byte;
  connection.server->read(&byte, 1).wait(waitScope);
  EXPECT_EQ('x', byte);

  auto paf = kj::newPromiseAndCrossThreadFulfiller<void>();
  kj::Thread other([&]() {
    usleep(1000);
    paf.fulfiller->fulfill();
  });
  paf.promise.wait(waitScope);
}

}  // namespace
}  // namespace troth
