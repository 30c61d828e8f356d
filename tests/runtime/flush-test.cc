#include "testing.h"

namespace troth {
namespace {

using Which = capnp::rpc::Message::Which;

TEST(Flush, NothingIsSentBeforeTheEndOfTheTurn) {
  TwoVats vats;
  auto root = vats.connect();
  auto echo = root.echo(1);
  EXPECT_EQ(vats.observed.writes, 0);
  EXPECT_EQ(vats.client->getTraffic().callsSent, 0u);
  vats.settle();
  EXPECT_EQ(vats.client->getTraffic().callsSent, 1u);
}

TEST(Flush, CallsMadeInOneTurnLeaveInOneWrite) {
  TwoVats vats;
  auto root = vats.connect();
  root.echo(0).wait(vats);
  vats.settle();
  auto writes = vats.observed.writes;
  auto calls = vats.observed.countSent(Which::CALL);
  auto node = root;
  for (int i = 0; i < 20; ++i) node = node.make("x").node();
  auto label = node.label();
  auto echo = root.echo(1);
  while (vats.observed.writes == writes) vats.loop.waitScope().poll(1);
  EXPECT_EQ(vats.observed.countSent(Which::CALL), calls + 22);
  label.wait(vats);
}

TEST(Flush, CallsMadeWhileConnectingLeaveInOneWriteToo) {
  TwoVats vats;
  auto label = vats.connect().make("x").node().label();
  while (vats.observed.writes == 0) vats.loop.waitScope().poll(1);
  EXPECT_EQ(vats.observed.countSent(Which::BOOTSTRAP), 1);
  EXPECT_EQ(vats.observed.countSent(Which::CALL), 2);
  label.wait(vats);
}

TEST(Flush, WhatElseIsSentInATurnDoesNotSplitItsWrite) {
  TwoVats vats;
  auto root = vats.connect();
  root.echo(0).wait(vats);
  kj::Maybe<Promise<lab::Node::MakeResults>> made = root.make("dropped");
  vats.settle();
  auto writes = vats.observed.writes;
  auto echo = root.echo(1);
  made = nullptr;  // releases the object
  while (vats.observed.writes == writes) vats.loop.waitScope().poll(1);
  EXPECT_EQ(vats.observed.sent.back(), Which::CALL);
  EXPECT_EQ(vats.observed.writes, writes + 1);
  echo.wait(vats);
}

TEST(Flush, WaitingSendsAtOnce) {
  TwoVats vats;
  auto root = vats.connect();
  EXPECT_EQ(root.echo(3).value().wait(vats), 3);
}

TEST(Flush, CallsMadeInAContinuationLeaveAtTheEndOfItsTurn) {
  TwoVats vats;
  auto root = vats.connect();
  root.echo(1).wait(vats);
  vats.settle();
  auto writes = vats.observed.writes;
  int64_t sum = 0;
  kj::evalLater([&]() {
    auto first = root.echo(2).value();
    auto second = root.echo(3).value();
    EXPECT_EQ(vats.observed.writes, writes);
    return first.then([&sum, second = kj::mv(second)](int64_t value) mutable {
      sum += value;
      return second.then([&sum](int64_t value) { sum += value; });
    });
  }).wait(vats);
  EXPECT_EQ(sum, 5);
  // The calls in one write; what follows the answers in at most one for each.
  EXPECT_LE(vats.observed.writes, writes + 3);
}

TEST(Flush, MoreCallsThanTheQueueHoldsAreSentBeforeTheEndOfTheTurn) {
  constexpr auto MAX = _::CallQueue::PENDING_CALLS_MAX;
  TwoVats vats;
  Ref<lab::Node> root = kj::heap<NodeServer>(vats.lab);
  std::vector<Promise<int64_t>> echoes;
  for (kj::uint i = 0; i < MAX - 1; ++i) echoes.push_back(root.echo(i).value());
  auto last = root.hold();
  auto promised = last.node();
  EXPECT_TRUE(promised.getHook()->getResolved() != nullptr);
  for (kj::uint i = 0; i < MAX - 1; ++i) EXPECT_EQ(echoes[i].wait(vats), i);
}

TEST(Flush, AStockClientOfAPromisedRefSendsWhatIsPending) {
  TwoVats vats;
  auto root = vats.connect();
  auto echo = root.echo(1);
  lab::Node::Client stock = root.make("made").node();
  EXPECT_EQ(vats.client->getTraffic().callsSent, 0u);
  auto response = stock.labelRequest().send();
  EXPECT_EQ(vats.client->getTraffic().callsSent, 3u);
  EXPECT_EQ(kj::str(response.wait(vats).getLabel()), "made");
}

TEST(Flush, TheVatsCountOfRoundTripsIsTheStreams) {
  TwoVats vats;
  auto root = vats.connect();
  for (int i = 0; i < 5; ++i) {
    auto node = root.make("x").node();
    auto other = node.make("y").node();
    auto echo = root.echo(i);
    other.label().wait(vats);
    echo.wait(vats);
    vats.settle();
    EXPECT_EQ(vats.roundTrips(), uint64_t(vats.observed.roundTrips));
  }
  vats.settle();
  EXPECT_EQ(vats.roundTrips(), 5u);
  EXPECT_EQ(vats.client->getTraffic().callsSent, uint64_t(vats.observed.countSent(Which::CALL)));
  EXPECT_EQ(vats.client->getTraffic().messagesSent, vats.observed.sent.size());
  EXPECT_EQ(vats.client->getTraffic().messagesReceived, vats.observed.received.size());
}

}  // namespace
}  // namespace troth
