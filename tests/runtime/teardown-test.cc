#include "raw-peer.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

// Of everything that a program may still hold when its vat goes.
struct Holdings {
  explicit Holdings(TwoVats& vats)
      : root(vats.connect()),
        response(root.blob(3000).wait(vats)),
        resolved(Ref<lab::Node>(root.make("resolved").wait(vats).getNode())),
        sent(root.hold()),
        sentNode(sent.node()),
        sentLabel(sentNode.label().label()) {
    vats.settle();
    unsent.push_back(root.make("unsent"));
    unsentNode = unsent[0].node();
    unsentLabel = unsentNode.label();
  }

  Ref<lab::Node> root;
  capnp::Response<lab::Node::BlobResults> response;
  Ref<lab::Node> resolved;
  Promise<lab::Node::HoldResults> sent;
  Ref<lab::Node> sentNode;
  Promise<capnp::Text> sentLabel;
  std::vector<Promise<lab::Node::MakeResults>> unsent;
  Ref<lab::Node> unsentNode = nullptr;
  kj::Maybe<Promise<lab::Node::LabelResults>> unsentLabel;
};

TEST(Teardown, TheClientGoesFirst) {
  TwoVats vats;
  {
    Holdings holdings(vats);
    vats.client = nullptr;
    EXPECT_EQ(holdings.response.getData().size(), 3000u);
    vats.settle();
  }
  EXPECT_EQ(vats.lab.alive, 1);
  vats.server = nullptr;
  vats.lab.open();
  vats.settle();
  EXPECT_EQ(vats.lab.alive, 0);
}

TEST(Teardown, TheServerGoesFirst) {
  TwoVats vats;
  {
    Holdings holdings(vats);
    vats.server = nullptr;
    vats.settle();
    EXPECT_EQ(failureOf(kj::mv(holdings.sentLabel), vats).getType(), Type::DISCONNECTED);
    vats.client = nullptr;
  }
  vats.lab.open();
  vats.settle();
  EXPECT_EQ(vats.lab.alive, 0);
}

TEST(Teardown, HoldingsGoBeforeTheVats) {
  TwoVats vats;
  { Holdings holdings(vats); }
  vats.client = nullptr;
  vats.server = nullptr;
}

TEST(Teardown, CallsOfADeadVatBreak) {
  TwoVats vats;
  Holdings holdings(vats);
  vats.client = nullptr;
  EXPECT_EQ(failureOf(kj::mv(holdings.sent), vats).getType(), Type::DISCONNECTED);
  EXPECT_EQ(failureOf(kj::mv(holdings.unsent[0]), vats).getType(), Type::DISCONNECTED);
  EXPECT_EQ(failureOf(holdings.root.echo(1), vats).getType(), Type::DISCONNECTED);
  EXPECT_EQ(failureOf(holdings.sentNode.echo(1), vats).getType(), Type::DISCONNECTED);
}

// A vat with a loop of its own, and all that may be left of it when it is gone.
TEST(Teardown, EverythingMayOutliveAVatWithItsOwnLoop) {
  Lab lab;
  kj::Maybe<Ref<lab::Node>> root;
  kj::Maybe<Ref<lab::Node>> promisedNode;
  kj::Maybe<Promise<lab::Node::HoldResults>> sent;
  kj::Maybe<Promise<lab::Node::EchoResults>> unsent;
  kj::Maybe<Promise<capnp::Text>> unsentText;
  kj::Maybe<capnp::Response<lab::Node::BlobResults>> response;
  kj::Maybe<kj::Promise<void>> continued;
  bool continuedRan = false;
  {
    Vat vat;
    vat.serve(kj::heap<NodeServer>(lab));
    auto pipe = vat.loop().newTwoWayPipe();
    vat.accept(kj::mv(pipe.ends[0]));
    auto node = vat.connect<lab::Node>(kj::mv(pipe.ends[1]));
    response = node.blob(1000).wait(vat);
    auto held = node.hold();
    node.echo(1).wait(vat);
    promisedNode = held.node();
    continued = held.value()
                    .then([](int64_t) {},
                        [&](kj::Exception&& exception) {
                          EXPECT_EQ(exception.getType(), Type::DISCONNECTED);
                          continuedRan = true;
                        })
                    .eagerlyEvaluate(nullptr);
    sent = kj::mv(held);
    unsent = node.echo(2);
    unsentText = node.make("x").node().label().label();
    root = kj::mv(node);
  }
  EXPECT_TRUE(continuedRan);
  KJ_IF_MAYBE(r, response) {
    EXPECT_EQ(r->getData().size(), 1000u);
  }
}

