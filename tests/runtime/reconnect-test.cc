// Refs that outlive their connection.

#include <troth/object-host.h>

#include "../log-counter.h"
#include "raw-peer.h"
#include "restartable.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

// So long that a test which waits for it is cut off.
constexpr kj::Duration LONG = 10 * kj::HOURS;

void expectDisconnected(const kj::Exception& exception) {
  EXPECT_EQ(exception.getType(), Type::DISCONNECTED) << describe(exception);
}

Reconnect withoutDelays() {
  static FixedJitter none;
  Reconnect result;
  result.jitter = none;
  return result;
}

// The next attempt after one that failed is hours away.
Reconnect withLongDelays() {
  static FixedJitter half;
  half.part = 0.5;
  Reconnect result;
  result.delayFirst = result.delayMax = LONG;
  result.jitter = half;
  return result;
}

// Retries at once, and does not give up.
RetryPolicy endlessly() {
  static FixedJitter none;
  static RetryBudget budget({.perCall = 0, .perSecond = 0, .most = 1e9});
  RetryPolicy policy;
  policy.attemptsMax = kj::maxValue;
  policy.timeMax = LONG;
  policy.jitter = none;
  policy.retryBudget = budget;
  return policy;
}

TEST(ConnectedRef, OutlivesItsConnection) {
  Restartable vats;
  vats.start();
  auto root = vats.connect();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(root.echo(i).value().wait(vats), i);
    vats.restart(root);
  }
  EXPECT_EQ(kj::str(root.make("x").node().label().label().wait(vats)), "x");
}

TEST(ConnectedRef, ReconnectsAtOnceAfterAConnectionThatWorked) {
  Restartable vats(withLongDelays());
  vats.start();
  auto root = vats.connect();
  vats.restart(root);
  EXPECT_EQ(root.echo(1).value().wait(vats), 1);
  vats.restart(root);
  EXPECT_EQ(root.echo(2).value().wait(vats), 2);
}

TEST(ConnectedRef, DoesNotRepeatWhatWasUnderWay) {
  Restartable vats;
  vats.start();
  auto root = vats.connect();
  auto held = root.hold();
  auto label = held.node().label();
  vats.settle();
  vats.server = nullptr;
  vats.start();
  expectDisconnected(failureOf(kj::mv(held), vats));
  expectDisconnected(failureOf(kj::mv(label), vats));
  EXPECT_EQ(root.echo(1).value().wait(vats), 1);
  EXPECT_EQ(vats.lab.holdsStarted, 1);
}

TEST(ConnectedRef, WhatACallGaveBelongsToItsConnection) {
  Restartable vats;
  vats.start();
  auto root = vats.connect();
  Ref<lab::Node> made = root.make("made").wait(vats).getNode();
  vats.restart(root);
  EXPECT_EQ(root.echo(1).value().wait(vats), 1);
  expectDisconnected(failureOf(made.label(), vats));
}

TEST(ConnectedRef, ServesThoseWhoOnlyPipeline) {
  Restartable vats;
  vats.start();
  auto root = vats.connect();
  std::vector<Promise<lab::Node::NoteResults>> unawaited;
  auto note = [&](int number) {
    unawaited.push_back(root.make("x").node().note(number));
    vats.settle();
  };
  note(1);
  vats.server = nullptr;
  vats.settle();
  vats.start();
  note(2);
  vats.server = nullptr;
  vats.settle();
  vats.start();
  note(3);
  EXPECT_EQ(vats.lab.notes, std::vector({1, 2, 3}));
}

TEST(ConnectedRef, ServesThoseWhoOnlyPipelineAfterAnAttemptThatFailed) {
  Restartable vats(withoutDelays());
  auto root = vats.connect();
  auto lost = root.make("x").node().note(1);
  vats.settle();
  vats.start();
  auto found = root.make("x").node().note(2);
  vats.settle();
  EXPECT_EQ(vats.lab.notes, std::vector({2}));
}

TEST(ConnectedRef, FindsNamedObjectsAgain) {
  Restartable vats;
  vats.address = kj::str("127.0.0.1:0");
  vats.server = kj::heap<Vat>(vatOptions(vats.loop));
  auto port = vats.server->listen("127.0.0.1:0").wait(vats);
  vats.address = kj::str("127.0.0.1:", port);
  vats.server = nullptr;
  vats.start();
  auto root = vats.connect();
  auto named = vats.client->connect<lab::Node>(kj::str(vats.address, "/named"));
  EXPECT_EQ(kj::str(named.label().label().wait(vats)), "named");
  vats.restart(root);
  EXPECT_EQ(kj::str(named.label().label().wait(vats)), "named");
  EXPECT_EQ(kj::str(root.label().label().wait(vats)), "root");
}

