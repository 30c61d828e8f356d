#include "testing.h"

namespace troth {
namespace {

TEST(Pipelining, AChainOfDependentCallsTakesOneRoundTrip) {
  TwoVats vats;
  auto node = vats.connect();
  for (int i = 0; i < 16; ++i) node = node.make(std::to_string(i)).node();
  EXPECT_EQ(kj::str(node.label().label().wait(vats)), "15");
  EXPECT_EQ(vats.roundTrips(), 1u);
  EXPECT_EQ(vats.observed.roundTrips, 1);
}

TEST(Pipelining, TheSameChainAwaitedTakesARoundTripForEachCall) {
  TwoVats vats;
  auto node = vats.connect();
  for (int i = 0; i < 16; ++i) {
    auto made = node.make(std::to_string(i)).wait(vats);
    node = Ref<lab::Node>(made.getNode());
  }
  EXPECT_EQ(kj::str(node.label().label().wait(vats)), "15");
  EXPECT_EQ(vats.roundTrips(), 17u);
  EXPECT_EQ(vats.observed.roundTrips, 17);
}

TEST(Pipelining, ReachesAnObjectInsideAStructInsideAStruct) {
  TwoVats vats;
  auto root = vats.connect();
  auto nested = root.nest();
  auto label = nested.outer().inner().node().label().label();
  auto number = nested.outer().inner().number();
  auto title = nested.outer().title();
  EXPECT_EQ(kj::str(label.wait(vats)), "nested");
  EXPECT_EQ(number.wait(vats), 7);
  EXPECT_EQ(kj::str(title.wait(vats)), "outer");
  EXPECT_EQ(vats.roundTrips(), 1u);
}

TEST(Pipelining, APromisedObjectIsAnArgumentOfACallInTheSameFlight) {
  TwoVats vats;
  auto root = vats.connect();
  auto joined = root.join(root.make("left").node(), root.make("right").node()).node();
  EXPECT_EQ(kj::str(joined.label().label().wait(vats)), "leftright");
  EXPECT_EQ(vats.roundTrips(), 1u);
}

TEST(Pipelining, OnePromisedObjectIsTargetAndArgumentsOfOneCall) {
  TwoVats vats;
  auto root = vats.connect();
  auto node = root.make("a").node();
  EXPECT_EQ(kj::str(node.join(node, node).node().label().label().wait(vats)), "aa");
  EXPECT_EQ(vats.roundTrips(), 1u);
}

TEST(Pipelining, TwoObjectsOfOneAnswerAreTargetAndArgument) {
  TwoVats vats;
  auto root = vats.connect();
  auto outer = root.nest().outer();
  auto inner = outer.inner().node();
  auto again = outer.inner().node();
  EXPECT_EQ(kj::str(inner.join(again, inner).node().label().label().wait(vats)), "nestednested");
  EXPECT_EQ(vats.roundTrips(), 1u);
}

TEST(Pipelining, FansOutAndIn) {
  constexpr int WIDTH = 20;
  TwoVats vats;
  auto root = vats.connect();
  std::vector<Ref<lab::Node>> nodes;
  for (int i = 0; i < WIDTH; ++i) nodes.push_back(root.make(std::to_string(i)).node());
  auto labels = root.gather(nodes).labels().wait(vats);
  ASSERT_EQ(labels.size(), kj::uint(WIDTH));
  for (int i = 0; i < WIDTH; ++i) EXPECT_EQ(std::string(labels[i].cStr()), std::to_string(i));
  EXPECT_EQ(vats.roundTrips(), 1u);
}

TEST(Pipelining, ATreeOfJoinsIsOneRoundTrip) {
  TwoVats vats;
  auto root = vats.connect();
  std::vector<Ref<lab::Node>> layer;
  for (auto name: {"a", "b", "c", "d", "e", "f", "g", "h"}) layer.push_back(root.make(name).node());
  while (layer.size() > 1) {
    std::vector<Ref<lab::Node>> above;
    for (size_t i = 0; i < layer.size(); i += 2) {
      above.push_back(root.join(layer[i], layer[i + 1]).node());
    }
    layer = std::move(above);
  }
  EXPECT_EQ(kj::str(layer[0].label().label().wait(vats)), "abcdefgh");
  EXPECT_EQ(vats.roundTrips(), 1u);
}

TEST(Pipelining, GoesOnAfterATurnInWhichTheSourceWasSentButNotAnswered) {
  TwoVats vats;
  auto root = vats.connect();
  auto held = root.hold();
  vats.settle();
  EXPECT_EQ(vats.lab.holdsStarted, 1);
  auto label = held.node().label().label();
  vats.settle();
  vats.lab.open();
  EXPECT_EQ(kj::str(label.wait(vats)), "held");
}

TEST(Pipelining, APromisedObjectMayBeUsedAfterItsCallHasSettled) {
  TwoVats vats;
  auto root = vats.connect();
  auto made = root.make("kept");
  auto before = made.node();
  EXPECT_EQ(kj::str(before.label().label().wait(vats)), "kept");
  auto after = made.node();
  EXPECT_EQ(kj::str(after.label().label().wait(vats)), "kept");
  EXPECT_EQ(kj::str(before.label().label().wait(vats)), "kept");
}

TEST(Pipelining, WorksOnLocalObjects) {
  TwoVats vats;
  Ref<lab::Node> root = kj::heap<NodeServer>(vats.lab);
  auto joined = root.join(root.make("left").node(), root.nest().outer().inner().node()).node();
  EXPECT_EQ(kj::str(joined.label().label().wait(vats)), "leftnested");
  EXPECT_EQ(vats.roundTrips(), 0u);
}

TEST(Pipelining, AnObjectOfTheClientsIsAnArgument) {
  TwoVats vats;
  auto root = vats.connect();
  Ref<lab::Node> mine = kj::heap<NodeServer>(vats.lab, "mine");
  EXPECT_EQ(kj::str(root.join(mine, root).node().label().label().wait(vats)), "mineroot");
}

TEST(Pipelining, WhatComesBackToItsOwnVatIsTheLocalObject) {
  TwoVats vats;
  auto root = vats.connect();
  Ref<lab::Node> mine = kj::heap<NodeServer>(vats.lab, "mine");
  auto back = root.same(mine).node();
  whenResolved(back).wait(vats);
  auto sent = vats.client->getTraffic().callsSent;
  EXPECT_EQ(back.echo(5).value().wait(vats), 5);
  EXPECT_EQ(vats.client->getTraffic().callsSent, sent);
}

// Three vats: the client, and two servers that do not know each other.
struct ThreeVats {
  TwoVats vats;
  Vat third{vatOptions(vats.loop)};
  Ref<lab::Node> root = vats.connect();
  Ref<lab::Node> other = connectThird();