TEST(Teardown, ACoroutineLearnsThatItsVatIsGone) {
  Lab lab;
  std::vector<std::string> seen;
  using Seen = std::vector<std::string>;
  auto run = [](Vat& vat, Ref<lab::Node> node, Seen& seen) -> kj::Promise<void> {
    try {
      co_await node.hold();
    } catch (const kj::Exception& exception) {
      EXPECT_EQ(exception.getType(), Type::DISCONNECTED);
      seen.push_back("broken");
    }
    // What a program that retries would do.
    try {
      co_await vat.connect<lab::Node>("unix:/nowhere").echo(1);
    } catch (const kj::Exception& exception) {
      EXPECT_MENTIONS(describe(exception), "shutting down");
      seen.push_back("refused");
    }
    try {
      co_await node.echo(1);
    } catch (const kj::Exception& exception) {
      EXPECT_EQ(exception.getType(), Type::DISCONNECTED);
      seen.push_back("broken again");
    }
  };
  kj::Maybe<kj::Promise<void>> task;
  {
    Vat vat;
    vat.serve(kj::heap<NodeServer>(lab));
    auto pipe = vat.loop().newTwoWayPipe();
    vat.accept(kj::mv(pipe.ends[0]));
    auto node = vat.connect<lab::Node>(kj::mv(pipe.ends[1]));
    task = run(vat, node, seen);
    node.echo(1).wait(vat);
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"broken", "refused", "broken again"}));
}

TEST(Teardown, LocalCallsEndWithTheirVat) {
  Lab lab;
  kj::Maybe<kj::Exception> failure;
  kj::Maybe<kj::Promise<void>> task;
  {
    Vat vat;
    Ref<lab::Node> node = kj::heap<NodeServer>(lab);
    task = node.hold()
               .then([](auto&&) {}, [&](kj::Exception&& e) { failure = kj::mv(e); })
               .eagerlyEvaluate(nullptr);
    node.echo(1).wait(vat);
  }
  EXPECT_EQ(KJ_REQUIRE_NONNULL(failure).getType(), Type::DISCONNECTED);
}

TEST(Teardown, DetachedCallsEndWithTheirVat) {
  Lab lab;
  {
    Vat vat;
    vat.serve(kj::heap<NodeServer>(lab));
    auto pipe = vat.loop().newTwoWayPipe();
    vat.accept(kj::mv(pipe.ends[0]));
    auto node = vat.connect<lab::Node>(kj::mv(pipe.ends[1]));
    for (int i = 0; i < 10; ++i) node.holdCancelable().detach([](kj::Exception&&) {});
    node.echo(1).wait(vat);
    EXPECT_EQ(lab.holdsStarted, 10);
  }
  EXPECT_EQ(lab.alive, 0);
  EXPECT_EQ(lab.holdsEnded, 10);
}

TEST(Teardown, AVatWithItsOwnLoopIsFollowedByAnother) {
  Lab lab;
  for (int i = 0; i < 3; ++i) {
    Vat vat;
    vat.serve(kj::heap<NodeServer>(lab));
    auto pipe = vat.loop().newTwoWayPipe();
    vat.accept(kj::mv(pipe.ends[0]));
    auto node = vat.connect<lab::Node>(kj::mv(pipe.ends[1]));
    EXPECT_EQ(node.echo(i).value().wait(vat), i);
    auto pending = node.echo(i);
  }
  EXPECT_EQ(lab.alive, 0);
}

