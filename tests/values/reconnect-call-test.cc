// Refs that outlive their connection, where calls have promised values or are retried, and where
// the new peer is not of the old one's kind.

#include <unistd.h>

#include "desk.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

struct NoDelay final: public JitterSource {
  double next() override { return 0; }
};

// A client, and a server at an address that can be replaced by another of whatever kind.
class Replaceable: public Desks {
public:
  explicit Replaceable(Kind kind): Desks(nullptr) {
    address = kj::str("unix:", testing::TempDir().c_str(), "troth-", getpid(), "-replaceable");
    auto vatOptions = options();
    vatOptions.reconnect.jitter = none;
    client = kj::heap<Vat>(kj::mv(vatOptions));
    serve(kind);
    desk = client->connect<desk::Desk>(address);
  }

  void serve(Kind kind) {
    auto server = kj::heap<Vat>(options());
    if (kind == Kind::TROTH) {
      server->serve(kj::heap<DeskServer>(world));
    } else {
      server->serve("", newStockDesk(world));
    }
    server->listen(address).wait(*this);
    servers.add(kj::mv(server));
  }

  // Takes the server away, and waits until the client knows.
  void stop() {
    auto held = desk.hold(1);
    settle();
    servers.clear();
    EXPECT_EQ(failureOf(kj::mv(held), *this).getType(), Type::DISCONNECTED);
    world.delivered.clear();
    traffic();
  }

  // Retries at once, and does not give up.
  RetryPolicy policy() {
    RetryPolicy result;
    result.attemptsMax = kj::maxValue;
    result.timeMax = 10 * kj::HOURS;
    result.jitter = none;
    result.retryBudget = budget;
    return result;
  }

  // Three calls, each with a value of the one before.
  Promise<int64_t> chain() {
    auto first = desk.add(1, 1).sum();
    auto second = desk.add(first, 1).sum();
    return desk.add(second, first).sum();
  }

private:
  kj::String address;
  NoDelay none;
  RetryBudget budget{RetryBudgetOptions{.perCall = 0, .perSecond = 0, .most = 1e9}};
};

class ReconnectToEachKind: public testing::TestWithParam<std::tuple<Kind, Kind>> {
protected:
  Kind before() { return std::get<0>(GetParam()); }
  Kind after() { return std::get<1>(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Servers, ReconnectToEachKind,
    testing::Combine(
        testing::Values(Kind::TROTH, Kind::STOCK), testing::Values(Kind::TROTH, Kind::STOCK)),
    [](auto& info) {
      auto name = [](Kind kind) { return kind == Kind::TROTH ? "Troth" : "Stock"; };
      return std::string(name(std::get<0>(info.param))) + name(std::get<1>(info.param));
    });

TEST_P(ReconnectToEachKind, NothingThatIsKnownOfTheOldPeerHoldsForTheNewOne) {
  for (int i = 0; i < 5; ++i) {
    Replaceable desks(before());
    EXPECT_EQ(desks.chain().wait(desks), 5);
    EXPECT_EQ(desks.chain().wait(desks), 5);
    desks.stop();
    desks.serve(after());
    EXPECT_EQ(desks.chain().wait(desks), 5);
    EXPECT_EQ(desks.world.delivered["add"], 3);
    auto traffic = desks.traffic();
    if (after() == Kind::TROTH) EXPECT_EQ(traffic.roundTrips, 1u);
    EXPECT_EQ(desks.chain().wait(desks), 5);
    EXPECT_EQ(desks.traffic().callsSent, 3u) << "the new peer's kind was not learnt";
  }
}

TEST_P(ReconnectToEachKind, ARetriedChainGoesOnWithTheNewServer) {
  Replaceable desks(before());
  auto held = desks.desk.hold(1).retry(desks.policy());
  auto sum = held.desk().add(held.number(), 2).retry(desks.policy()).sum();
  desks.settle();
  EXPECT_EQ(desks.world.delivered["hold"], 1);
  desks.servers.clear();
  desks.serve(after());
  while (desks.world.delivered["hold"] < 2) desks.loop.waitScope().poll(10);
  desks.settle();
  desks.world.open();
  EXPECT_EQ(sum.wait(desks), 3);
  EXPECT_EQ(desks.world.delivered["hold"], 2);
  EXPECT_EQ(desks.world.delivered["add"], 1);
}

TEST_P(ReconnectToEachKind, AnOrdinaryCallThatNeedsALostOneBreaks) {
  Replaceable desks(before());
  auto held = desks.desk.hold(1);
  desks.settle();
  desks.servers.clear();
  desks.serve(after());
  auto sum = desks.desk.add(held.number(), 2);
  auto onObject = held.desk().add(1, 2);
  EXPECT_EQ(failureOf(kj::mv(sum), desks).getType(), Type::DISCONNECTED);
  EXPECT_EQ(failureOf(kj::mv(onObject), desks).getType(), Type::DISCONNECTED);
  EXPECT_EQ(desks.world.delivered["add"], 0);
  EXPECT_EQ(desks.chain().wait(desks), 5);
}

TEST_P(ReconnectToEachKind, ADeadlineHoldsWhileCallsWaitForAConnection) {
  Replaceable desks(before());
  desks.stop();
  auto late = desks.desk.add(1, 1).retry(desks.policy()).within(1 * kj::MILLISECONDS);
  EXPECT_MENTIONS(describe(failureOf(kj::mv(late), desks)), "deadline");
  desks.serve(after());
  EXPECT_EQ(desks.chain().wait(desks), 5);
}

TEST_P(ReconnectToEachKind, CallsMadeInWhateverTurnAreCarriedOutOnceOrBreak) {
  for (int turns = 0; turns < 60; ++turns) {
    Replaceable desks(before());
    desks.chain().wait(desks);
    auto held = desks.desk.hold(1);
    desks.settle();
    desks.world.delivered.clear();
    desks.servers.clear();
    desks.serve(after());
    desks.loop.waitScope().poll(turns);
    auto made = desks.desk.make(5);
    auto sum = made.desk().add(made.number(), 1);
    auto outcome = kj::runCatchingExceptions([&]() { sum.wait(desks); });
    KJ_IF_MAYBE(e, outcome) EXPECT_EQ(e->getType(), Type::DISCONNECTED) << describe(*e);
    EXPECT_EQ(desks.world.delivered["make"], outcome == nullptr ? 1 : 0) << turns;
    EXPECT_EQ(desks.world.delivered["add"], outcome == nullptr ? 1 : 0) << turns;
    EXPECT_EQ(desks.chain().wait(desks), 5) << turns;
  }
}

TEST_P(ReconnectToEachKind, AMapGoesToTheNewServer) {
  Replaceable desks(before());
  desks.stop();
  desks.serve(after());
  auto points = desks.desk
                    .kinds([](auto params) {
                      auto list = params.initPoints(3);
                      for (kj::uint i = 0; i < 3; ++i) list[i].setX(i);
                    })
                    .points();
  auto sums = points.map([&](auto point) { return desks.desk.add(point.x(), 1).sum(); });
  EXPECT_EQ(sums.wait(desks)[2], 3);
  if (after() == Kind::TROTH) EXPECT_EQ(desks.traffic().roundTrips, 1u);
}

}  // namespace
}  // namespace troth
