#include "raw-peer.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

#define EXPECT_OVERLOADED(failure, bound)                    \
  {                                                          \
    auto f = failure;                                        \
    EXPECT_EQ(f.getType(), Type::OVERLOADED) << describe(f); \
    EXPECT_MENTIONS(describe(f), bound);                     \
  }

TEST(Limits, OneCallTooManyIsRefusedAlone) {
  TwoVats vats({.callsOutstanding = 3});
  auto root = vats.connect();
  root.echo(0).wait(vats);
  std::vector<Promise<int64_t>> held;
  for (int i = 0; i < 3; ++i) held.push_back(root.hold().value());
  auto refused = root.hold();
  auto dependent = refused.node().label();
  auto argument = root.join(root, refused.node());
  EXPECT_OVERLOADED(failureOf(kj::mv(dependent), vats), "callsOutstanding = 3");
  EXPECT_OVERLOADED(failureOf(kj::mv(argument), vats), "was refused");
  EXPECT_OVERLOADED(failureOf(kj::mv(refused), vats), "callsOutstanding = 3");
  EXPECT_EQ(vats.lab.holdsStarted, 3);
  vats.lab.open();
  for (auto& value: held) EXPECT_EQ(value.wait(vats), 42);
  EXPECT_EQ(root.echo(7).value().wait(vats), 7);
  EXPECT_EQ(vats.server->getTraffic().callsRefused, 3u);
}

TEST(Limits, WordsInFlight) {
  TwoVats vats({.wordsInFlight = 1000});
  auto root = vats.connect();
  root.echo(0).wait(vats);
  std::vector<kj::byte> large(9000);
  EXPECT_OVERLOADED(
      failureOf(root.absorb(std::span<const kj::byte>(large)), vats), "wordsInFlight = 1000");
  large.resize(5000);
  EXPECT_EQ(root.absorb(std::span<const kj::byte>(large)).size().wait(vats), 5000u);
}

TEST(Limits, References) {
  TwoVats vats({.references = 3});
  auto root = vats.connect();
  std::vector<Ref<lab::Node>> nodes;
  for (int i = 0; i < 2; ++i) {
    auto made = root.make("x").wait(vats);
    nodes.push_back(made.getNode());
  }
  EXPECT_OVERLOADED(failureOf(root.make("y"), vats), "references = 3");
  nodes.pop_back();
  vats.settle();
  EXPECT_EQ(root.echo(1).value().wait(vats), 1);
}

TEST(Limits, PipelineDepthOfThePeers) {
  TwoVats vats({.pipelineDepth = 3});
  // The bound is the thread's for the calls it makes, and both vats are in one.
  _::CallQueue::current().pipelineDepthMax = 100;
  auto root = vats.connect();
  root.echo(0).wait(vats);
  auto held = root.later();
  auto node = held.node();
  for (int i = 0; i < 3; ++i) node = node.make("x").node();
  auto refused = node.make("y");
  EXPECT_OVERLOADED(failureOf(kj::mv(refused), vats), "pipelineDepth = 3");
  vats.lab.open();
  EXPECT_EQ(kj::str(node.label().label().wait(vats)), "x");
  _::CallQueue::current().pipelineDepthMax = _::CallQueue::PIPELINE_DEPTH_MAX;
}

TEST(Limits, PipelineDepthOfOurOwn) {
  TwoVats vats({}, {.pipelineDepth = 3});
  auto root = vats.connect();
  root.echo(0).wait(vats);
  auto node = root.later().node();
  for (int i = 0; i < 3; ++i) node = node.make("x").node();
  auto refused = node.make("y");
  EXPECT_OVERLOADED(failureOf(kj::mv(refused), vats), "pipelineDepth");
  EXPECT_EQ(vats.server->getTraffic().callsRefused, 0u);
  vats.lab.open();
  vats.settle();
  EXPECT_EQ(kj::str(node.label().label().wait(vats)), "x");
  _::CallQueue::current().pipelineDepthMax = _::CallQueue::PIPELINE_DEPTH_MAX;
}