  Ref<lab::Node> connectThird() {
    third.serve(kj::heap<NodeServer>(vats.lab, "third"));
    auto pipe = vats.loop.newTwoWayPipe();
    third.accept(kj::mv(pipe.ends[0]));
    return vats.client->connect<lab::Node>(kj::mv(pipe.ends[1]));
  }
};

TEST(ThreeVats, AnObjectOfOneIsAnArgumentToAnother) {
  ThreeVats three;
  auto& vats = three.vats;
  auto joined = three.root.join(three.other, three.root).node();
  EXPECT_EQ(kj::str(joined.label().label().wait(vats)), "thirdroot");
}

TEST(ThreeVats, APromisedObjectOfOneIsAnArgumentToAnother) {
  ThreeVats three;
  auto& vats = three.vats;
  auto promised = three.other.make("far").node();
  auto joined = three.root.join(promised, three.root).node();
  EXPECT_EQ(kj::str(joined.label().label().wait(vats)), "farroot");
}

TEST(ThreeVats, AnObjectThatPassedThroughBothIsStillItself) {
  ThreeVats three;
  auto& vats = three.vats;
  auto promised = three.other.make("far").node();
  auto back = three.other.same(three.root.same(promised).node()).node();
  EXPECT_EQ(kj::str(back.label().label().wait(vats)), "far");
}

}  // namespace
}  // namespace troth