TEST(ConnectedRef, SharesItsNewConnectionWithOthers) {
  Restartable vats;
  vats.start();
  auto first = vats.connect();
  auto second = vats.connect();
  vats.restart(first);
  auto before = vats.client->getTraffic().roundTrips;
  auto both = first.join(second, first).node().join(first, second).node().label().label();
  auto third = vats.connect().echo(3).value();
  EXPECT_EQ(kj::str(both.wait(vats)), "rootroot");
  EXPECT_EQ(third.wait(vats), 3);
  EXPECT_EQ(vats.client->getTraffic().roundTrips - before, 1u);
}

TEST(ConnectedRef, IsRecognisedByItsServerAsAnArgument) {
  Restartable vats;
  vats.start();
  auto root = vats.connect();
  vats.restart(root);
  EXPECT_EQ(kj::str(root.join(root, root).node().label().label().wait(vats)), "rootroot");
  EXPECT_EQ(vats.client->getTraffic().callsReceived, 0u) << "the server called us to call itself";
}

TEST(ConnectedRef, IsPassedToAnotherVatOnItsConnectionOfTheMoment) {
  Restartable vats;
  vats.start();
  Lab lab;
  Vat other{vatOptions(vats.loop)};
  other.serve(kj::heap<NodeServer>(lab));
  auto address = kj::str("unix:", temporaryPath("other"));
  other.listen(address).wait(vats);
  auto root = vats.connect();
  auto asked = vats.client->connect<lab::Node>(address);
  EXPECT_EQ(kj::str(asked.tell(root, 1).label().wait(vats)), "root");
  vats.restart(root);
  EXPECT_EQ(kj::str(asked.tell(root, 2).label().wait(vats)), "root");
  EXPECT_EQ(vats.lab.notes, std::vector({1, 2}));
}

TEST(ConnectedRef, CanBeServedToOthers) {
  Restartable vats;
  vats.start();
  auto root = vats.connect();
  Vat gate{vatOptions(vats.loop)};
  gate.serve(root);
  auto address = kj::str("unix:", temporaryPath("gate"));
  gate.listen(address).wait(vats);
  auto call = [&]() {
    Vat visitor{vatOptions(vats.loop)};
    return visitor.connect<lab::Node>(address).echo(7).value().wait(vats);
  };
  EXPECT_EQ(call(), 7);
  vats.restart(root);
  EXPECT_EQ(call(), 7);
}

TEST(ConnectedRef, MakesStockClientsThatReconnect) {
  Restartable vats;
  vats.start();
  lab::Node::Client stock = vats.connect();
  vats.restart(Ref<lab::Node>(stock));
  auto request = stock.echoRequest();
  request.setValue(5);
  EXPECT_EQ(request.send().wait(vats).getValue(), 5);
  vats.restart(Ref<lab::Node>(stock));
  auto make = stock.makeRequest();
  make.setLabel("stock");
  EXPECT_EQ(kj::str(make.send().getNode().labelRequest().send().wait(vats).getLabel()), "stock");
}

TEST(ConnectedRef, IsCalledThroughALocalPromise) {
  Restartable vats;
  vats.start();
  auto root = vats.connect();
  Lab lab;
  Ref<lab::Node> local = kj::heap<NodeServer>(lab, "local");
  vats.restart(root);
  EXPECT_EQ(local.throughCallback(root, 1).value().wait(vats), 2);
  EXPECT_EQ(local.same(root).node().echo(3).value().wait(vats), 3);
}

// Whatever has happened when a call is made, it is carried out or breaks, and the next one works.
TEST(ConnectedRef, IsNeverStuckWhereverACallIsMade) {
  for (int turns = 0; turns < 60; ++turns) {
    Restartable vats(withoutDelays());
    vats.start();
    auto root = vats.connect();
    root.echo(1).wait(vats);
    auto held = root.hold();
    vats.settle();
    vats.server = nullptr;
    auto listening = vats.startListening();
    vats.loop.waitScope().poll(turns);
    auto note = root.note(turns);
    auto outcome = kj::runCatchingExceptions([&]() { note.wait(vats); });
    KJ_IF_MAYBE(exception, outcome) expectDisconnected(*exception);
    EXPECT_EQ(vats.lab.notes.size(), outcome == nullptr ? 1u : 0u) << turns;
    expectDisconnected(failureOf(kj::mv(held), vats));
    listening.wait(vats);
    EXPECT_EQ(root.echo(2).value().wait(vats), 2) << turns;
  }
}

