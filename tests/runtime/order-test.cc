#include "testing.h"

namespace troth {
namespace {

std::vector<int> upTo(int count) {
  std::vector<int> result;
  for (int i = 0; i < count; ++i) result.push_back(i);
  return result;
}

// Makes a call of note(), for its effect.
void note(Ref<lab::Node>& node, int number) {
  node.note(number).detach([](kj::Exception&& e) { ADD_FAILURE() << describe(e); });
}

TEST(Order, CallsOnOneRefArriveAsTheyWereMade) {
  TwoVats vats;
  auto root = vats.connect();
  for (int i = 0; i < 50; ++i) note(root, i);
  root.label().wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(50));
}

TEST(Order, HoldsAcrossTurns) {
  TwoVats vats;
  auto root = vats.connect();
  for (int i = 0; i < 50; ++i) {
    note(root, i);
    if (i % 7 == 3) vats.loop.waitScope().poll(1);
    if (i % 11 == 5) vats.settle();
  }
  root.label().wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(50));
}

TEST(Order, HoldsThroughAPromisedRefWhileItResolves) {
  TwoVats vats;
  auto root = vats.connect();
  auto later = root.later().node();
  for (int i = 0; i < 10; ++i) note(later, i);
  vats.settle();
  for (int i = 10; i < 20; ++i) note(later, i);
  vats.lab.open();
  for (int i = 20; i < 60; ++i) {
    note(later, i);
    vats.loop.waitScope().poll(1);
  }
  later.label().wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(60));
}

TEST(Order, HoldsWhereAPromisedObjectTurnsOutToBeLocal) {
  TwoVats vats;
  auto root = vats.connect();
  Ref<lab::Node> mine = kj::heap<NodeServer>(vats.lab, "mine");
  auto back = root.same(mine).node();
  for (int i = 0; i < 100; ++i) {
    note(back, i);
    vats.loop.waitScope().poll(1);
  }
  back.label().wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(100));
}

TEST(Order, HoldsWhereThePromisedObjectIsNestedAndResolvesLate) {
  TwoVats vats;
  auto root = vats.connect();
  auto made = root.later().node().make("inner").node();
  note(made, 0);
  vats.settle();
  note(made, 1);
  vats.lab.open();
  note(made, 2);
  vats.settle();
  note(made, 3);
  made.label().wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(4));
}

TEST(Order, CallsOnTheResolvedRefFollowThosePipelinedBefore) {
  TwoVats vats;
  auto root = vats.connect();
  auto made = root.make("made");
  auto promised = made.node();
  note(promised, 0);
  auto response = made.wait(vats);
  note(promised, 1);
  Ref<lab::Node> again = promised;
  note(again, 2);
  note(promised, 3);
  promised.label().wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(4));
}

TEST(Order, TwoRefsFromOnePromiseKeepOneOrder) {
  TwoVats vats;
  auto root = vats.connect();
  auto made = root.make("made");
  auto first = made.node();
  auto second = made.node();
  for (int i = 0; i < 20; ++i) {
    note(i % 2 == 0 ? first : second, i);
    if (i % 5 == 4) vats.loop.waitScope().poll(2);
  }
  first.label().wait(vats);
  second.label().wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(20));
}

TEST(Order, CallsMadeInAFillFunctionGoBeforeTheCallThatIsFilled) {
  TwoVats vats;
  auto root = vats.connect();
  auto told = root.tell([&](lab::Node::TellParams::Builder params) {
    note(root, 0);
    params.setNode(root.make("filled").node());
    params.setNumber(1);
    note(root, 2);
  });
  EXPECT_EQ(kj::str(told.label().wait(vats)), "filled");
  EXPECT_EQ(vats.lab.notes, (std::vector<int>{0, 2, 1}));
  EXPECT_EQ(vats.roundTrips(), 1u);
}

TEST(Order, HoldsForLocalObjects) {
  TwoVats vats;
  Ref<lab::Node> root = kj::heap<NodeServer>(vats.lab);
  auto made = root.make("made").node();
  for (int i = 0; i < 30; ++i) {
    note(made, i);
    vats.loop.waitScope().poll(1);
  }
  made.label().wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(30));
}

TEST(Order, ArgumentsAreUsedInTheOrderOfTheCallsThatPassThem) {
  TwoVats vats;
  auto root = vats.connect();
  auto node = root.make("node").node();
  std::vector<Promise<lab::Node::TellResults>> tells;
  for (int i = 0; i < 10; ++i) tells.push_back(root.tell(node, i));
  for (auto& tell: tells) tell.wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(10));
}

TEST(Order, AStockClientOfAPromisedRefSendsWhatIsPendingFirst) {
  TwoVats vats;
  auto root = vats.connect();
  auto made = root.make("made").node();
  note(made, 0);
  lab::Node::Client stock = made;
  auto request = stock.noteRequest();
  request.setNumber(1);
  request.send().wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(2));
}

TEST(Order, CallsOnARefToComeArriveAsTheyWereMade) {
  TwoVats vats;
  auto root = vats.connect();
  auto coming = kj::newPromiseAndFulfiller<Ref<lab::Node>>();
  Ref<lab::Node> node = kj::mv(coming.promise);
  note(node, 0);
  vats.settle();
  note(node, 1);
  coming.fulfiller->fulfill(root.make("made").node());
  note(node, 2);
  node.label().wait(vats);
  EXPECT_EQ(vats.lab.notes, upTo(3));
}

}  // namespace
}  // namespace troth
