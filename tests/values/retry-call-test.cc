// Calls that are sent again when an attempt breaks, and what happens to those that need them.

#include <kj/thread.h>
#include <uv.h>

#include "desk.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

// Always the same part of a delay; counts the delays.
struct CountingJitter final: public JitterSource {
  double next() override {
    ++delays;
    return part;
  }

  double part = 0;
  int delays = 0;
};

// With a back-off that lasts until the test lets go of the promise.
RetryPolicy endless(RetryPolicy policy) {
  static CountingJitter half;
  half.part = 0.5;
  policy.jitter = half;
  policy.delayFirst = policy.delayMax = 10 * kj::HOURS;
  policy.timeMax = 20 * kj::HOURS;
  return policy;
}

struct RetriedDesks: Desks {
  using Desks::Desks;

  // Without delays.
  RetryPolicy policy() {
    RetryPolicy result;
    result.jitter = jitter;
    result.retryBudget = budget;
    return result;
  }

  int countTimers() {
    int count = 0;
    uv_walk(
        &loop.uv(),
        [](uv_handle_t* handle, void* count) {
          if (handle->type == UV_TIMER && uv_is_active(handle)) ++*static_cast<int*>(count);
        },
        &count);
    return count;
  }

  CountingJitter jitter;
  RetryBudget budget{RetryBudgetOptions{}};
};

class RetryOnBothKinds: public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Servers, RetryOnBothKinds, testing::Values(Kind::TROTH, Kind::STOCK),
    [](auto& info) { return info.param == Kind::TROTH ? "Troth" : "Stock"; });

// Four calls that each need the one before: objects only.
Promise<int64_t> chainOfObjects(RetriedDesks& desks) {
  auto desk = desks.desk.make(1).retry(desks.policy()).desk();
  return desk.make(2).desk().make(3).desk().add(1, 1).sum();
}

// The same with values too.
Promise<int64_t> chainOfValues(RetriedDesks& desks) {
  auto first = desks.desk.make(1).retry(desks.policy());
  auto second = first.desk().make(first.number());
  auto third = second.desk().make(second.number());
  return third.desk().add(third.number(), first.number()).sum();
}

TEST_P(RetryOnBothKinds, AChainOfCallsWithAPolicyCostsOneRoundTrip) {
  RetriedDesks desks(GetParam());
  EXPECT_EQ(chainOfObjects(desks).wait(desks), 5);
  EXPECT_EQ(desks.roundTrips(), 1u);
  EXPECT_EQ(chainOfValues(desks).wait(desks), 9);
  if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
  EXPECT_EQ(desks.world.total(), 8);
  EXPECT_EQ(desks.jitter.delays, 0);
}

TEST_P(RetryOnBothKinds, TheWholeChainIsSentAgainAfterARefusal) {
  RetriedDesks desks(GetParam());
  desks.world.failures["make"] = {Type::OVERLOADED};
  EXPECT_EQ(chainOfObjects(desks).wait(desks), 5);
  EXPECT_EQ(desks.roundTrips(), 2u);
  EXPECT_EQ(desks.world.delivered["make"], 4);
  EXPECT_EQ(desks.world.delivered["add"], 1);

  desks.world.failures["make"] = {Type::OVERLOADED, Type::OVERLOADED};
  EXPECT_EQ(chainOfValues(desks).wait(desks), 9);
  if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 3u);
  EXPECT_EQ(desks.world.delivered["make"], 9);
  EXPECT_EQ(desks.world.delivered["add"], 2);
  EXPECT_EQ(desks.jitter.delays, 3);
}

