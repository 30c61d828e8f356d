#include <functional>

#include "sturdy-testing.h"

namespace troth {
namespace {

TEST(Restorer, OneObjectPerKeyAsLongAsSomebodyHoldsIt) {
  SturdyVats vats;
  {
    auto first = (*vats.nodes)("alice");
    auto second = (*vats.nodes)("alice");
    auto far = vats.client->restore<lab::Node>(vats.saved("alice"));
    first.note(1).wait(vats);
    second.note(2).wait(vats);
    EXPECT_EQ(far.note(3).count().wait(vats), 3u);
    EXPECT_EQ(vats.made, 1);
    EXPECT_EQ(vats.lab.alive, 1);
  }
  vats.settle();
  EXPECT_EQ(vats.lab.alive, 0);
  EXPECT_EQ((*vats.nodes)("alice").note(1).count().wait(vats), 1u);
  EXPECT_EQ(vats.made, 2);
}

TEST(Restorer, ThoseWhoAskWhileAnObjectIsMadeShareIt) {
  SturdyVats vats;
  auto first = (*vats.late)("carol");
  auto second = (*vats.late)("carol");
  vats.settle();
  EXPECT_EQ(vats.made, 1);
  vats.lab.open();
  first.note(1).wait(vats);
  EXPECT_EQ(second.note(2).count().wait(vats), 2u);
  EXPECT_EQ((*vats.late)("carol").note(3).count().wait(vats), 3u);
  EXPECT_EQ(vats.made, 1);
  EXPECT_EQ(vats.lab.alive, 1);
}

TEST(Restorer, WhatCannotBeMadeIsTriedAgain) {
  SturdyVats vats;
  for (auto restorer: {&*vats.nodes, &*vats.late}) {
    vats.made = 0;
    vats.lab.open();
    EXPECT_MENTIONS(vats.failureOfLabel((*restorer)("nobody")), "no such node");
    EXPECT_MENTIONS(vats.failureOfLabel((*restorer)("nobody")), "no such node");
    EXPECT_EQ(vats.made, 2);
  }
  EXPECT_MENTIONS(vats.failureOfLabel((*vats.nodes)("")), "is empty");
}

TEST(Restorer, ItsFunctionMayNotNeedWhatItMakes) {
  SturdyVats vats;
  kj::Maybe<Ref<lab::Node>> same;
  auto nodes = vats.server->restorer<lab::Node>("own", [&](kj::StringPtr key) {
    same = Ref<lab::Node>(vats.host().restore("troth:/own/x"));
    return kj::heap<NodeServer>(vats.lab, key.cStr());
  });
  EXPECT_EQ(vats.labelOf(nodes("x")), "x");
  EXPECT_MENTIONS(vats.failureOfLabel(KJ_ASSERT_NONNULL(same)), "the object that it is making");
}

TEST(Restorer, ADestructorMayAskForTheSameObject) {
  struct Parting final: public NodeServer {
    using NodeServer::NodeServer;
    ~Parting() noexcept(false) { atEnd(); }
    std::function<void()> atEnd = []() {};
  };
  SturdyVats vats;
  kj::Maybe<Ref<lab::Node>> next;
  kj::Maybe<Restorer<lab::Node>> again;
  int made = 0;
  auto nodes = vats.server->restorer<lab::Node>("parting", [&](kj::StringPtr key) {
    auto server = kj::heap<Parting>(vats.lab, key.cStr());
    if (++made == 1) server->atEnd = [&]() { next = KJ_ASSERT_NONNULL(again)("x"); };
    return server;
  });
  again = nodes;
  EXPECT_EQ(vats.labelOf(nodes("x")), "x");
  vats.settle();
  EXPECT_EQ(made, 2);
  EXPECT_EQ(vats.labelOf(KJ_ASSERT_NONNULL(next)), "x");
  EXPECT_EQ(vats.labelOf(nodes("x")), "x");
  EXPECT_EQ(made, 2);
}

TEST(Restorer, ObjectsMayOutliveTheVat) {
  SturdyVats vats;
  auto alice = (*vats.nodes)("alice");
  auto coming = (*vats.late)("carol");
  auto nodes = *vats.nodes;
  auto& server = KJ_ASSERT_NONNULL(_::findServer(*alice.getHook()));
  EXPECT_EQ(KJ_ASSERT_NONNULL(server.getHome()).key, "alice");
  vats.restart();
  EXPECT_EQ(server.getHome(), nullptr);
  EXPECT_EQ(vats.labelOf(alice), "alice");
  EXPECT_EQ(failureOf(alice.save(), vats).getType(), kj::Exception::Type::UNIMPLEMENTED);
  EXPECT_EQ(failureOf(nodes("alice").label(), vats).getType(), kj::Exception::Type::DISCONNECTED);
  vats.lab.open();
  EXPECT_EQ(failureOf(coming.label(), vats).getType(), kj::Exception::Type::DISCONNECTED);
}

TEST(Restorer, AVatTakesAlongWhatNobodyElseHolds) {
  Lab lab;
  kj::Maybe<Ref<lab::Node>> kept;
  kj::Maybe<Restorer<lab::Node>> restorer;
  {
    Vat vat;
    vat.serve(kj::heap<NodeServer>(lab));
    restorer = vat.restorer<lab::Node>(
        [&](kj::StringPtr key) { return kj::heap<NodeServer>(lab, key.cStr()); });
    kept = KJ_ASSERT_NONNULL(restorer)("alice");
    vat.serve("bob", KJ_ASSERT_NONNULL(restorer)("bob"));
    EXPECT_EQ(lab.alive, 3);
  }
  EXPECT_EQ(lab.alive, 1);
  kept = nullptr;
  EXPECT_EQ(lab.alive, 0);
}

TEST(Restorer, NothingIsMadeForAVatThatIsGone) {
  SturdyVats vats;
  bool dropped = false;
  auto nodes = vats.server->restorer<lab::Node>("slow", [&](kj::StringPtr) {
    return kj::Promise<kj::Own<NodeServer>>(kj::NEVER_DONE).attach(kj::defer([&]() {
      dropped = true;
    }));
  });
  auto coming = nodes("x");
  vats.settle();
  EXPECT_FALSE(dropped);
  vats.restart();
  EXPECT_TRUE(dropped);
  EXPECT_MENTIONS(vats.failureOfLabel(coming), "is gone");
}

TEST(Restorer, TheFirstHomeStands) {
  SturdyVats vats;
  auto alice = (*vats.nodes)("alice");
  vats.server->serve("second", alice);
  vats.server->serve("third", kj::heap<NodeServer>(vats.lab, "third"));
  auto third = Ref<lab::Node>(vats.host().restoreHere("third", "").wait(vats));
  vats.server->serve("fourth", third);
  EXPECT_EQ(vats.host().save(alice.getHook()).wait(vats), "troth:/Node/alice");
  EXPECT_EQ(vats.host().save(third.getHook()).wait(vats), "troth:/third");
}

TEST(Restorer, AnObjectServedAsAPromiseHasAHomeOnceItIsThere) {
  SturdyVats vats;
  auto gate = kj::newPromiseAndFulfiller<lab::Node::Client>();
  vats.server->serve("promised", lab::Node::Client(kj::mv(gate.promise)));
  Ref<lab::Node> node = kj::heap<NodeServer>(vats.lab, "promised");
  gate.fulfiller->fulfill(node);
  auto known = vats.host().restoreHere("promised", "").wait(vats);
  vats.host().restoreHere("promised", "").wait(vats);
  EXPECT_EQ(KJ_ASSERT_NONNULL(KJ_ASSERT_NONNULL(_::findServer(*known)).getHome()).name, "promised");
}

TEST(Restorer, RestoringHereWaitsForTheObject) {
  SturdyVats vats;
  auto coming = vats.host().restoreHere("late", "carol");
  EXPECT_FALSE(coming.poll(vats));
  vats.lab.open();
  EXPECT_EQ(vats.labelOf(Ref<lab::Node>(coming.wait(vats))), "carol");
  for (auto name: {"late", "Node"}) {
    auto failure = failureOf(vats.host().restoreHere(name, "nobody"), vats);
    EXPECT_MENTIONS(describe(failure), "no such node");
  }
  EXPECT_MENTIONS(
      describe(failureOf(vats.host().restoreHere("nothing", "x"), vats)), "no restorer");
  EXPECT_MENTIONS(describe(failureOf(vats.host().restoreHere("", ""), vats)), "no main object");
}

}  // namespace
}  // namespace troth