// It leaves when its turn ends, and an address that refuses at once does so before that.
TEST(ConnectedRef, ACallThatHasNotLeftWhenConnectingFailsWaitsForTheNextAttempt) {
  Restartable vats(withLongDelays());
  auto root = vats.connect();
  auto early = root.echo(1);
  vats.settle();
  EXPECT_FALSE(early.poll(vats));
  vats.client = nullptr;
  expectDisconnected(failureOf(kj::mv(early), vats));
}

TEST(ConnectedRef, TellsWhenItIsConnected) {
  Restartable vats(withoutDelays());
  auto root = vats.connect();
  expectDisconnected(failureOf(whenResolved(root), vats));
  vats.start();
  whenResolved(root).wait(vats);
}

TEST(ConnectedRef, BreaksWhenItsVatIsGone) {
  Restartable vats;
  vats.start();
  auto root = vats.connect();
  EXPECT_EQ(root.echo(1).value().wait(vats), 1);
  auto unused = vats.client->connect<lab::Node>("unix:/nowhere");
  auto held = root.hold();
  vats.settle();
  vats.client = nullptr;
  expectDisconnected(failureOf(kj::mv(held), vats));
  for (auto ref: {&root, &unused}) {
    expectDisconnected(failureOf(ref->echo(1), vats));
    expectDisconnected(failureOf(ref->echo(1).retry(endlessly()), vats));
    expectDisconnected(failureOf(ref->make("x").node().label(), vats));
    lab::Node::Client stock = *ref;
    expectDisconnected(failureOf(stock.labelRequest().send().ignoreResult(), vats));
  }
}

TEST(ConnectedRef, MakesNoConnectionOnceItsVatIsShuttingDown) {
  Restartable vats;
  vats.start();
  auto root = vats.connect();
  EXPECT_EQ(root.echo(1).value().wait(vats), 1);
  vats.client->shutdown(LONG).wait(vats);
  expectDisconnected(failureOf(root.echo(1), vats));
  expectDisconnected(failureOf(root.echo(1).retry(endlessly()), vats));
}

TEST(ConnectedRef, ARetriedCallSurvivesARestart) {
  Restartable vats(withoutDelays());
  vats.start();
  auto root = vats.connect();
  auto held = root.hold().retry(endlessly());
  vats.settle();
  EXPECT_EQ(vats.lab.holdsStarted, 1);
  vats.server = nullptr;
  vats.start();
  while (vats.lab.holdsStarted < 2) vats.loop.waitScope().poll(10);
  vats.lab.open();
  EXPECT_EQ(held.value().wait(vats), 42);
  EXPECT_EQ(vats.lab.holdsStarted, 2);
}

TEST(ConnectedRef, ARetriedCallOutlastsItsServersAbsence) {
  FixedJitter attempts;
  Reconnect reconnect;
  reconnect.jitter = attempts;
  Restartable vats(reconnect);
  auto root = vats.connect();
  auto made = root.make("x").retry(endlessly());
  auto label = made.node().label().retry(endlessly()).label();
  while (attempts.delays < 5) vats.loop.waitScope().poll(10);
  vats.start();
  EXPECT_EQ(kj::str(label.wait(vats)), "x");
}

// =======================================================================================
// Attempts that fail

TEST(Reconnecting, CallsWaitForTheNextAttempt) {
  FixedJitter jitter;
  jitter.part = 0.5;
  Reconnect reconnect;
  reconnect.delayFirst = 20 * kj::MILLISECONDS;
  reconnect.jitter = jitter;
  Restartable vats(reconnect);
  auto root = vats.connect();
  auto failedAfter = vats.loop.timer().now();
  expectDisconnected(failureOf(whenResolved(root), vats));
  vats.start();
  auto first = root.echo(2).value();
  auto second = root.make("x").node().label().label();
  auto third = vats.connect().echo(3).value();
  EXPECT_EQ(first.wait(vats), 2);
  EXPECT_GE(vats.loop.timer().now() - failedAfter, 10 * kj::MILLISECONDS);
  EXPECT_EQ(kj::str(second.wait(vats)), "x");
  EXPECT_EQ(third.wait(vats), 3);
  EXPECT_EQ(jitter.delays, 1);
}

TEST(Reconnecting, WritesNothingToTheLog) {
  Restartable vats(withoutDelays());
  auto& gate = vats.client->getObjectHost().getOutputGate();
  EXPECT_EQ(0, messagesDuring([&]() {
    expectDisconnected(failureOf(vats.connect().echo(2), vats));
    auto hold = gate.hold();
    auto unsaid = vats.connect().echo(2);
    vats.settle();
    hold = nullptr;
    expectDisconnected(failureOf(kj::mv(unsaid), vats));
  }));
}

