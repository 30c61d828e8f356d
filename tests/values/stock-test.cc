// Peers, and objects, that know nothing of promised values.

#include "desk.h"

namespace troth {
namespace {

TEST(StockPeer, IsFoundOutOncePerConnection) {
  Desks desks(Kind::STOCK);
  desks.desk.add(desks.desk.add(1, 1).sum(), 1).wait(desks);
  // Two calls that were refused, and then the same two in plain form.
  EXPECT_EQ(desks.traffic().callsSent, 4u);
  for (int i = 0; i < 3; ++i) {
    desks.desk.add(desks.desk.add(1, 1).sum(), 1).wait(desks);
    EXPECT_EQ(desks.traffic().callsSent, 2u);
  }
  desks.connect(desks.otherWorld, Kind::STOCK).add(1, 1).wait(desks);
  desks.traffic();
  desks.servers.removeLast();
  desks.settle();
  desks.desk.add(desks.desk.add(1, 1).sum(), 1).wait(desks);
  EXPECT_EQ(desks.traffic().callsSent, 2u);
}

TEST(StockPeer, LeavesNothingBehindForTheNextConnection) {
  for (int i = 0; i < 20; ++i) {
    auto kind = i % 2 == 0 ? Kind::STOCK : Kind::TROTH;
    Desks desks(kind);
    EXPECT_EQ(desks.desk.add(desks.desk.add(1, 1).sum(), 1).sum().wait(desks), 3);
    EXPECT_EQ(desks.world.delivered["add"], 2);
    if (kind == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
  }
}

TEST(StockPeer, ObjectsOfCallsThatAreMadeAgainStillWork) {
  Desks desks(Kind::STOCK);
  auto made = desks.desk.make(5);
  auto desk = made.desk();
  auto inner = desk.make(made.number());
  auto sum = inner.desk().add(inner.number(), made.number()).sum();
  auto plain = desk.add(1, 1).sum();
  desks.loop.waitScope().poll(3);
  auto later = inner.desk().add(1, 1).sum();
  EXPECT_EQ(sum.wait(desks), 19);
  EXPECT_EQ(plain.wait(desks), 7);
  EXPECT_EQ(later.wait(desks), 8);
  EXPECT_EQ(inner.desk().add(0, 0).sum().wait(desks), 6);
}

TEST(StockPeer, ObjectsOfCallsThatAreMadeAgainCanBePassedOn) {
  Desks desks(Kind::STOCK);
  auto other = desks.connect(desks.otherWorld, Kind::TROTH);
  auto made = desks.desk.make(5);
  auto first = desks.desk.ask(made.desk(), made.number());
  auto second = other.ask(made.desk(), made.number());
  EXPECT_EQ(first.sum().wait(desks), 11);
  EXPECT_EQ(second.sum().wait(desks), 11);
}

TEST(StockPeer, CallsInEveryTurnOfTheDetectionWork) {
  for (int turns = 0; turns < 40; ++turns) {
    Desks desks(Kind::STOCK);
    auto made = desks.desk.make(5);
    auto sum = desks.desk.add(made.number(), 1).sum();
    desks.loop.waitScope().poll(turns);
    auto onObject = made.desk().add(1, 1).sum();
    auto onBoth = made.desk().add(sum, made.number()).sum();
    EXPECT_EQ(sum.wait(desks), 7) << turns;
    EXPECT_EQ(onObject.wait(desks), 7) << turns;
    EXPECT_EQ(onBoth.wait(desks), 18) << turns;
    EXPECT_EQ(desks.world.total(), 4) << turns;
  }
}

TEST(StockPeer, NotesKeepTheirOrderThroughTheDetection) {
  for (int turns = 0; turns < 30; ++turns) {
    Desks desks(Kind::STOCK);
    std::vector<Promise<desk::Desk::NoteResults>> notes;
    auto first = desks.desk.add(1, 1).sum();
    for (int i = 0; i < 5; ++i) notes.push_back(desks.desk.note(i));
    auto second = desks.desk.add(first, 1).sum();
    for (int i = 5; i < 10; ++i) notes.push_back(desks.desk.note(i));
    desks.loop.waitScope().poll(turns);
    for (int i = 10; i < 15; ++i) notes.push_back(desks.desk.note(i));
    for (auto& note: notes) note.wait(desks);
    ASSERT_EQ(desks.world.log.size(), 15u);
    for (int i = 0; i < 15; ++i) EXPECT_EQ(desks.world.log[i], i) << turns;
    EXPECT_EQ(second.wait(desks), 3);
  }
}

TEST(StockObject, InAVatOfTrothsIsCalledOnce) {
  Desks desks;
  auto number = desks.desk.add(1, 1).sum();
  auto stock = desks.desk.give(true).desk();
  auto onStock = stock.add(number, 1).sum();
  auto made = stock.make(onStock);
  auto onMade = made.desk().add(made.number(), number).sum();
  auto back = desks.desk.add(onMade, 1).sum();
  EXPECT_EQ(back.wait(desks), 10);
  EXPECT_EQ(desks.world.delivered["add"], 4);
  EXPECT_EQ(desks.world.delivered["make"], 1);
  EXPECT_EQ(desks.world.delivered["give"], 1);
}

TEST(StockObject, InAVatOfTrothsThatIsKnownIsCalledOnce) {
  Desks desks;
  auto stock = desks.desk.give(true).desk();
  whenResolved(stock).wait(desks);
  EXPECT_EQ(desks.desk.add(desks.desk.add(1, 1).sum(), 1).sum().wait(desks), 3);
  desks.world.delivered.clear();
  auto number = desks.desk.add(1, 1).sum();
  auto onStock = stock.add(number, 1).sum();
  auto made = stock.make(onStock);
  auto plain = made.desk().add(1, 1).sum();
  auto onMade = made.desk().add(made.number(), number).sum();
  auto back = desks.desk.add(onMade, 1).sum();
  EXPECT_EQ(plain.wait(desks), 5);
  EXPECT_EQ(back.wait(desks), 10);
  EXPECT_EQ(desks.world.delivered["add"], 5);
  EXPECT_EQ(desks.world.delivered["make"], 1);
}

}  // namespace
}  // namespace troth