TEST(Limits, ACallThatIsTooLargeIsRefusedOnOurSide) {
  TwoVats vats({}, {.messageWords = 1000});
  auto root = vats.connect();
  std::vector<kj::byte> large(9000);
  auto refused = root.absorb(std::span<const kj::byte>(large));
  auto echo = root.echo(1).value();
  EXPECT_OVERLOADED(failureOf(kj::mv(refused), vats), "messageWords");
  EXPECT_EQ(echo.wait(vats), 1);
  EXPECT_EQ(root.echo(2).value().wait(vats), 2);
}

TEST(Limits, AnObjectInACallThatIsTooLargeIsLetGo) {
  Lab clients;
  TwoVats vats({}, {.messageWords = 1000});
  auto root = vats.connect();
  std::string large(9000, 'x');
  auto failure = failureOf(root.sample([&](lab::Sample::Builder sample) {
    sample.setText(large.c_str());
    sample.initInner().setNode(Ref<lab::Node>(kj::heap<NodeServer>(clients)));
  }),
      vats);
  EXPECT_MENTIONS(describe(failure), "messageWords");
  vats.settle();
  EXPECT_EQ(clients.alive, 0);
}

TEST(Limits, AnAnswerThatIsTooLargeIsRefusedByTheServer) {
  TwoVats vats({.messageWords = 1000});
  auto root = vats.connect();
  auto refused = root.blob(9000);
  auto echo = root.echo(1).value();
  EXPECT_OVERLOADED(failureOf(kj::mv(refused), vats), "messageWords");
  EXPECT_EQ(echo.wait(vats), 1);
  EXPECT_EQ(root.blob(5000).wait(vats).getData().size(), 5000u);
}

TEST(Limits, AMessageThatIsTooLargeEndsItsConnectionOnly) {
  TwoVats vats({.messageWords = 1000});
  auto other = vats.connect();
  auto root = vats.connect();
  std::vector<kj::byte> large(9000);
  auto failure = failureOf(root.absorb(std::span<const kj::byte>(large)), vats);
  EXPECT_EQ(failure.getType(), Type::DISCONNECTED) << describe(failure);
  EXPECT_MENTIONS(describe(failure), "too large (limit messageWords)");
  EXPECT_EQ(other.echo(1).value().wait(vats), 1);
}

TEST(Limits, AMessageUnderTheLimitMayBeReadManyTimes) {
  TwoVats vats({.messageWords = 1000});
  auto root = vats.connect();
  std::string text(7000, 'x');
  auto texts = root.texts(text, kj::ArrayPtr<const kj::byte>()).wait(vats);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(texts.getText().size(), 7000u);

  // What it is given, it reads again and again.
  class Reader final: public Server<lab::Node> {
    kj::Promise<void> texts(Texts call) override {
      size_t sum = 0;
      for (int i = 0; i < 20; ++i) sum += call.text().size();
      return call.fulfill(kj::str(sum), call.data());
    }
  };
  vats.server->serve(kj::heap<Reader>());
  auto sum = vats.connect().texts(text, kj::ArrayPtr<const kj::byte>()).text();
  EXPECT_EQ(kj::str(sum.wait(vats)), "140000");
}

TEST(Limits, WordsQueuedForAPeerThatDoesNotRead) {
  RawClient raw({.wordsQueued = 1000});
  auto peer = raw.connect();
  peer.bootstrap(0);
  // Answers of a megabyte, which nobody reads: more than a socket holds.
  auto blob = [](capnp::rpc::Payload::Builder params) {
    params.getContent().initAsAnyStruct(1, 0).getDataSection()[2] = 16;
  };
  uint32_t question = 0;
  while (question < 20 && raw.server->getTraffic().callsRefused == 0) {
    peer.call(++question, 0, BLOB, blob);
    for (int i = 0; i < 10; ++i) raw.loop.waitScope().poll();
  }
  EXPECT_EQ(raw.server->getTraffic().callsRefused, 1u);
  EXPECT_MENTIONS(KJ_REQUIRE_NONNULL(peer.outcomeOf(question)), "wordsQueued = 1000");
  for (uint32_t i = 1; i <= question; ++i) peer.finish(i);
  peer.call(100, 0, ECHO);
  EXPECT_TRUE(peer.outcomeOf(100) == nullptr);
}