constexpr int DEEP = 30000;

TEST(Teardown, ADeepChainThatWasNeverSentIsDropped) {
  TwoVats vats;
  auto node = vats.connect();
  for (int i = 0; i < DEEP / 2; ++i) node = node.make("x").node();
  node = nullptr;
}

TEST(Teardown, ADeepChainThroughArgumentsIsDropped) {
  TwoVats vats;
  auto root = vats.connect();
  auto node = root;
  for (int i = 0; i < DEEP / 2; ++i) node = root.same(node).node();
  node = nullptr;
}

TEST(Teardown, ADeepChainThroughFillFunctionsIsDropped) {
  TwoVats vats;
  auto root = vats.connect();
  auto node = root;
  for (int i = 0; i < DEEP / 2; ++i) {
    node = root.same([&](auto params) { params.setNode(node); }).node();
  }
  node = nullptr;
}

TEST(Teardown, ADeepChainThatIsSentBreaksWhereItIsTooDeep) {
  TwoVats vats;
  auto node = vats.connect();
  for (int i = 0; i < DEEP; ++i) node = node.make("x").node();
  auto failure = failureOf(node.label(), vats);
  EXPECT_EQ(failure.getType(), Type::OVERLOADED);
  EXPECT_MENTIONS(describe(failure), "pipelineDepth");
}

TEST(Teardown, ADeepChainThatWaitsIsDropped) {
  TwoVats vats;
  auto node = vats.connect().later().node();
  for (int i = 0; i < DEEP; ++i) node = node.make("x").node();
  vats.settle();
  node = nullptr;
  vats.settle();
}

TEST(Teardown, ADeepChainThatWaitsEndsWithItsConnection) {
  TwoVats vats;
  auto node = vats.connect().later().node();
  for (int i = 0; i < DEEP; ++i) node = node.make("x").node();
  vats.settle();
  vats.server = nullptr;
  vats.settle();
  EXPECT_MENTIONS(describe(failureOf(node.label(), vats)), "while calling");
}

TEST(Teardown, ADeepChainOfLocalCallsIsDropped) {
  TwoVats vats;
  Ref<lab::Node> root = kj::heap<NodeServer>(vats.lab);
  auto node = root.later().node();
  for (int i = 0; i < DEEP; ++i) node = node.make("x").node();
  vats.settle();
  node = nullptr;
  vats.settle();
}

// A raw peer that pipelines calls on each other, all behind one that waits.
TEST(Teardown, ADeepChainOfAPeersEndsWithItsConnection) {
  RawClient raw;
  {
    auto peer = raw.connect();
    peer.bootstrap(0);
    peer.call(1, 0, LATER);
    for (int i = 2; i < DEEP; ++i) peer.call(i, i - 1, MAKE);
    for (int i = 0; i < 100; ++i) raw.loop.waitScope().poll();
  }
  for (int i = 0; i < 100; ++i) raw.loop.waitScope().poll();
  raw.lab.open();
  EXPECT_EQ(raw.lab.alive, 1);
}

// The same, through arguments: each call waits for the promised result of the one before.
TEST(Teardown, ADeepChainOfAPeersArgumentsEndsWithItsConnection) {
  RawClient raw;
  {
    auto peer = raw.connect();
    peer.bootstrap(0);
    peer.call(1, 0, LATER);
    for (int i = 2; i < DEEP; ++i) {
      peer.call(i, 0, JOIN, [&](auto params) { passAnswer(params, i - 1); });
    }
    for (int i = 0; i < 100; ++i) raw.loop.waitScope().poll();
  }
  for (int i = 0; i < 100; ++i) raw.loop.waitScope().poll();
}

}  // namespace
}  // namespace troth
