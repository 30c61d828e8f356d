#include "raw-peer.h"
#include "restartable.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

// A client vat whose peer is played by the test.
struct OneVat {
  Loop loop;
  kj::Own<kj::AsyncIoStream> peer;
  Vat client{vatOptions(loop)};

  Ref<lab::Node> connect() {
    auto pipe = loop.newTwoWayPipe();
    peer = kj::mv(pipe.ends[0]);
    return client.connect<lab::Node>(kj::mv(pipe.ends[1]));
  }
  operator kj::WaitScope&() { return loop.waitScope(); }
};

void expectDisconnected(const kj::Exception& exception) {
  EXPECT_EQ(exception.getType(), Type::DISCONNECTED) << describe(exception);
}

TEST(Disconnect, AnAddressWhereNobodyListensBreaksTheCalls) {
  OneVat vat;
  auto root = vat.client.connect<lab::Node>("127.0.0.1:1");
  auto made = root.make("x");
  auto label = made.node().label();
  auto first = failureOf(kj::mv(made), vat);
  expectDisconnected(first);
  EXPECT_MENTIONS(describe(first), "while calling Node.make");
  auto second = failureOf(kj::mv(label), vat);
  expectDisconnected(second);
  EXPECT_MENTIONS(describe(second), "while calling Node.label (on \"node\" from Node.make)");
}

TEST(Disconnect, BeforeAnythingIsSent) {
  OneVat vat;
  auto root = vat.connect();
  vat.peer = nullptr;
  expectDisconnected(failureOf(root.label(), vat));
}

TEST(Disconnect, BeforeTheBootstrapIsAnswered) {
  OneVat vat;
  auto root = vat.connect();
  auto label = root.make("x").node().label();
  auto message = capnp::readMessage(*vat.peer).wait(vat);
  EXPECT_TRUE(message->getRoot<capnp::rpc::Message>().isBootstrap());
  vat.peer = nullptr;
  expectDisconnected(failureOf(kj::mv(label), vat));
}

TEST(Disconnect, WhenThePeerStopsToWriteButStillReads) {
  OneVat vat;
  auto root = vat.connect();
  auto label = root.label();
  vat.peer->shutdownWrite();
  expectDisconnected(failureOf(kj::mv(label), vat));
}

TEST(Disconnect, WhileTheServerWorksBreaksAllThatDepends) {
  TwoVats vats;
  auto root = vats.connect();
  auto held = root.hold();
  auto value = held.value();
  auto label = held.node().label();
  auto joined = root.join(held.node(), root).node().label();
  vats.settle();
  EXPECT_EQ(vats.lab.holdsStarted, 1);
  vats.server = nullptr;
  expectDisconnected(failureOf(kj::mv(value), vats));
  expectDisconnected(failureOf(kj::mv(label), vats));
  expectDisconnected(failureOf(kj::mv(joined), vats));
  expectDisconnected(failureOf(kj::mv(held), vats));
  expectDisconnected(failureOf(root.label(), vats));
}

TEST(Disconnect, OfTheClientEndsWhatTheServerDoesForIt) {
  TwoVats vats;
  auto root = vats.connect();
  auto cancelable = root.holdCancelable();
  auto made = root.make("made");
  auto node = made.wait(vats);
  vats.settle();
  EXPECT_EQ(vats.lab.holdsStarted, 1);
  EXPECT_EQ(vats.lab.alive, 2);
  vats.client = nullptr;
  vats.settle();
  EXPECT_EQ(vats.lab.holdsEnded, 1);
  EXPECT_EQ(vats.lab.holdsAnswered, 0);
  EXPECT_EQ(vats.lab.alive, 1);
}

TEST(Disconnect, AfterTheAnswerLeavesTheAnswerReadable) {
  TwoVats vats;
  auto root = vats.connect();
  auto response = root.blob(5000).wait(vats);
  auto made = root.make("made");
  auto node = made.node();
  whenResolved(node).wait(vats);
  vats.server = nullptr;
  vats.settle();
  EXPECT_EQ(response.getData().size(), 5000u);
  EXPECT_EQ(response.getData()[255], 255);
  expectDisconnected(failureOf(node.label(), vats));
}

