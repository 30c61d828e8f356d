#include "loop-testing.h"

#include <kj/vector.h>

namespace troth {
namespace {

uint64_t nowNs() { return uv_hrtime(); }

TEST(Timer, NeverFiresEarly) {
  Loop loop;
  for (int i = 0; i < 30; ++i) {
    auto delay = (137 + i * 331) * kj::MICROSECONDS;
    auto start = nowNs();
    loop.timer().afterDelay(delay).wait(loop.waitScope());
    EXPECT_GE(nowNs() - start, uint64_t(delay / kj::NANOSECONDS));
  }
}

TEST(Timer, CountsADelayFromTheCallThoughTheLoopWasBusy) {
  Loop loop;
  usleep(20'000);
  auto start = nowNs();
  loop.timer().afterDelay(10 * kj::MILLISECONDS).wait(loop.waitScope());
  EXPECT_GE(nowNs() - start, 10'000'000u);
}

TEST(Timer, FiresInTheOrderOfDeadlines) {
  Loop loop;
  kj::Vector<int> order;
  auto start = loop.timer().now();
  auto at = [&](int ms) {
    return loop.timer()
        .atTime(start + ms * kj::MILLISECONDS)
        .then([&order, ms]() { order.add(ms); })
        .eagerlyEvaluate(nullptr);
  };
  auto third = at(9);
  auto first = at(2);
  auto second = at(5);
  third.wait(loop.waitScope());
  ASSERT_EQ(3u, order.size());
  EXPECT_EQ(2, order[0]);
  EXPECT_EQ(5, order[1]);
}

TEST(Timer, FiresAtOnceForATimeThatHasPassed) {
  Loop loop;
  loop.timer().atTime(loop.timer().now() - 1 * kj::SECONDS).wait(loop.waitScope());
  loop.timer().atTime(kj::origin<kj::TimePoint>()).wait(loop.waitScope());
  loop.timer().afterDelay(0 * kj::SECONDS).wait(loop.waitScope());
}

TEST(Timer, StandsStillWhilePromisesRun) {
  Loop loop;
  auto& timer = loop.timer();
  kj::evalLater([&]() {
    auto before = timer.now();
    usleep(3000);
    EXPECT_TRUE(before == timer.now());
    return timer.afterDelay(1 * kj::MILLISECONDS).then([&timer, before]() {
      EXPECT_GE((timer.now() - before) / kj::MICROSECONDS, 4000);
    });
  }).wait(loop.waitScope());
}

TEST(Timer, AnEarlierDeadlineOvertakesALaterOne) {
  Loop loop;
  auto late = loop.timer().afterDelay(1 * kj::HOURS);
  loop.timer().afterDelay(1 * kj::MILLISECONDS).wait(loop.waitScope());
  EXPECT_FALSE(late.poll(loop.waitScope()));
}

TEST(Timer, DroppingTheEarliestDelaysNoOther) {
  Loop loop;
  auto early = loop.timer().afterDelay(1 * kj::MILLISECONDS);
  auto late = loop.timer().afterDelay(8 * kj::MILLISECONDS);
  early = nullptr;
  late.wait(loop.waitScope());
}

TEST(Timer, TimesOutWhatTakesTooLong) {
  Loop loop;
  auto& timer = loop.timer();
  auto failure =
      failureOf(timer.timeoutAfter(2 * kj::MILLISECONDS, kj::Promise<void>(kj::NEVER_DONE)),
          loop.waitScope());
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  timer.timeoutAfter(1 * kj::HOURS, kj::Promise<void>(kj::READY_NOW)).wait(loop.waitScope());
  timer.timeoutAt(timer.now() + 1 * kj::HOURS, timer.afterDelay(1 * kj::MILLISECONDS))
      .wait(loop.waitScope());
}

TEST(Timer, HoldsManyAtOnce) {
  Loop loop;
  kj::Vector<kj::Promise<void>> timers;
  for (int i = 0; i < 10'000; ++i)
    timers.add(loop.timer().afterDelay((i * 7919 % 5000) * kj::MICROSECONDS));
  for (size_t i = 0; i < timers.size(); i += 3) timers[i] = kj::READY_NOW;
  kj::joinPromises(timers.releaseAsArray()).wait(loop.waitScope());
}

TEST(Timer, FiresInAProgramsLoop) {
  ProgramLoop program;
  Loop loop(program.get());
  auto start = nowNs();
  bool fired = false;
  auto promise = loop.timer()
                     .afterDelay(5 * kj::MILLISECONDS)
                     .then([&]() { fired = true; })
                     .eagerlyEvaluate(nullptr);
  program.run();
  EXPECT_TRUE(fired);
  EXPECT_GE(nowNs() - start, 5'000'000u);
}

}  // namespace
}  // namespace troth
