#include <kj/timer.h>
#include <troth/algebra.h>

#include "algebra-testing.h"

namespace troth {
namespace {

// Always the same part of a delay.
struct FixedJitter final: public JitterSource {
  explicit FixedJitter(double part): part(part) {}
  double next() override { return part; }

  double part;
};

// Attempts that fail until one is told not to, in a time that the test moves.
struct RetryTest: TimedTest {
  FixedJitter jitter{1};
  RetryBudget retryBudget;
  int failures = 1000;
  kj::Exception::Type type = kj::Exception::Type::OVERLOADED;

  // When each attempt was made, in milliseconds.
  std::vector<int64_t> attempts;

  RetryPolicy policy() {
    RetryPolicy result;
    result.jitter = jitter;
    result.retryBudget = retryBudget;
    return result;
  }

  kj::Promise<int> start(RetryPolicy policy) {
    return retry(timer, policy, [this]() -> kj::Promise<int> {
      attempts.push_back((timer.now() - kj::origin<kj::TimePoint>()) / kj::MILLISECONDS);
      if (failures-- > 0) return kj::Exception(type, __FILE__, __LINE__, kj::str("no luck"));
      return 7;
    });
  }

  // Lets time pass until `promise` has settled.
  template <typename T>
  T run(kj::Promise<T> promise) {
    for (int i = 0; i < 1000 && !promise.poll(waitScope); ++i) {
      KJ_IF_MAYBE(next, timer.nextEvent()) timer.advanceTo(*next);
    }
    return promise.wait(waitScope);
  }
  kj::Exception runToFailure(kj::Promise<int> promise) {
    return KJ_ASSERT_NONNULL(kj::runCatchingExceptions([&]() { run(kj::mv(promise)); }));
  }
};

TEST_F(RetryTest, MakesOneAttemptIfItSucceeds) {
  failures = 0;
  EXPECT_EQ(7, run(start(policy())));
  EXPECT_EQ(1u, attempts.size());
}

TEST_F(RetryTest, MakesTheFirstAttemptAtOnce) {
  auto promise = start(policy());
  EXPECT_EQ(1u, attempts.size());
}

TEST_F(RetryTest, BacksOffExponentially) {
  failures = 4;
  EXPECT_EQ(7, run(start(policy())));
  EXPECT_EQ((std::vector<int64_t>{0, 100, 300, 700, 1500}), attempts);
}

TEST_F(RetryTest, WaitsARandomPartOfTheDelay) {
  failures = 3;
  jitter.part = 0.5;
  EXPECT_EQ(7, run(start(policy())));
  EXPECT_EQ((std::vector<int64_t>{0, 50, 150, 350}), attempts);
}

TEST_F(RetryTest, NeverWaitsLongerThanTheLongestDelay) {
  failures = 4;
  auto limited = policy();
  limited.delayMax = 250 * kj::MILLISECONDS;
  EXPECT_EQ(7, run(start(limited)));
  EXPECT_EQ((std::vector<int64_t>{0, 100, 300, 550, 800}), attempts);
}

TEST_F(RetryTest, GivesUpAfterItsAttempts) {
  auto failure = runToFailure(start(policy()));
  EXPECT_EQ(5u, attempts.size());
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  EXPECT_EQ("no luck (gave up after 5 attempts: limit attemptsMax)", describe(failure));
}

TEST_F(RetryTest, StartsNoAttemptAfterItsTime) {
  auto limited = policy();
  limited.attemptsMax = 100;
  limited.timeMax = 1 * kj::SECONDS;
  auto failure = runToFailure(start(limited));
  EXPECT_EQ((std::vector<int64_t>{0, 100, 300, 700}), attempts);
  EXPECT_EQ("no luck (gave up after 4 attempts: limit timeMax)", describe(failure));
}

TEST_F(RetryTest, MakesNoMoreRetriesThanTheBudgetHas) {
  RetryBudget few({.perCall = 0, .perSecond = 0, .most = 3});
  auto limited = policy();
  limited.retryBudget = few;
  auto first = runToFailure(start(limited));
  EXPECT_EQ("no luck (gave up after 4 attempts: limit retryBudget)", describe(first));
  auto second = runToFailure(start(limited));
  EXPECT_EQ("no luck (gave up after 1 attempt: limit retryBudget)", describe(second));
}

TEST(RetryBudget, HasAPartOfTheCallsThatWereMade) {
  RetryBudget budget({.perCall = 0.25, .perSecond = 0, .most = 2});
  auto now = kj::origin<kj::TimePoint>();
  EXPECT_TRUE(budget.take(now));
  EXPECT_TRUE(budget.take(now));
  EXPECT_FALSE(budget.take(now + 1 * kj::HOURS));
  for (int i = 0; i < 4; ++i) budget.add();
  EXPECT_TRUE(budget.take(now));
  EXPECT_FALSE(budget.take(now));
  for (int i = 0; i < 100; ++i) budget.add();
  EXPECT_TRUE(budget.take(now));
  EXPECT_TRUE(budget.take(now));
  EXPECT_FALSE(budget.take(now));
}

TEST(RetryBudget, GrowsWithTime) {
  RetryBudget budget({.perCall = 0, .perSecond = 2, .most = 1});
  auto now = kj::origin<kj::TimePoint>() + 1 * kj::HOURS;
  EXPECT_TRUE(budget.take(now));
  EXPECT_FALSE(budget.take(now + 400 * kj::MILLISECONDS));
  EXPECT_TRUE(budget.take(now + 600 * kj::MILLISECONDS));
  EXPECT_FALSE(budget.take(now)) << "another timer, which is behind";
}

TEST_F(RetryTest, RepeatsOnlyWhatMaySucceedLater) {
  failures = 1;
  type = kj::Exception::Type::DISCONNECTED;
  EXPECT_EQ(7, run(start(policy())));
  EXPECT_EQ(2u, attempts.size());
  for (auto final: {kj::Exception::Type::FAILED, kj::Exception::Type::UNIMPLEMENTED}) {
    attempts.clear();
    failures = 1;
    type = final;
    EXPECT_EQ("no luck", describe(runToFailure(start(policy()))));
    EXPECT_EQ(1u, attempts.size());
  }
}

TEST_F(RetryTest, RepeatsAFunctionThatThrows) {
  int calls = 0;
  auto promise = retry(timer, policy(), [&]() {
    if (++calls < 3) kj::throwFatalException(refused());
    return kj::Promise<void>(kj::READY_NOW);
  });
  run(kj::mv(promise));
  EXPECT_EQ(3, calls);
}

TEST_F(RetryTest, MakesNoMoreAttemptsWhenItIsDropped) {
  {
    auto promise = start(policy()).eagerlyEvaluate(nullptr);
    waitScope.poll();
  }
  timer.advanceTo(timer.now() + 10 * kj::SECONDS);
  waitScope.poll();
  EXPECT_EQ(1u, attempts.size());
}

TEST_F(RetryTest, HasAJitterOfItsOwn) {
  failures = 3;
  EXPECT_EQ(7, run(start(RetryPolicy())));
  ASSERT_EQ(4u, attempts.size());
  EXPECT_LT(attempts[1], 100);
  EXPECT_LT(attempts[3] - attempts[2], 400);
}

TEST_F(RetryTest, NeedsAnAttempt) {
  auto none = policy();
  none.attemptsMax = 0;
  EXPECT_ANY_THROW(start(none));
}

TEST(Retry, MakesACallAgain) {
  TwoVats vats;
  auto node = vats.connect();
  FixedJitter jitter(0);
  RetryPolicy policy;
  policy.jitter = jitter;
  int calls = 0;
  auto value = retry(vats.client->timer(), policy, [&]() {
    auto overloaded = static_cast<uint16_t>(kj::Exception::Type::OVERLOADED);
    if (++calls < 3) return node.fail(lab::Failure::SYNCHRONOUSLY, overloaded, "busy").value();
    return node.echo(5).value();
  });
  EXPECT_EQ(5, value.wait(vats));
  EXPECT_EQ(3, calls);
}

using WithinTest = TimedTest;

TEST_F(WithinTest, GivesTheValueOfAPromiseThatIsInTime) {
  EXPECT_EQ(5, within(timer, 1 * kj::SECONDS, kj::Promise<int>(5)).wait(waitScope));
  EXPECT_TRUE(timer.nextEvent() == nullptr) << "the timer is no longer needed";
  EXPECT_EQ("lost",
      describe(failureOf(within(timer, 1 * kj::SECONDS, kj::Promise<void>(lost())), waitScope)));
}

TEST_F(WithinTest, BreaksAndDropsAPromiseThatIsLate) {
  int dropped = 0;
  auto slow = kj::Promise<int>(kj::NEVER_DONE).attach(kj::defer([&]() { ++dropped; }));
  auto promise = within(timer, 1500 * kj::MILLISECONDS, slow);
  timer.advanceTo(timer.now() + 1499 * kj::MILLISECONDS);
  EXPECT_FALSE(promise.poll(waitScope));
  timer.advanceTo(timer.now() + 1 * kj::MILLISECONDS);
  auto failure = failureOf(kj::mv(promise), waitScope);
  EXPECT_EQ(1, dropped);
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  EXPECT_EQ("the deadline of 1.5s passed", describe(failure));
}

TEST(Within, CancelsACallThatIsLate) {
  TwoVats vats;
  auto node = vats.connect();
  auto held = node.holdCancelable().value();
  auto promise = within(vats.client->timer(), 1 * kj::MILLISECONDS, held);
  EXPECT_MENTIONS(describe(failureOf(kj::mv(promise), vats)), "the deadline of 1ms passed");
  vats.settle();
  EXPECT_EQ(1, vats.lab.holdsEnded);
}

}  // namespace
}  // namespace troth