TEST(Disconnect, BreaksTheServersCallsToItsClient) {
  Lab clients;
  kj::Maybe<kj::Exception> failure;
  TwoVats vats;
  Ref<lab::Node> mine = kj::heap<NodeServer>(clients, "mine");

  // Waits for an object of the client's, which holds.
  class Caller final: public Server<lab::Node> {
  public:
    explicit Caller(kj::Maybe<kj::Exception>& failure): failure(failure) {}
    kj::Promise<void> tell(Tell call) override {
      try {
        co_await call.node().hold();
      } catch (kj::Exception& exception) {
        failure = kj::mv(exception);
      }
      call.fulfill("done");
    }
    kj::Maybe<kj::Exception>& failure;
  };
  vats.server->serve(kj::heap<Caller>(failure));
  auto told = vats.connect().tell(mine, 1);
  vats.settle();
  EXPECT_EQ(clients.holdsStarted, 1);
  vats.client = nullptr;
  vats.settle();
  expectDisconnected(KJ_REQUIRE_NONNULL(failure));
  EXPECT_MENTIONS(describe(KJ_REQUIRE_NONNULL(failure)), "while calling Node.hold");
}

TEST(Disconnect, WakesACoroutineThatAwaits) {
  TwoVats vats;
  auto root = vats.connect();
  auto run = [](Ref<lab::Node> node) -> kj::Promise<bool> {
    try {
      co_await node.hold();
    } catch (const kj::Exception& exception) {
      co_return exception.getType() == Type::DISCONNECTED;
    }
    co_return false;
  };
  auto task = run(root);
  vats.settle();
  vats.server = nullptr;
  EXPECT_TRUE(task.wait(vats));
}

TEST(Disconnect, ConnectingAgainAtOnceMakesANewConnection) {
  Restartable restartable;
  restartable.start();
  auto run = [](Restartable& self) -> kj::Promise<int64_t> {
    auto before = self.client->connect<lab::Node>(self.address);
    co_await before.echo(1);
    auto held = before.hold();
    self.server = nullptr;
    co_await self.startListening();
    bool broke = false;
    try {
      co_await held;
    } catch (const kj::Exception& exception) {
      broke = true;
      expectDisconnected(exception);
    }
    EXPECT_TRUE(broke);
    // Without giving the vat a turn to clear away what broke.
    co_return co_await self.client->connect<lab::Node>(self.address).echo(2).value();
  };
  EXPECT_EQ(run(restartable).wait(restartable), 2);
}

TEST(Disconnect, ConnectingAgainAfterARefusalTriesAgain) {
  Restartable restartable;
  auto run = [](Restartable& self) -> kj::Promise<int64_t> {
    try {
      co_await self.client->connect<lab::Node>(self.address).echo(1);
    } catch (const kj::Exception& exception) {
      expectDisconnected(exception);
    }
    co_await self.startListening();
    co_return co_await self.client->connect<lab::Node>(self.address).echo(2).value();
  };
  EXPECT_EQ(run(restartable).wait(restartable), 2);
}

TEST(Disconnect, RefsToOneAddressShareAConnection) {
  Restartable restartable;
  restartable.start();
  auto first = restartable.client->connect<lab::Node>(restartable.address);
  auto second = restartable.client->connect<lab::Node>(restartable.address);
  auto both = first.join(first, second).node().label().label();
  EXPECT_EQ(kj::str(both.wait(restartable)), "rootroot");
  EXPECT_EQ(restartable.client->getTraffic().roundTrips, 1u);
}

TEST(Disconnect, ARefOfAStreamStaysBroken) {
  TwoVats vats;
  auto root = vats.connect();
  root.echo(1).wait(vats);
  vats.server = nullptr;
  vats.settle();
  expectDisconnected(failureOf(root.echo(1), vats));
  auto retried = failureOf(root.echo(1).retry(), vats);
  expectDisconnected(retried);
  EXPECT_EQ(describe(retried).find("gave up"), std::string::npos) << describe(retried);
}

}  // namespace
}  // namespace troth