TEST_P(RetryOnBothKinds, ADependentThatBreaksForAReasonOfItsOwnIsNotSentAgain) {
  RetriedDesks desks(GetParam());
  desks.world.failures["make"] = {Type::OVERLOADED};
  desks.world.failures["add"] = {Type::OVERLOADED};
  auto made = desks.desk.make(1).retry(desks.policy());
  auto onObject = made.desk().add(1, 1);
  auto onValue = desks.desk.join(
      "x", [](auto) {}, desks.desk.note(made.number()).log());
  auto failure = failureOf(kj::mv(onObject), desks);
  EXPECT_EQ(failure.getType(), Type::OVERLOADED);
  EXPECT_MENTIONS(describe(failure), "no luck with add");
  EXPECT_EQ(kj::str(onValue.text().wait(desks)), "x/0/1");
  EXPECT_EQ(made.number().wait(desks), 2);
  EXPECT_EQ(desks.world.delivered["make"], 2);
  EXPECT_EQ(desks.world.delivered["add"], 1);
  EXPECT_EQ(desks.world.delivered["note"], 1);
  EXPECT_EQ(desks.world.delivered["join"], 1);
}

TEST_P(RetryOnBothKinds, ACallIsSentAgainAfterItsSourcesHaveSettled) {
  RetriedDesks desks(GetParam());
  desks.world.failures["add"] = {Type::OVERLOADED, Type::OVERLOADED};
  auto source = desks.desk.make(4);
  auto sum = desks.desk.add(source.number(), 1).retry(desks.policy()).sum();
  auto more = desks.desk.make(sum);
  EXPECT_EQ(more.number().wait(desks), 7);
  EXPECT_EQ(desks.world.delivered["add"], 3);
  EXPECT_EQ(desks.world.delivered["make"], 2) << "the source, and what came after";
}

