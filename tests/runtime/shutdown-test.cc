#include "raw-peer.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

// Long enough to never be the reason why a test passes.
constexpr kj::Duration LONG = 50 * kj::SECONDS;

TEST(Shutdown, LetsOutstandingCallsFinish) {
  TwoVats vats;
  auto root = vats.connect();
  auto held = root.hold().value();
  vats.settle();
  auto down = vats.server->shutdown(LONG);
  vats.settle();
  EXPECT_FALSE(down.poll(vats));
  vats.lab.open();
  EXPECT_EQ(held.wait(vats), 42);
  down.wait(vats);
}

TEST(Shutdown, RefusesNewCalls) {
  TwoVats vats;
  auto root = vats.connect();
  auto held = root.hold().value();
  vats.settle();
  auto down = vats.server->shutdown(LONG);
  auto failure = failureOf(root.echo(1), vats);
  EXPECT_EQ(failure.getType(), Type::DISCONNECTED);
  EXPECT_MENTIONS(describe(failure), "shutting down; reconnect");
  vats.lab.open();
  EXPECT_EQ(held.wait(vats), 42);
  down.wait(vats);
}

TEST(Shutdown, CutsAtItsDeadline) {
  TwoVats vats;
  auto root = vats.connect();
  auto held = root.hold().value();
  vats.settle();
  vats.server->shutdown(1 * kj::MILLISECONDS).wait(vats);
  EXPECT_EQ(failureOf(kj::mv(held), vats).getType(), Type::DISCONNECTED);
}

TEST(Shutdown, WritesLargeAnswersOutBeforeItCloses) {
  constexpr uint32_t SIZE = 8 << 20;
  TwoVats vats;
  auto root = vats.connect();
  auto blob = root.blob(SIZE);
  // Until the server has the call, and not until it has written the answer.
  while (vats.server->getTraffic().callsReceived == 0) vats.loop.waitScope().poll(1);
  auto down = vats.server->shutdown(LONG);
  EXPECT_EQ(blob.wait(vats).getData().size(), SIZE);
  down.wait(vats);
}

TEST(Shutdown, IsDoneAtOnceWhereNothingIsOutstanding) {
  TwoVats vats;
  auto root = vats.connect();
  root.echo(1).wait(vats);
  vats.server->shutdown(LONG).wait(vats);
  EXPECT_EQ(failureOf(root.echo(2), vats).getType(), Type::DISCONNECTED);
}

TEST(Shutdown, StopsListening) {
  TwoVats vats;
  auto address = kj::str("unix:", temporaryPath("listening"));
  vats.server->listen(address).wait(vats);
  EXPECT_EQ(vats.client->connect<lab::Node>(address).echo(1).value().wait(vats), 1);
  vats.server->shutdown(LONG).wait(vats);
  auto failure = failureOf(vats.client->connect<lab::Node>(address).echo(1), vats);
  EXPECT_EQ(failure.getType(), Type::DISCONNECTED);
  EXPECT_ANY_THROW(vats.server->listen(address).wait(vats));
}

TEST(Shutdown, APeerThatNeverClosesItsEndIsCutAtTheDeadline) {
  RawClient raw;
  auto peer = raw.connect();
  peer.bootstrap(0);
  EXPECT_TRUE(peer.outcomeOf(0) == nullptr);
  raw.server->shutdown(1 * kj::MILLISECONDS).wait(raw.loop.waitScope());
  EXPECT_TRUE(peer.receive() == nullptr);
}

TEST(Shutdown, DoesNotWaitLongForAPeerThatKeepsItsEndOpen) {
  RawClient raw;
  auto peer = raw.connect();
  peer.bootstrap(0);
  EXPECT_TRUE(peer.outcomeOf(0) == nullptr);
  raw.server->shutdown(1 * kj::DAYS).wait(raw.loop.waitScope());
}

TEST(Shutdown, TwiceIsOnce) {
  TwoVats vats;
  auto root = vats.connect();
  root.echo(1).wait(vats);
  auto first = vats.server->shutdown(LONG);
  auto second = vats.server->shutdown(LONG);
  first.wait(vats);
  second.wait(vats);
}

TEST(Shutdown, EndsRun) {
  Lab lab;
  Vat vat;
  vat.serve(kj::heap<NodeServer>(lab));
  auto stop = kj::evalLater([&]() { return vat.shutdown(LONG); }).eagerlyEvaluate(nullptr);
  vat.run("127.0.0.1:0");
  stop.wait(vat);
}

TEST(Shutdown, OfAClientBreaksNothingThatIsAnswered) {
  TwoVats vats;
  auto root = vats.connect();
  auto response = root.blob(100).wait(vats);
  vats.client->shutdown(LONG).wait(vats);
  EXPECT_EQ(response.getData().size(), 100u);
  EXPECT_EQ(failureOf(root.echo(1), vats).getType(), Type::DISCONNECTED);
  EXPECT_EQ(vats.lab.alive, 1);
}

}  // namespace
}  // namespace troth
