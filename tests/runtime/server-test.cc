#include "testing.h"

namespace troth {
namespace {

TEST(Server, AnInterfaceThatExtendsAnotherServesBoth) {
  TwoVats vats;
  vats.server->serve("special", kj::heap<SpecialServer>(vats.lab));
  auto pipe = vats.loop.newTwoWayPipe();
  vats.server->accept(kj::mv(pipe.ends[0]));
  auto special = vats.client->connect<lab::Special>(kj::mv(pipe.ends[1]), "special");
  EXPECT_EQ(special.special().value().wait(vats), 99);
  EXPECT_EQ(kj::str(special.label().label().wait(vats)), "special");
  Ref<lab::Node> base = special;
  EXPECT_EQ(base.echo(1).value().wait(vats), 1);
  EXPECT_EQ(castRef<lab::Special>(base).special().value().wait(vats), 99);
}

TEST(Server, CallsBackAndIsCalledBack) {
  Lab clients;
  TwoVats vats;
  auto root = vats.connect();
  Ref<lab::Node> mine = kj::heap<NodeServer>(clients, "mine");
  EXPECT_EQ(root.throughCallback(mine, 4).value().wait(vats), 5);
  EXPECT_EQ(mine.throughCallback(root, 5).value().wait(vats), 6);
  // The server calls the client, which calls the server's object: through both, twice.
  EXPECT_EQ(
      kj::str(root.join(root.make("a").node(), mine).node().label().label().wait(vats)), "amine");
  EXPECT_EQ(kj::str(root.tell(mine, 7).label().wait(vats)), "mine");
  EXPECT_EQ(clients.notes, (std::vector<int>{7}));
}

TEST(Server, GivesRefsToItself) {
  TwoVats vats;
  auto root = vats.connect();
  auto self = root.self().node();
  self.note(1).wait(vats);
  root.note(2).wait(vats);
  EXPECT_EQ(toVector<int>(self.notes().numbers().wait(vats)), (std::vector<int>{1, 2}));
}

TEST(Server, PassesACallOn) {
  Lab clients;
  TwoVats vats;
  auto root = vats.connect();
  EXPECT_EQ(root.forward(root.make("12345").node()).value().wait(vats), 5);
  Ref<lab::Node> mine = kj::heap<NodeServer>(clients, "mine");
  EXPECT_EQ(root.forward(mine).value().wait(vats), 4);
}

TEST(Server, PassesACallOnAndFails) {
  TwoVats vats;
  auto root = vats.connect();
  Ref<lab::Node> broken = KJ_EXCEPTION(OVERLOADED, "broken");
  auto failure = failureOf(root.forward(broken), vats);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::OVERLOADED);
  EXPECT_MENTIONS(describe(failure), "broken");
}

TEST(Server, StreamedCallsRunOneAfterTheOther) {
  TwoVats vats;
  auto root = vats.connect();
  std::vector<Promise<void>> pushes;
  for (int i = 0; i < 5; ++i) pushes.push_back(root.push(i));
  vats.settle();
  EXPECT_EQ(vats.lab.pushesOpen, 1);
  for (int i = 0; i < 5; ++i) {
    vats.lab.openOnce();
    vats.settle();
  }
  EXPECT_EQ(vats.lab.pushesOpen, 0);
  EXPECT_EQ(vats.lab.pushesOpenMax, 1);
  for (auto& push: pushes) push.wait(vats);
  auto notes = root.notes().numbers().wait(vats);
  EXPECT_EQ(toVector<int>(notes), (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Server, APlainCallWaitsForTheStreamedOnesBeforeIt) {
  TwoVats vats;
  auto root = vats.connect();
  auto push = root.push(1);
  auto notes = root.notes().numbers();
  vats.settle();
  vats.lab.open();
  EXPECT_EQ(toVector<int>(notes.wait(vats)), (std::vector<int>{1}));
  push.wait(vats);
}

TEST(Server, StreamedCallsHoldBackTheirCallerWhenTheWindowIsFull) {
  TwoVats vats;
  auto root = vats.connect();
  root.echo(0).wait(vats);
  // A window is what the socket's buffer holds; each call takes some tens of bytes.
  std::vector<Promise<void>> pushes;
  for (int i = 0; i < 10000; ++i) pushes.push_back(root.push(i));
  vats.settle();
  EXPECT_FALSE(pushes.back().poll(vats));
  vats.lab.open();
  pushes.back().wait(vats);
}

TEST(Server, AnObjectLivesUntilItsLastRefIsGone) {
  Lab clients;
  TwoVats vats;
  auto root = vats.connect();
  root.keep(kj::heap<NodeServer>(clients)).wait(vats);
  vats.settle();
  EXPECT_EQ(clients.alive, 1);
  root.keep(nullptr).wait(vats);
  vats.settle();
  EXPECT_EQ(clients.alive, 0);
  {
    auto made = root.make("made").node();
    auto copy = made;
    copy.label().wait(vats);
    EXPECT_EQ(vats.lab.alive, 2);
    made = nullptr;
    vats.settle();
    EXPECT_EQ(vats.lab.alive, 2);
  }
  vats.settle();
  EXPECT_EQ(vats.lab.alive, 1);
}

TEST(Server, AnOwnedServerInACallThatFailsIsDestroyed) {
  Lab clients;
  TwoVats vats;
  auto root = vats.connect();
  vats.server = nullptr;
  failureOf(root.keep(kj::heap<NodeServer>(clients)), vats);
  EXPECT_EQ(clients.alive, 0);
}

TEST(Server, MayReleaseItsParametersEarly) {
  class Releaser final: public Server<lab::Node> {
    kj::Promise<void> keep(Keep call) override {
      call.releaseParams();
      return kj::READY_NOW;
    }
  };
  Lab clients;
  TwoVats vats;
  vats.server->serve(kj::heap<Releaser>());
  vats.connect().keep(kj::heap<NodeServer>(clients)).wait(vats);
  vats.settle();
  EXPECT_EQ(clients.alive, 0);
}

TEST(Server, StockServersAreServedToo) {
  class Stock final: public lab::Node::Server {
    kj::Promise<void> echo(EchoContext context) override {
      context.getResults().setValue(context.getParams().getValue() * 2);
      return kj::READY_NOW;
    }
  };
  TwoVats vats;
  vats.server->serve(kj::heap<Stock>());
  EXPECT_EQ(vats.connect().echo(21).value().wait(vats), 42);
  Ref<lab::Node> local = kj::heap<Stock>();
  EXPECT_EQ(local.echo(4).value().wait(vats), 8);
}

TEST(Server, CallsOverlapWhereTheyWait) {
  TwoVats vats;
  auto root = vats.connect();
  auto first = root.hold();
  auto second = root.hold();
  EXPECT_EQ(root.echo(1).value().wait(vats), 1);
  EXPECT_EQ(vats.lab.holdsStarted, 2);
  vats.lab.open();
  first.wait(vats);
  second.wait(vats);
}

}  // namespace
}  // namespace troth
