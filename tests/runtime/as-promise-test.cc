#include <troth/algebra.h>
#include <troth/as-promise.h>

#include "algebra-testing.h"

namespace troth {
namespace {

TEST(AsPromise, GivesTheValueOfAScalarAndOfAnEnum) {
  TwoVats vats;
  Promise<int64_t> number = asPromise(kj::Promise<int64_t>(-5));
  EXPECT_EQ(-5, number.wait(vats));
  EXPECT_EQ(lab::Shade::DARK, asPromise(kj::Promise<lab::Shade>(lab::Shade::DARK)).wait(vats));
  EXPECT_TRUE(asPromise(kj::Promise<bool>(true)).wait(vats));
}

TEST(AsPromise, CanBeAnArgumentBeforeItIsKept) {
  TwoVats vats;
  auto node = vats.connect();
  auto [promise, resolver] = newResolver<int64_t>();
  auto echoed = node.echo(asPromise(kj::mv(promise))).value();
  auto again = node.echo(echoed).value();
  vats.settle();
  resolver.resolve(12);
  EXPECT_EQ(12, again.wait(vats));
}

TEST(AsPromise, LeavesOtherCallsInOneRoundTrip) {
  TwoVats vats;
  auto node = vats.connect();
  node.echo(node.echo(1).value()).ignoreResult().wait(vats);
  asPromise(kj::Promise<int64_t>(1)).wait(vats);
  auto before = vats.roundTrips();
  EXPECT_EQ(2, node.echo(node.echo(2).value()).value().wait(vats));
  EXPECT_EQ(1u, vats.roundTrips() - before);
}

TEST(AsPromise, GivesTextAndLists) {
  TwoVats vats;
  auto node = vats.connect();
  kj::Promise<Owned<capnp::Text>> text = node.label().label();
  EXPECT_EQ("root", std::string(asPromise(kj::mv(text)).wait(vats).cStr()));
  node.note(3).ignoreResult().wait(vats);
  node.note(4).ignoreResult().wait(vats);
  kj::Promise<Owned<capnp::List<int32_t>>> numbers = node.notes().numbers();
  EXPECT_EQ((std::vector<int32_t>{3, 4}), toVector<int32_t>(asPromise(kj::mv(numbers)).wait(vats)));
}

TEST(AsPromise, GivesAStructWhoseFieldsAndObjectsCanBeUsedAtOnce) {
  TwoVats vats;
  auto node = vats.connect();
  kj::Promise<Owned<lab::Outer>> later =
      kj::evalLater([&]() -> kj::Promise<Owned<lab::Outer>> { return node.nest().outer(); });
  auto outer = asPromise(kj::mv(later));
  auto label = outer.inner().node().label().label();
  EXPECT_EQ("nested", std::string(label.wait(vats).cStr()));
}

TEST(AsPromise, BreaksAsThePromiseDoes) {
  TwoVats vats;
  auto failure = failureOf(asPromise(kj::Promise<int64_t>(refused())), vats);
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  EXPECT_MENTIONS(describe(failure), "refused");
  auto node = vats.connect();
  auto echoed = node.echo(asPromise(kj::Promise<int64_t>(refused()))).value();
  EXPECT_MENTIONS(describe(failureOf(kj::mv(echoed), vats)), "refused");
}

TEST(AsPromise, DropsThePromiseWhenItIsDropped) {
  TwoVats vats;
  int dropped = 0;
  {
    auto promise =
        asPromise(kj::Promise<int64_t>(kj::NEVER_DONE).attach(kj::defer([&]() { ++dropped; })));
    vats.settle();
    EXPECT_EQ(0, dropped);
  }
  vats.settle();
  EXPECT_EQ(1, dropped);
}

}  // namespace
}  // namespace troth