TEST_P(RetryOnBothKinds, OnlyWhatMaySucceedLaterIsSentAgain) {
  RetriedDesks desks(GetParam());
  for (auto type: {Type::FAILED, Type::UNIMPLEMENTED}) {
    desks.world.failures["make"] = {type};
    auto failure = failureOf(chainOfValues(desks), desks);
    EXPECT_EQ(failure.getType(), type);
    EXPECT_EQ(describe(failure).find("gave up"), std::string::npos) << describe(failure);
  }
  EXPECT_EQ(desks.world.delivered["make"], 2);
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST_P(RetryOnBothKinds, ACallWhoseSourceBrokeIsNotSentAgain) {
  RetriedDesks desks(GetParam());
  auto bad = desks.desk.fail(static_cast<uint16_t>(Type::OVERLOADED), "out of order");
  desks.settle();
  auto failure = failureOf(desks.desk.add(bad.number(), 1).retry(desks.policy()), desks);
  EXPECT_MENTIONS(describe(failure), "out of order");
  EXPECT_MENTIONS(describe(failure), "(argument \"a\" from Desk.fail)");
  EXPECT_EQ(describe(failure).find("gave up"), std::string::npos) << describe(failure);
  EXPECT_EQ(desks.jitter.delays, 0);

  desks.world.failures["make"] = {Type::OVERLOADED};
  auto made = desks.desk.make(1).retry(desks.policy());
  auto onObject = made.desk().make(bad.number());
  auto onBroken = onObject.desk().add(1, 1);
  EXPECT_MENTIONS(describe(failureOf(kj::mv(onBroken), desks)), "out of order");
  EXPECT_EQ(made.number().wait(desks), 2);
}

TEST_P(RetryOnBothKinds, ACallThatReachesALimitSaysWhich) {
  RetriedDesks desks(GetParam());
  auto giveUp = [&](RetryPolicy policy) {
    desks.world.failures["make"] = std::vector<Type>(10, Type::OVERLOADED);
    auto desk = desks.desk.make(1).retry(policy).desk();
    auto failure = failureOf(desk.add(1, 1), desks);
    EXPECT_EQ(failure.getType(), Type::OVERLOADED);
    EXPECT_MENTIONS(describe(failure), "no luck with make (gave up after ");
    EXPECT_MENTIONS(describe(failure), "while calling Desk.make");
    EXPECT_MENTIONS(describe(failure), "while calling Desk.add (on \"desk\" from Desk.make)");
    auto failuresLeft = desks.world.failures["make"].size();
    EXPECT_MENTIONS(describe(failure), std::to_string(10 - failuresLeft) + " attempt");
    return describe(failure);
  };
  auto policy = desks.policy();
  policy.attemptsMax = 3;
  EXPECT_MENTIONS(giveUp(policy), "3 attempts: limit attemptsMax)");

  policy = desks.policy();
  policy.timeMax = 0 * kj::SECONDS;
  desks.jitter.part = 0.5;
  EXPECT_MENTIONS(giveUp(policy), "1 attempt: limit timeMax)");
  desks.jitter.part = 0;

  RetryBudget two({.perCall = 0, .perSecond = 0, .most = 2});
  policy = desks.policy();
  policy.retryBudget = two;
  EXPECT_MENTIONS(giveUp(policy), "3 attempts: limit retryBudget)");
  EXPECT_MENTIONS(giveUp(policy), "1 attempt: limit retryBudget)");
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST_P(RetryOnBothKinds, ObjectsOfARetriedCallCanBeArguments) {
  for (int turns = 0; turns < 20; ++turns) {
    RetriedDesks desks(GetParam());
    auto other = desks.connect(desks.otherWorld, GetParam());
    desks.world.failures["make"] = {Type::OVERLOADED, Type::OVERLOADED};
    auto made = desks.desk.make(5).retry(desks.policy());
    auto here = desks.desk.ask(made.desk(), made.number());
    auto there = other.ask(made.desk(), 3);
    auto inner = made.desk().make(1);
    auto deep = desks.desk.ask(inner.desk(), 1);
    desks.loop.waitScope().poll(turns);
    auto later = desks.desk.ask(made.desk(), 0);
    EXPECT_EQ(here.sum().wait(desks), 11) << turns;
    EXPECT_EQ(there.sum().wait(desks), 8) << turns;
    EXPECT_EQ(deep.sum().wait(desks), 2) << turns;
    EXPECT_EQ(later.sum().wait(desks), 5) << turns;
    EXPECT_EQ(desks.world.delivered["make"], 4) << turns;
    EXPECT_EQ(desks.world.delivered["ask"], 3) << turns;
    EXPECT_EQ(desks.otherWorld.delivered["ask"], 1) << turns;
  }
}

TEST_P(RetryOnBothKinds, ObjectsThatWereHandedOutStandForTheAttemptThatSucceeds) {
  RetriedDesks desks(GetParam());
  desks.world.failures["make"] = {Type::OVERLOADED};
  auto desk = desks.desk.make(5).retry(desks.policy()).desk();
  auto resolved = whenResolved(desk);
  desk::Desk::Client stock = desk;
  auto request = stock.addRequest();
  request.setA(1);
  auto sent = request.send();
  Ref<desk::Desk> local = kj::heap<DeskServer>(desks.otherWorld);
  auto asked = local.ask(desk, 1);
  desks.settle();
  resolved.wait(desks);
  EXPECT_EQ(sent.wait(desks).getSum(), 6);
  EXPECT_EQ(asked.sum().wait(desks), 6);
  EXPECT_EQ(desk.add(1, 1).sum().wait(desks), 7);
  EXPECT_EQ(desks.world.delivered["make"], 2);
}

TEST_P(RetryOnBothKinds, CallsOnTheObjectKeepTheirOrderWhenTheyAreMadeInWhateverTurn) {
  for (int turns = 0; turns < 40; ++turns) {
    RetriedDesks desks(GetParam());
    desks.world.failures["make"] = {Type::OVERLOADED, Type::OVERLOADED};
    auto made = desks.desk.make(5).retry(desks.policy());
    auto desk = made.desk();
    std::vector<Promise<desk::Desk::NoteResults>> notes;
    for (int i = 0; i < 12; ++i) {
      notes.push_back(desk.note(i));
      if (i == 3 || i == 7) desks.loop.waitScope().poll(turns);
    }
    for (auto& note: notes) note.wait(desks);
    ASSERT_EQ(desks.world.log.size(), 12u);
    for (int i = 0; i < 12; ++i) EXPECT_EQ(desks.world.log[i], i) << turns;
    EXPECT_EQ(desks.world.delivered["make"], 3) << turns;
  }
}

TEST_P(RetryOnBothKinds, CallsMadeInWhateverTurnAreDeliveredOnce) {
  for (int turns = 0; turns < 60; ++turns) {
    RetriedDesks desks(GetParam());
    desks.world.failures["make"] = {Type::OVERLOADED, Type::OVERLOADED};
    auto made = desks.desk.make(5).retry(desks.policy());
    made.share();
    auto before = desks.desk.add(made.number(), 1).sum();
    desks.loop.waitScope().poll(turns);
    auto onObject = made.desk().add(1, 1).sum();
    auto onValue = desks.desk.add(made.number(), before).sum();
    desks.loop.waitScope().poll(turns);
    auto onBoth = made.desk().add(onValue, made.number()).sum();
    EXPECT_EQ(before.wait(desks), 7) << turns;
    EXPECT_EQ(onObject.wait(desks), 7) << turns;
    EXPECT_EQ(onValue.wait(desks), 13) << turns;
    EXPECT_EQ(onBoth.wait(desks), 24) << turns;
    EXPECT_EQ(desks.world.delivered["make"], 3) << turns;
    EXPECT_EQ(desks.world.delivered["add"], 4) << turns;
  }
}

TEST_P(RetryOnBothKinds, CallsThatNeedEachOtherHavePoliciesOfTheirOwn) {
  RetriedDesks desks(GetParam());
  desks.world.failures["make"] = {Type::OVERLOADED, Type::DISCONNECTED, Type::OVERLOADED};
  desks.world.failures["add"] = {Type::OVERLOADED, Type::DISCONNECTED};
  auto made = desks.desk.make(1).retry(desks.policy());
  auto inner = made.desk().make(made.number()).retry(desks.policy());
  auto sum = inner.desk().add(inner.number(), 1).retry(desks.policy()).sum();
  EXPECT_EQ(sum.wait(desks), 6);
  EXPECT_EQ(desks.world.delivered["make"], 5);
  EXPECT_EQ(desks.world.delivered["add"], 3);
}

TEST_P(RetryOnBothKinds, SourcesOnTwoVatsAreRetriedApart) {
  RetriedDesks desks(GetParam());
  auto other = desks.connect(desks.otherWorld, GetParam());
  desks.world.failures["make"] = {Type::OVERLOADED};
  desks.otherWorld.failures["make"] = std::vector<Type>(3, Type::OVERLOADED);
  auto here = desks.desk.make(1).retry(desks.policy());
  auto there = other.make(2).retry(desks.policy());
  auto sum = here.desk().add(here.number(), there.number()).sum();
  auto back = there.desk().add(sum, here.number()).sum();
  EXPECT_EQ(back.wait(desks), 6 + 2 + 2);
  EXPECT_EQ(desks.world.delivered["make"], 2);
  EXPECT_EQ(desks.otherWorld.delivered["make"], 4);
  EXPECT_EQ(desks.world.delivered["add"], 1);
  EXPECT_EQ(desks.otherWorld.delivered["add"], 1);
}

TEST_P(RetryOnBothKinds, AMapUsesARetriedCallOnce) {
  RetriedDesks desks(GetParam());
  desks.world.failures["kinds"] = {Type::OVERLOADED};
  desks.world.failures["make"] = {Type::OVERLOADED, Type::OVERLOADED};
  auto points = desks.desk
                    .kinds([](auto params) {
                      auto list = params.initPoints(3);
                      for (uint i = 0; i < 3; ++i) list[i].setX(i);
                    })
                    .retry(desks.policy())
                    .points();
  auto made = desks.desk.make(1).retry(desks.policy());
  auto sums =
      points.map([&](auto point) { return desks.desk.add(point.x(), made.number()).sum(); });
  auto onObject = points.map([&](auto point) { return made.desk().add(point.x(), 0).sum(); });
  auto values = sums.wait(desks);
  ASSERT_EQ(values.size(), 3u);
  EXPECT_EQ(values[2], 4);
  EXPECT_EQ(onObject.wait(desks)[2], 3);
  EXPECT_EQ(desks.world.delivered["add"], 6);
  EXPECT_EQ(desks.world.delivered["make"], 3);
  EXPECT_EQ(desks.world.delivered["kinds"], 2);
}

TEST_P(RetryOnBothKinds, DroppingTheCallWhileItBacksOffLeavesNothing) {
  RetriedDesks desks(GetParam());
  {
    desks.world.failures["make"] = {Type::OVERLOADED};
    auto made = desks.desk.make(1).retry(endless(desks.policy()));
    auto sum = made.desk().add(made.number(), 1).sum();
    desks.settle();
    EXPECT_EQ(desks.world.delivered["make"], 1);
    EXPECT_FALSE(sum.poll(desks));
    auto later = made.desk().add(1, 1).sum();
    desks.settle();
  }
  desks.settle();
  EXPECT_EQ(desks.world.total(), 1);
  EXPECT_EQ(desks.desk.make(1).number().wait(desks), 2);
}

TEST(RetriedCall, HasNoTimerOnceItIsDropped) {
  RetriedDesks desks(nullptr);
  desks.world.failures["make"] = {Type::OVERLOADED};
  Ref<desk::Desk> local = kj::heap<DeskServer>(desks.world);
  {
    auto made = local.make(1).retry(endless(desks.policy()));
    auto sum = made.desk().add(made.number(), 1).sum();
    EXPECT_FALSE(sum.poll(desks));
    EXPECT_EQ(desks.countTimers(), 1);
  }
  desks.settle();
  EXPECT_EQ(desks.countTimers(), 0);
}

TEST(RetriedCall, GoesAlongWithWhatMayRunTwiceWhenSomethingWasLost) {
  RetriedDesks desks;
  desks.world.failures["make"] = {Type::DISCONNECTED};
  auto made = desks.desk.make(1).retry(desks.policy());
  auto plain = made.desk().add(1, 1).sum();
  auto marked = made.desk().add(2, 2).retry(desks.policy()).sum();
  auto byValue = desks.desk.add(made.number(), 1).sum();
  EXPECT_EQ(marked.wait(desks), 5);
  EXPECT_EQ(made.number().wait(desks), 2);
  for (auto promise: {&plain, &byValue}) {
    auto failure = failureOf(kj::mv(*promise), desks);
    EXPECT_EQ(failure.getType(), Type::DISCONNECTED);
    EXPECT_MENTIONS(describe(failure), "while calling Desk.add");
  }
  EXPECT_EQ(desks.world.delivered["add"], 1);
  EXPECT_EQ(made.desk().add(1, 1).sum().wait(desks), 3);
}

TEST(RetriedCall, StopsAtOnceWhenItsTargetIsGone) {
  RetriedDesks desks;
  auto held = desks.desk.hold(1).retry(desks.policy());
  auto onObject = held.desk().add(1, 1);
  desks.settle();
  desks.servers.clear();
  auto failure = failureOf(kj::mv(held), desks);
  EXPECT_EQ(failure.getType(), Type::DISCONNECTED);
  EXPECT_EQ(describe(failure).find("gave up"), std::string::npos) << describe(failure);
  EXPECT_EQ(failureOf(kj::mv(onObject), desks).getType(), Type::DISCONNECTED);
  auto late = failureOf(desks.desk.make(1).retry(desks.policy()), desks);
  EXPECT_EQ(late.getType(), Type::DISCONNECTED);
  Ref<desk::Desk> broken = KJ_EXCEPTION(OVERLOADED, "broken for good");
  EXPECT_MENTIONS(
      describe(failureOf(broken.make(1).retry(desks.policy()), desks)), "broken for good");
  EXPECT_EQ(desks.jitter.delays, 0);
}

TEST(RetriedCall, StopsAtOnceWhenItsTargetIsAnObjectThatCouldNotBeMade) {
  RetriedDesks desks;
  auto failed = desks.desk.fail(static_cast<uint16_t>(Type::OVERLOADED), "no desk");
  auto sum = failed.desk().add(1, 1).retry(desks.policy());
  EXPECT_MENTIONS(describe(failureOf(kj::mv(sum), desks)), "no desk");
  EXPECT_EQ(desks.world.delivered["fail"], 1);
  EXPECT_EQ(desks.jitter.delays, 0);
}

TEST(RetriedCall, MayBeMadeOnAnObjectOfTheSameVat) {
  RetriedDesks desks(nullptr);
  desks.world.failures["make"] = {Type::OVERLOADED, Type::DISCONNECTED};
  Ref<desk::Desk> local = kj::heap<DeskServer>(desks.world);
  auto made = local.make(1).retry(desks.policy());
  auto sum = local.add(made.number(), 1).sum();
  EXPECT_EQ(made.number().wait(desks), 2);
  EXPECT_EQ(sum.wait(desks), 3);
  EXPECT_EQ(made.desk().add(1, 1).sum().wait(desks), 3);
  EXPECT_EQ(desks.world.delivered["make"], 3);
}

TEST(RetriedCall, SharesABudgetWithOthers) {
  RetriedDesks desks;
  RetryBudget five({.perCall = 0, .perSecond = 0, .most = 5});
  auto policy = desks.policy();
  policy.retryBudget = five;
  policy.attemptsMax = 100;
  desks.world.failures["make"] = std::vector<Type>(1000, Type::OVERLOADED);
  std::vector<Promise<desk::Desk::MakeResults>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(desks.desk.make(i).retry(policy));
  for (auto& call: calls) {
    EXPECT_MENTIONS(describe(failureOf(kj::mv(call), desks)), "limit retryBudget");
  }
  EXPECT_EQ(desks.world.delivered["make"], 15);
}

TEST(RetriedCall, IsBrokenByTheEndOfItsVatWhileItBacksOff) {
  World world;
  world.failures["make"] = {Type::OVERLOADED};
  auto vat = kj::heap<Vat>();
  Ref<desk::Desk> local = kj::heap<DeskServer>(world);
  auto made = local.make(1).retry(endless({}));
  std::vector<std::string> words;
  auto note = [&](kj::Exception&& exception) { words.push_back(describe(exception)); };
  auto sum = made.desk().add(1, 1).ignoreResult().eagerlyEvaluate(note);
  auto number = made.number().ignoreResult().eagerlyEvaluate(note);
  vat->waitScope().poll();
  EXPECT_EQ(words.size(), 0u);
  vat = nullptr;
  ASSERT_EQ(words.size(), 2u);
  EXPECT_MENTIONS(words[0], "the vat that the call was made in is gone");
  EXPECT_MENTIONS(words[1], "the vat that the call was made in is gone");
}

TEST(RetriedCall, MustBeAskedForInTime) {
  RetriedDesks desks;
  auto call = desks.desk.make(1);
  desks.settle();
  auto words = [](auto&& fn) {
    auto exception = KJ_ASSERT_NONNULL(kj::runCatchingExceptions(fn));
    EXPECT_EQ(exception.getType(), Type::FAILED);
    return describe(exception);
  };
  EXPECT_MENTIONS(words([&]() { (void)call.retry(); }), "comes too late");
  auto twice = desks.desk.make(1).retry();
  EXPECT_MENTIONS(words([&]() { (void)twice.retry(); }), "twice");
  auto points = desks.desk.kinds([](auto) {}).points();
  EXPECT_MENTIONS(words([&]() {
    (void)points.map([&](auto point) { return desks.desk.add(point.x(), 0).retry().sum(); });
  }),
      "in the body of a map");
  EXPECT_MENTIONS(words([&]() {
    (void)points.map([&](auto point) { return desks.desk.add(point.x(), 0).sum(); }).retry();
  }),
      "a map cannot be retried");
}

TEST(RetriedCall, NeedsALoop) {
  std::string words;
  auto retryAlone = [&]() {
    kj::EventLoop loop;
    kj::WaitScope scope(loop);
    World world;
    Ref<desk::Desk> local = kj::heap<DeskServer>(world);
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { (void)local.make(1).retry(); })) {
      words = describe(*exception);
    }
  };
  { kj::Thread alone(retryAlone); }
  EXPECT_MENTIONS(words, "this thread has no troth::Loop");
}

}  // namespace
}  // namespace troth