TEST(Reconnecting, CallsThatWaitBreakWithTheirAttempt) {
  FixedJitter jitter;
  jitter.part = 0.5;
  Reconnect reconnect;
  reconnect.delayFirst = reconnect.delayMax = 2 * kj::MILLISECONDS;
  reconnect.jitter = jitter;
  Restartable vats(reconnect);
  auto root = vats.connect();
  expectDisconnected(failureOf(whenResolved(root), vats));
  for (int attempt = 2; attempt < 6; ++attempt) {
    auto first = root.echo(2);
    auto label = root.make("x").node().label();
    auto other = vats.connect().echo(3);
    expectDisconnected(failureOf(kj::mv(first), vats));
    expectDisconnected(failureOf(kj::mv(label), vats));
    expectDisconnected(failureOf(kj::mv(other), vats));
    vats.settle();
    EXPECT_EQ(jitter.delays, attempt) << "all wait for the same attempt";
  }
}

TEST(Reconnecting, CallsThatWaitBreakWithTheVat) {
  Restartable vats(withLongDelays());
  auto root = vats.connect();
  expectDisconnected(failureOf(whenResolved(root), vats));
  auto waiting = root.echo(2);
  auto label = root.make("x").node().label();
  vats.settle();
  EXPECT_FALSE(waiting.poll(vats));
  vats.client = nullptr;
  expectDisconnected(failureOf(kj::mv(waiting), vats));
  expectDisconnected(failureOf(kj::mv(label), vats));
}

TEST(Reconnecting, CallsThatWaitAreBounded) {
  Restartable vats(withLongDelays(), {.callsQueued = 3});
  auto root = vats.connect();
  expectDisconnected(failureOf(whenResolved(root), vats));
  std::vector<Promise<lab::Node::EchoResults>> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(root.echo(i));
  vats.settle();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(calls[i].poll(vats));
  for (int i = 3; i < 5; ++i) {
    auto failure = failureOf(kj::mv(calls[i]), vats);
    EXPECT_EQ(failure.getType(), Type::OVERLOADED);
    EXPECT_MENTIONS(describe(failure), "callsQueued");
  }
  lab::Node::Client stock = root;
  auto refused = failureOf(stock.labelRequest().send().ignoreResult(), vats);
  EXPECT_EQ(refused.getType(), Type::OVERLOADED);
}

TEST(Reconnecting, TheBoundIsForCallsThatWaitAlone) {
  Restartable vats({}, {.callsQueued = 3});
  vats.start();
  auto root = vats.connect();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(root.echo(i).value().wait(vats), i);
  std::vector<Promise<lab::Node::EchoResults>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(root.echo(i));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(calls[i].value().wait(vats), i);
}

TEST(Reconnecting, APeerThatEndsEveryConnectionIsAskedEverLessOften) {
  FixedJitter jitter;
  jitter.part = 0.5;
  Reconnect reconnect;
  reconnect.delayFirst = 2 * kj::MILLISECONDS;
  reconnect.delayMax = 8 * kj::MILLISECONDS;
  reconnect.jitter = jitter;
  Restartable vats(reconnect);
  auto listener = vats.loop.network().parseAddress(vats.address).wait(vats)->listen();
  int accepted = 0;
  struct Acceptor {
    static kj::Promise<void> closeAll(kj::ConnectionReceiver& listener, int& accepted) {
      for (;;) {
        co_await listener.accept();
        ++accepted;
      }
    }
  };
  auto accepting = Acceptor::closeAll(*listener, accepted).eagerlyEvaluate(nullptr);
  auto begin = vats.loop.timer().now();
  auto root = vats.connect();
  for (int i = 0; i < 6; ++i) expectDisconnected(failureOf(root.echo(1), vats));
  vats.settle();
  EXPECT_EQ(accepted, 6);
  EXPECT_EQ(jitter.delays, 6);
  auto delays = (1 + 2 + 4 + 4 + 4) * kj::MILLISECONDS;
  EXPECT_GE(vats.loop.timer().now() - begin, delays);
}

TEST(Reconnecting, AVatThatTurnsUsAwayIsAnAttemptThatFailed) {
  FixedJitter jitter;
  Reconnect reconnect;
  reconnect.jitter = jitter;
  Restartable vats(reconnect);
  Vat full{vatOptions(vats.loop, {.connections = 0})};
  full.serve(kj::heap<NodeServer>(vats.lab));
  full.listen(vats.address).wait(vats);
  auto root = vats.connect();
  for (int i = 1; i < 4; ++i) {
    auto failure = failureOf(root.echo(1), vats);
    EXPECT_MENTIONS(describe(failure), "connections = 0");
    vats.settle();
    EXPECT_EQ(jitter.delays, i);
  }
}

}  // namespace
}  // namespace troth