TEST(Limits, APeerThatSendsOnAndOnWithoutReadingLosesItsConnection) {
  RawClient raw({.callsOutstanding = 50, .wordsQueued = 1000});
  auto peer = raw.connect();
  peer.bootstrap(0);
  auto blob = [](capnp::rpc::Payload::Builder params) {
    params.getContent().initAsAnyStruct(1, 0).getDataSection()[2] = 16;
  };
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                for (uint32_t question = 1; question < 2000; ++question) {
                  peer.call(question, 0, BLOB, blob);
                  for (int i = 0; i < 10; ++i) raw.loop.waitScope().poll();
                }
              })) {
    EXPECT_EQ(exception->getType(), kj::Exception::Type::DISCONNECTED);
  } else {
    ADD_FAILURE() << "the connection was not ended";
  }
}

TEST(Limits, OneConnectionTooManyIsTurnedAwayWithTheReason) {
  TwoVats vats({.connections = 2});
  auto first = vats.connect();
  kj::Maybe<Ref<lab::Node>> second = vats.connect();
  auto third = vats.connect();
  EXPECT_EQ(first.echo(1).value().wait(vats), 1);
  auto failure = failureOf(third.echo(1), vats);
  EXPECT_MENTIONS(describe(failure), "too many connections (limit connections = 2); retry later");
  EXPECT_EQ(first.echo(2).value().wait(vats), 2);
  vats.client = nullptr;
  vats.settle();
  vats.client = kj::heap<Vat>(vatOptions(vats.loop));
  EXPECT_EQ(vats.connect().echo(3).value().wait(vats), 3);
}

// The vat's own timers decide when it looks, so these wait for a link to be closed, not for a time.
TEST(Limits, IdleConnectionsAreClosed) {
  TwoVats vats({.idle = 4 * kj::MILLISECONDS});
  auto pipe = vats.loop.newTwoWayPipe();
  vats.server->accept(kj::mv(pipe.ends[0]));
  EXPECT_EQ(pipe.ends[1]->readAllBytes().wait(vats).size(), 0u);
}

TEST(Limits, ConnectionsOverWhichAnObjectIsHeldAreNotIdle) {
  TwoVats vats({.idle = 4 * kj::MILLISECONDS});
  auto root = vats.connect();
  root.echo(1).wait(vats);
  auto pipe = vats.loop.newTwoWayPipe();
  vats.server->accept(kj::mv(pipe.ends[0]));
  // A second connection, which is idle, is closed after several looks at both.
  for (int i = 0; i < 3; ++i) {
    pipe.ends[1]->readAllBytes().wait(vats);
    pipe = vats.loop.newTwoWayPipe();
    vats.server->accept(kj::mv(pipe.ends[0]));
  }
  EXPECT_EQ(root.echo(2).value().wait(vats), 2);
}

TEST(Limits, ConnectionsOverWhichTheServerHoldsAnObjectAreNotIdle) {
  Lab clients;
  TwoVats vats({.idle = 4 * kj::MILLISECONDS});
  {
    auto root = vats.connect();
    Ref<lab::Node> mine = kj::heap<NodeServer>(clients, "mine");
    root.keep(mine).wait(vats);
  }
  for (int i = 0; i < 3; ++i) {
    auto pipe = vats.loop.newTwoWayPipe();
    vats.server->accept(kj::mv(pipe.ends[0]));
    pipe.ends[1]->readAllBytes().wait(vats);
  }
  EXPECT_EQ(clients.alive, 1);
}

}  // namespace
}  // namespace troth
