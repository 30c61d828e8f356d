#include <troth/algebra.h>

#include <list>

#include "algebra-testing.h"

namespace troth {
namespace {

// Promises that the test settles, and a count of those that were dropped.
struct Sources {
  kj::EventLoop loop;
  kj::WaitScope waitScope{loop};
  std::vector<kj::Own<kj::PromiseFulfiller<int>>> fulfillers;
  int dropped = 0;

  kj::Promise<int> make() {
    auto pair = kj::newPromiseAndFulfiller<int>();
    fulfillers.push_back(kj::mv(pair.fulfiller));
    return pair.promise.attach(kj::defer([this]() { ++dropped; }));
  }
  std::vector<kj::Promise<int>> make(int count) {
    std::vector<kj::Promise<int>> result;
    for (int i = 0; i < count; ++i) result.push_back(make());
    return result;
  }
  void keep(int index, int value) { fulfillers[index]->fulfill(kj::mv(value)); }
  void breakOne(int index, kj::Exception exception) {
    fulfillers[index]->reject(kj::mv(exception));
  }
};

TEST(All, GivesTheValuesOfARangeInItsOrder) {
  Sources s;
  auto all = troth::all(s.make(3));
  s.keep(2, 30);
  s.keep(0, 10);
  EXPECT_FALSE(all.poll(s.waitScope));
  s.keep(1, 20);
  EXPECT_EQ((std::vector{10, 20, 30}), toVector<int>(all.wait(s.waitScope)));
}

TEST(All, GivesATupleOfDifferentTypes) {
  Sources s;
  auto text = kj::Promise<kj::String>(kj::str("x"));
  auto [number, x, nothing] =
      troth::all(s.make(), text, kj::Promise<void>(kj::READY_NOW)).wait([&]() -> auto& {
        s.keep(0, 7);
        return s.waitScope;
      }());
  EXPECT_EQ(7, number);
  EXPECT_EQ("x", x);
  EXPECT_EQ(std::monostate(), nothing);
}

TEST(All, OfPromisesWithoutValuesHasNone) {
  Sources s;
  kj::Promise<void> one = troth::all(kj::Promise<void>(kj::READY_NOW), kj::evalLater([]() {}));
  one.wait(s.waitScope);
  std::vector<kj::Promise<void>> range;
  range.push_back(kj::READY_NOW);
  kj::Promise<void> two = troth::all(range);
  two.wait(s.waitScope);
}

TEST(All, BreaksWithTheFirstFailureAndDropsTheOthersAtOnce) {
  Sources s;
  auto all = troth::all(s.make(3));
  s.breakOne(1, refused());
  s.waitScope.poll();
  EXPECT_GE(s.dropped, 2) << "though nobody has awaited the result";
  EXPECT_EQ("refused", describe(failureOf(kj::mv(all), s.waitScope)));
  EXPECT_EQ(3, s.dropped);
}

TEST(All, DropsThePromisesWhenItIsDropped) {
  Sources s;
  {
    auto all = troth::all(s.make(2));
    auto tuple = troth::all(s.make(), s.make());
    EXPECT_EQ(0, s.dropped);
  }
  EXPECT_EQ(4, s.dropped);
}

TEST(All, OfNothingIsKept) {
  Sources s;
  EXPECT_EQ(0u, troth::all(s.make(0)).wait(s.waitScope).size());
}

TEST(All, TakesAnyRangeAndMovesFromIt) {
  Sources s;
  std::list<kj::Promise<int>> list;
  list.push_back(1);
  list.push_back(2);
  EXPECT_EQ((std::vector{1, 2}), toVector<int>(troth::all(list).wait(s.waitScope)));
  kj::Array<kj::Promise<int>> array = KJ_MAP(i, kj::range(3, 6))->kj::Promise<int> { return i; };
  EXPECT_EQ((std::vector{3, 4, 5}), toVector<int>(troth::all(array).wait(s.waitScope)));
}

TEST(All, RunsThePromisesBeforeItIsAwaited) {
  Sources s;
  bool ran = false;
  auto all = troth::all(kj::evalLater([&]() { ran = true; }));
  EXPECT_FALSE(ran);
  s.waitScope.poll();
  EXPECT_TRUE(ran);
}

TEST(Any, GivesTheFirstValueAndDropsTheOthers) {
  Sources s;
  auto any = troth::any(s.make(3));
  s.breakOne(0, refused());
  EXPECT_FALSE(any.poll(s.waitScope));
  s.keep(2, 5);
  EXPECT_EQ(5, any.wait(s.waitScope));
  EXPECT_EQ(3, s.dropped);
}

TEST(Any, BreaksWithAllFailuresByName) {
  Sources s;
  auto any = troth::any(s.make(), s.make());
  s.breakOne(1, refused());
  s.breakOne(0, lost());
  auto failure = failureOf(kj::mv(any), s.waitScope);
  EXPECT_EQ(kj::Exception::Type::FAILED, failure.getType());
  EXPECT_EQ("all 2 promises broke: [0] lost; [1] refused", describe(failure));
}

TEST(Any, KeepsTheTypeOfTheFailuresIfTheyAgree) {
  Sources s;
  auto any = troth::any(s.make(20));
  for (int i = 0; i < 20; ++i) s.breakOne(i, refused());
  auto failure = failureOf(kj::mv(any), s.waitScope);
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  EXPECT_MENTIONS(describe(failure), "[15] refused; and 4 more");
}

TEST(Any, OfNothingBreaks) {
  Sources s;
  EXPECT_MENTIONS(describe(failureOf(troth::any(s.make(0)), s.waitScope)), "no promises");
}

TEST(Race, SettlesAsTheFirstThatSettles) {
  Sources s;
  auto won = troth::race(s.make(2));
  s.keep(1, 9);
  EXPECT_EQ(9, won.wait(s.waitScope));
  auto lostRace = troth::race(s.make(), s.make());
  s.breakOne(3, lost());
  EXPECT_EQ("lost", describe(failureOf(kj::mv(lostRace), s.waitScope)));
  EXPECT_EQ(4, s.dropped);
}

TEST(Race, OfPromisesWithoutValuesHasNone) {
  Sources s;
  kj::Promise<void> race =
      troth::race(kj::Promise<void>(kj::NEVER_DONE), kj::Promise<void>(kj::READY_NOW));
  race.wait(s.waitScope);
}

TEST(Race, OfNothingNeverSettles) {
  Sources s;
  EXPECT_FALSE(troth::race(s.make(0)).poll(s.waitScope));
}

TEST(Settled, GivesEveryOutcome) {
  Sources s;
  auto settled = troth::settled(s.make(2));
  s.breakOne(0, refused());
  s.waitScope.poll();
  s.keep(1, 4);
  auto outcomes = settled.wait(s.waitScope);
  ASSERT_EQ(2u, outcomes.size());
  EXPECT_FALSE(outcomes[0].isKept());
  EXPECT_EQ("refused", describe(KJ_ASSERT_NONNULL(outcomes[0].exception)));
  EXPECT_ANY_THROW(outcomes[0].get());
  EXPECT_TRUE(outcomes[1].isKept());
  EXPECT_EQ(4, outcomes[1].get());
}

TEST(Settled, GivesATupleOfOutcomes) {
  Sources s;
  auto [nothing, broken] =
      troth::settled(kj::Promise<void>(kj::READY_NOW), kj::Promise<int>(lost())).wait(s.waitScope);
  EXPECT_TRUE(nothing.isKept());
  EXPECT_FALSE(broken.isKept());
  EXPECT_EQ(0u, troth::settled(s.make(0)).wait(s.waitScope).size());
}

TEST(Combine, NeverSettlesInTheTurnInWhichItIsMade) {
  Sources s;
  kj::TimerImpl timer(kj::origin<kj::TimePoint>());
  auto check = [&](auto make) {
    bool ran = false;
    kj::evalLater([&]() {
      auto running = make().then([&](auto&&...) { ran = true; }).eagerlyEvaluate(nullptr);
      EXPECT_FALSE(ran);
      return kj::mv(running);
    }).wait(s.waitScope);
    EXPECT_TRUE(ran);
  };
  auto one = []() { return kj::Promise<int>(1); };
  check([&]() { return troth::all(one()); });
  check([&]() { return troth::any(one(), one()); });
  check([&]() { return troth::race(one(), one()); });
  check([&]() { return troth::settled(one(), one()); });
  check([&]() { return troth::within(timer, 1 * kj::SECONDS, one()); });
  check([&]() { return troth::retry(timer, {}, one); });
}

TEST(Combine, TakesPromisesOfCallsAndOthersTogether) {
  TwoVats vats;
  auto node = vats.connect();
  auto label = node.label().label();
  auto [labelled, noted, number] =
      troth::all(label, node.note(3).count(), kj::Promise<int>(5)).wait(vats);
  EXPECT_EQ("root", std::string(labelled.cStr()));
  EXPECT_EQ(1u, noted);
  EXPECT_EQ(5, number);
}

kj::Promise<int64_t> sumInCoroutine(Ref<lab::Node> node) {
  auto [one, two] = co_await troth::all(node.echo(1).value(), node.echo(2).value());
  auto three = co_await node.echo(3).value().map([](int64_t value) { return value * 10; });
  co_return one + two + three;
}

TEST(Combine, CanBeAwaitedInACoroutine) {
  TwoVats vats;
  EXPECT_EQ(33, sumInCoroutine(vats.connect()).wait(vats));
}

TEST(Combine, TakesCallsThatHaveSettled) {
  TwoVats vats;
  auto node = vats.connect();
  auto one = node.echo(1);
  auto value = one.value();
  kj::Promise<Owned<lab::Value>> results = node.length();
  vats.settle();
  auto [settledValue, length] = troth::all(value, results).wait(vats);
  EXPECT_EQ(1, settledValue);
  EXPECT_EQ(4, length.getValue());
}

TEST(Combine, TakesCallsInOneRoundTrip) {
  TwoVats vats;
  auto node = vats.connect();
  node.label().wait(vats);
  auto before = vats.roundTrips();
  std::vector<Promise<uint32_t>> counts;
  for (int i = 0; i < 10; ++i) counts.push_back(node.note(i).count());
  auto values = troth::all(counts).wait(vats);
  EXPECT_EQ(10u, values[9]);
  EXPECT_EQ(1u, vats.roundTrips() - before);
}

TEST(Combine, CancelsTheCallsThatLoseThoughTheirVariablesLive) {
  TwoVats vats;
  auto node = vats.connect();
  auto slow = node.holdCancelable();
  auto race = troth::race(slow.ignoreResult(), kj::Promise<void>(kj::READY_NOW));
  auto held = node.holdCancelable();
  auto all = troth::all(held, kj::Promise<int>(lost()));
  vats.settle();
  EXPECT_EQ("lost", describe(failureOf(kj::mv(all), vats)));
  race.wait(vats);
  vats.settle();
  EXPECT_EQ(1, vats.lab.holdsStarted - vats.lab.holdsEnded) << "`slow` still has its call";
}

}  // namespace
}  // namespace troth
