#include <troth/algebra.h>

#include "algebra-testing.h"

namespace troth {
namespace {

using ResolverTest = PromiseTest;

TEST_F(ResolverTest, ResolvesItsPromiseOnce) {
  auto [promise, resolver] = newResolver<int>();
  EXPECT_TRUE(resolver.isPending());
  EXPECT_FALSE(promise.poll(waitScope));
  EXPECT_TRUE(resolver.resolve(3));
  EXPECT_FALSE(resolver.isPending());
  EXPECT_FALSE(resolver.resolve(4));
  EXPECT_FALSE(resolver.reject(KJ_EXCEPTION(FAILED, "too late")));
  EXPECT_FALSE(resolver.follow(kj::Promise<int>(5)));
  EXPECT_EQ(3, promise.wait(waitScope));
}

TEST_F(ResolverTest, ResolvesAPromiseWithoutAValue) {
  auto [promise, resolver] = newResolver<void>();
  EXPECT_TRUE(resolver.resolve());
  promise.wait(waitScope);
}

TEST_F(ResolverTest, RejectsItsPromise) {
  auto [promise, resolver] = newResolver<kj::String>();
  EXPECT_TRUE(resolver.reject(KJ_EXCEPTION(OVERLOADED, "no room")));
  EXPECT_FALSE(resolver.resolve(kj::str("room")));
  EXPECT_EQ("no room", describe(failureOf(kj::mv(promise), waitScope)));
}

TEST_F(ResolverTest, BreaksItsPromiseWhenItIsGone) {
  auto lose = []() { return newResolver<int>().promise; };
  EXPECT_MENTIONS(describe(failureOf(lose(), waitScope)), "the Resolver of this promise is gone");
  auto [promise, resolver] = newResolver<int>();
  resolver = newResolver<int>().resolver;
  EXPECT_MENTIONS(describe(failureOf(kj::mv(promise), waitScope)), "is gone");
}

TEST_F(ResolverTest, KnowsThatNobodyHoldsItsPromise) {
  auto ends = newResolver<int>();
  { auto dropped = kj::mv(ends.promise); }
  EXPECT_FALSE(ends.resolver.isPending());
  EXPECT_FALSE(ends.resolver.resolve(1));
}

TEST_F(ResolverTest, CanBeMoved) {
  auto [promise, resolver] = newResolver<int>();
  auto other = kj::mv(resolver);
  EXPECT_TRUE(other.resolve(8));
  EXPECT_EQ(8, promise.wait(waitScope));
}

TEST_F(ResolverTest, FollowsAnotherPromise) {
  auto [promise, resolver] = newResolver<int>();
  auto [source, sourceResolver] = newResolver<int>();
  EXPECT_TRUE(resolver.follow(source));
  EXPECT_FALSE(resolver.resolve(1)) << "it is decided, though not settled";
  EXPECT_FALSE(promise.poll(waitScope));
  sourceResolver.resolve(2);
  EXPECT_EQ(2, promise.wait(waitScope));
}

TEST_F(ResolverTest, DropsTheFollowedPromiseWithItsOwn) {
  int dropped = 0;
  {
    auto [promise, resolver] = newResolver<int>();
    resolver.follow(kj::Promise<int>(kj::NEVER_DONE).attach(kj::defer([&]() { ++dropped; })));
  }
  EXPECT_EQ(1, dropped);
}

TEST_F(ResolverTest, RunsNoContinuationInTheTurnThatResolves) {
  bool ran = false;
  kj::evalLater([&]() {
    auto [promise, resolver] = newResolver<int>();
    auto continued = promise.then([&](int) { ran = true; }).eagerlyEvaluate(nullptr);
    resolver.resolve(1);
    EXPECT_FALSE(ran);
    return continued.then([&ran]() { EXPECT_TRUE(ran); });
  }).wait(waitScope);
}

}  // namespace
}  // namespace troth
