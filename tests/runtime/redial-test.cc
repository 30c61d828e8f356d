// When an attempt to connect may start.

#include "redial.h"

#include "restartable.h"

namespace troth {
namespace {

constexpr kj::TimePoint NOW = kj::origin<kj::TimePoint>() + 1 * kj::HOURS;

TEST(Redial, DelaysDoubleUpToTheirBound) {
  FixedJitter jitter;
  jitter.part = 1;
  Reconnect options;
  options.jitter = jitter;
  Redial redial(options);
  EXPECT_EQ(redial.getDelay("a:1", NOW), 0 * kj::SECONDS);
  for (int expected: {50, 100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    redial.failed("a:1", NOW);
    EXPECT_EQ(redial.getDelay("a:1", NOW) / kj::MILLISECONDS, expected);
  }
  EXPECT_EQ(redial.getDelay("a:1", NOW + 2 * kj::SECONDS), 3 * kj::SECONDS);
  EXPECT_EQ(redial.getDelay("a:1", NOW + 6 * kj::SECONDS), 0 * kj::SECONDS);
  EXPECT_EQ(redial.getDelay("b:1", NOW), 0 * kj::SECONDS);
}

TEST(Redial, ASuccessMakesTheNextFailureTheFirst) {
  FixedJitter jitter;
  jitter.part = 1;
  Reconnect options;
  options.jitter = jitter;
  Redial redial(options);
  for (int i = 0; i < 5; ++i) redial.failed("a:1", NOW);
  redial.succeeded("a:1");
  EXPECT_EQ(redial.getDelay("a:1", NOW), 0 * kj::SECONDS);
  redial.failed("a:1", NOW);
  EXPECT_EQ(redial.getDelay("a:1", NOW), 50 * kj::MILLISECONDS);
}

TEST(Redial, EachDelayIsARandomPart) {
  Redial redial({});
  std::set<int64_t> seen;
  for (int i = 0; i < 100; ++i) {
    redial.failed("a:1", NOW);
    auto delay = redial.getDelay("a:1", NOW);
    EXPECT_LT(delay, 5 * kj::SECONDS);
    seen.insert(delay / kj::NANOSECONDS);
  }
  EXPECT_GT(seen.size(), 90u);
}

TEST(Redial, ForgetsWhatNeedNotWaitWhenThereAreTooMany) {
  FixedJitter jitter;
  jitter.part = 1;
  Reconnect options;
  options.jitter = jitter;
  Redial redial(options);
  for (size_t i = 0; i < Redial::ADDRESSES_MAX - 1; ++i) redial.failed(kj::str(i), NOW);
  auto later = NOW + 1 * kj::SECONDS;
  redial.failed("kept", later);
  redial.failed("new", later);
  EXPECT_EQ(redial.getDelay("kept", later), 50 * kj::MILLISECONDS);
  EXPECT_EQ(redial.getDelay("new", later), 50 * kj::MILLISECONDS);
  EXPECT_EQ(redial.getDelay("5", NOW), 0 * kj::SECONDS);
}

}  // namespace
}  // namespace troth
