// Promised values as arguments: what arrives, in how many round trips, and what happens when a
// source breaks.

#include "desk.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

auto someKinds(Ref<desk::Desk>& desk) {
  return desk.kinds(
      true, -8, -1600, -320000, -64000000000, 200, 60000, 4000000000u, 18000000000000000000u, 0.25f,
      0.1, desk::Shade::DARK, capnp::VOID, "text", kj::StringPtr("data").asBytes(),
      [](desk::Point::Builder point) {
        point.setX(7);
        point.setLabel("seven");
      },
      {1, 2, 3}, ofSize(2, [](auto points) { points[1].setLabel("second"); }), {"one", "two"},
      capnp::Text::Reader("any"));
}

template <typename P>
auto sameKinds(Ref<desk::Desk>& desk, const P& from) {
  return desk.kinds(from.flag(), from.i8(), from.i16(), from.i32(), from.i64(), from.u8(),
      from.u16(), from.u32(), from.u64(), from.f32(), from.f64(), from.shade(), from.nothing(),
      from.text(), from.data(), from.point(), from.numbers(), from.points(), from.texts(),
      from.thing());
}

void expectSomeKinds(desk::Desk::KindsResults::Reader kinds) {
  EXPECT_TRUE(kinds.getFlag());
  EXPECT_EQ(kinds.getI8(), -8);
  EXPECT_EQ(kinds.getI16(), -1600);
  EXPECT_EQ(kinds.getI32(), -320000);
  EXPECT_EQ(kinds.getI64(), -64000000000);
  EXPECT_EQ(kinds.getU8(), 200);
  EXPECT_EQ(kinds.getU16(), 60000);
  EXPECT_EQ(kinds.getU32(), 4000000000u);
  EXPECT_EQ(kinds.getU64(), 18000000000000000000u);
  EXPECT_EQ(kinds.getF32(), 0.25f);
  EXPECT_EQ(kinds.getF64(), 0.1);
  EXPECT_EQ(kinds.getShade(), desk::Shade::DARK);
  EXPECT_EQ(kj::str(kinds.getText()), "text");
  EXPECT_EQ(kj::str(kinds.getData().asChars()), "data");
  EXPECT_EQ(kinds.getPoint().getX(), 7);
  EXPECT_EQ(kj::str(kinds.getPoint().getLabel()), "seven");
  ASSERT_EQ(kinds.getNumbers().size(), 3u);
  EXPECT_EQ(kinds.getNumbers()[2], 3);
  ASSERT_EQ(kinds.getPoints().size(), 2u);
  EXPECT_EQ(kj::str(kinds.getPoints()[1].getLabel()), "second");
  ASSERT_EQ(kinds.getTexts().size(), 2u);
  EXPECT_EQ(kj::str(kinds.getTexts()[1]), "two");
  EXPECT_EQ(kj::str(kinds.getThing().getAs<capnp::Text>()), "any");
}

class OnBothKinds: public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Servers, OnBothKinds, testing::Values(Kind::TROTH, Kind::STOCK),
    [](auto& info) { return info.param == Kind::TROTH ? "Troth" : "Stock"; });

TEST_P(OnBothKinds, AParameterOfEveryTypeCanBeAPromise) {
  Desks desks(GetParam());
  auto first = someKinds(desks.desk);
  auto second = sameKinds(desks.desk, first);
  auto third = sameKinds(desks.desk, second);
  expectSomeKinds(third.wait(desks));
  if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
}

TEST_P(OnBothKinds, AParameterOfEveryTypeCanComeFromAnotherVat) {
  Desks desks(GetParam());
  auto other = desks.connect(desks.otherWorld, GetParam());
  auto first = someKinds(other);
  auto second = sameKinds(desks.desk, first);
  expectSomeKinds(second.wait(desks));
  EXPECT_EQ(desks.world.delivered["kinds"], 1);
  EXPECT_EQ(desks.otherWorld.delivered["kinds"], 1);
}

TEST_P(OnBothKinds, AParameterOfEveryTypeCanComeFromAnotherKindOfVat) {
  Desks desks(GetParam());
  auto other =
      desks.connect(desks.otherWorld, GetParam() == Kind::TROTH ? Kind::STOCK : Kind::TROTH);
  auto first = someKinds(other);
  auto second = sameKinds(desks.desk, first);
  expectSomeKinds(second.wait(desks));
  EXPECT_EQ(desks.world.delivered["kinds"], 1);
  EXPECT_EQ(desks.otherWorld.delivered["kinds"], 1);
}

TEST_P(OnBothKinds, AParameterOfEveryTypeCanBeASettledPromise) {
  Desks desks(GetParam());
  auto first = someKinds(desks.desk);
  desks.settle();
  expectSomeKinds(sameKinds(desks.desk, first).wait(desks));
}

TEST_P(OnBothKinds, PathsOfAnyDepthLeadToAValue) {
  Desks desks(GetParam());
  auto pair = desks.desk.pair("middle").pair();
  auto a = desks.desk.add(pair.point().x(), pair.middle().x());
  auto b = desks.desk.add(pair.next().next().point().x(), pair.place().point().x());
  EXPECT_EQ(desks.desk.add(a.sum(), b.sum()).sum().wait(desks), 11 + 3 + 14 + 12);
  if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
}

TEST_P(OnBothKinds, ResultsThatAreAStructCanBeAnArgumentAsAWhole) {
  Desks desks(GetParam());
  auto once = desks.desk.move([](desk::Point::Builder point) { point.setX(1); });
  auto twice = desks.desk.move(once);
  EXPECT_EQ(desks.desk.move(twice).x().wait(desks), 4);
  if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
}

TEST_P(OnBothKinds, SeveralSourcesFillOneCall) {
  Desks desks(GetParam());
  auto pair = desks.desk.pair("left").pair();
  auto first = desks.desk.join(pair.left(), pair.point(), {1, 2});
  auto second = desks.desk.join(
      first.text(), desks.desk.move([](auto point) { point.setX(5); }), first.numbers());
  EXPECT_EQ(kj::str(second.text().wait(desks)), "leftmost/11/2/6/3");
  if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
}

TEST_P(OnBothKinds, OneSourceFillsManyCalls) {
  Desks desks(GetParam());
  auto one = desks.desk.add(1, 0).sum();
  std::vector<Promise<int64_t>> sums;
  for (int i = 0; i < 50; ++i) sums.push_back(desks.desk.add(one, one).sum());
  for (auto& sum: sums) EXPECT_EQ(sum.wait(desks), 2);
  EXPECT_EQ(desks.world.delivered["add"], 51);
  if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
}

TEST_P(OnBothKinds, AValueAndAnObjectOfTheSameCallGoTogether) {
  Desks desks(GetParam());
  auto made = desks.desk.make(5);
  EXPECT_EQ(made.desk().add(made.number(), 0).sum().wait(desks), 11);
  EXPECT_EQ(desks.desk.ask(made.desk(), made.number()).sum().wait(desks), 11);
}

TEST_P(OnBothKinds, SixteenDependentCallsWithValuesAndObjects) {
  Desks desks(GetParam());
  auto desk = desks.desk;
  auto sum = desk.add(0, 1).sum();
  int64_t expected = 1;
  int64_t bonus = 0;
  for (int i = 0; i < 8; ++i) {
    auto made = desk.make(sum);
    desk = made.desk();
    bonus = expected;
    expected = bonus + 1 + expected + bonus;
    sum = desk.add(made.number(), sum).sum();
  }
  EXPECT_EQ(sum.wait(desks), expected);
  EXPECT_EQ(desks.world.delivered["make"], 8);
  EXPECT_EQ(desks.world.delivered["add"], 9);
  if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
}

TEST_P(OnBothKinds, AMemberThatIsNotSetBreaksTheCallAndIsNamed) {
  Desks desks(GetParam());
  auto pair = desks.desk.pair("right").pair();
  auto failure = failureOf(desks.desk.join(pair.left(), pair.point(), {}), desks);
  EXPECT_MENTIONS(describe(failure), "Pair.left is not the member that is set");
  EXPECT_MENTIONS(describe(failure), "while calling Desk.join");
  EXPECT_EQ(desks.world.delivered["join"], 0);
  auto nested = failureOf(desks.desk.add(pair.middle().x(), 0), desks);
  EXPECT_MENTIONS(describe(nested), "Pair.middle is not the member that is set");
  EXPECT_EQ(desks.world.delivered["add"], 0);
  EXPECT_EQ(desks.desk.add(pair.right(), 1).sum().wait(desks), 10);
}

TEST_P(OnBothKinds, AMemberThatIsNotSetIsNamedWhenItIsUsedInTheSameTurn) {
  Desks desks(GetParam());
  auto pair = desks.desk.pair("right").pair();
  auto good = desks.desk.add(pair.right(), 1);
  auto bad = desks.desk.join(pair.left(), pair.point(), {});
  auto onBad = desks.desk.join(bad.text(), pair.point(), bad.numbers());
  EXPECT_EQ(good.sum().wait(desks), 10);
  EXPECT_MENTIONS(
      describe(failureOf(kj::mv(bad), desks)), "Pair.left is not the member that is set");
  EXPECT_MENTIONS(
      describe(failureOf(kj::mv(onBad), desks)), "Pair.left is not the member that is set");
  EXPECT_EQ(desks.world.delivered["join"], 0);
}

TEST_P(OnBothKinds, ABrokenSourceBreaksTheCallUndelivered) {
  Desks desks(GetParam());
  for (auto type: {Type::FAILED, Type::OVERLOADED, Type::UNIMPLEMENTED}) {
    auto bad = desks.desk.fail(static_cast<uint16_t>(type), "out of order");
    auto call = desks.desk.add(1, bad.number());
    auto next = desks.desk.add(call.sum(), 1);
    auto onObject = bad.desk().add(bad.number(), 1);
    auto failure = failureOf(kj::mv(call), desks);
    EXPECT_EQ(failure.getType(), type);
    EXPECT_MENTIONS(describe(failure), "out of order");
    EXPECT_MENTIONS(describe(failure), "while calling Desk.add (argument \"b\" from Desk.fail)");
    EXPECT_EQ(describe(failure).find("invoked: "), std::string::npos) << describe(failure);
    auto second = failureOf(kj::mv(next), desks);
    EXPECT_EQ(second.getType(), type);
    EXPECT_MENTIONS(describe(second), "(argument \"a\" from Desk.add)");
    EXPECT_EQ(failureOf(kj::mv(onObject), desks).getType(), type);
  }
  EXPECT_EQ(desks.world.delivered["fail"], 3);
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST_P(OnBothKinds, ASourceOnAnotherVatBreaksTheCallUndelivered) {
  Desks desks(GetParam());
  auto other = desks.connect(desks.otherWorld, GetParam());
  for (auto type: {Type::FAILED, Type::OVERLOADED, Type::UNIMPLEMENTED}) {
    auto bad = other.fail(static_cast<uint16_t>(type), "out of order");
    auto failure = failureOf(desks.desk.add(1, bad.number()), desks);
    EXPECT_EQ(failure.getType(), type);
    EXPECT_MENTIONS(describe(failure), "out of order");
    EXPECT_MENTIONS(describe(failure), "while calling Desk.add (argument \"b\" from Desk.fail)");
  }
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST_P(OnBothKinds, AMethodThatNoServerHasIsASourceThatBreaks) {
  Desks desks(GetParam());
  auto missing = desks.desk.missing(1);
  auto failure = failureOf(desks.desk.add(missing.number(), 1), desks);
  EXPECT_EQ(failure.getType(), Type::UNIMPLEMENTED);
  EXPECT_EQ(desks.desk.add(desks.desk.add(1, 1).sum(), 1).sum().wait(desks), 3);
}

TEST_P(OnBothKinds, ADependentCallIsMadeNoMoreThanOnceWhenItsMethodBreaksAsUnimplemented) {
  Desks desks(GetParam());
  auto number = desks.desk.add(1, 1).sum();
  auto failure = failureOf(desks.desk.fail(static_cast<uint16_t>(Type::UNIMPLEMENTED),
                               desks.desk.join("no", [](auto) {}, {}).text()),
      desks);
  EXPECT_EQ(failure.getType(), Type::UNIMPLEMENTED);
  EXPECT_MENTIONS(describe(failure), "no/0/0");
  EXPECT_EQ(describe(failure).find("invoked: "), std::string::npos) << describe(failure);
  EXPECT_EQ(desks.world.delivered["fail"], 1);
  EXPECT_EQ(desks.world.delivered["join"], 1);
  EXPECT_EQ(number.wait(desks), 2);
  EXPECT_EQ(desks.world.delivered["add"], 1);
}

TEST_P(OnBothKinds, DroppingTheDependentCancelsIt) {
  Desks desks(GetParam());
  desks.desk.add(desks.desk.add(1, 1).sum(), 1).wait(desks);
  auto held = desks.desk.hold(1);
  {
    auto dependent = desks.desk.note(held.number());
    desks.settle();
  }
  desks.settle();
  desks.world.open();
  EXPECT_EQ(held.number().wait(desks), 1);
  desks.settle();
  EXPECT_EQ(desks.world.delivered["note"], 0);
}

TEST_P(OnBothKinds, DroppingTheSourceWhileADependentLivesKeepsIt) {
  Desks desks(GetParam());
  auto dependent = [&]() {
    auto held = desks.desk.bear(1);
    return desks.desk.add(held.number(), 1);
  }();
  desks.settle();
  desks.world.open();
  EXPECT_EQ(dependent.sum().wait(desks), 2);
  EXPECT_EQ(desks.world.delivered["add"], 1);
}

TEST_P(OnBothKinds, DroppingEverythingCancelsTheSourceToo) {
  Desks desks(GetParam());
  {
    auto held = desks.desk.bear(1);
    auto dependent = desks.desk.add(held.number(), 1);
    desks.settle();
    EXPECT_EQ(desks.world.waiting, 1);
  }
  desks.settle();
  EXPECT_EQ(desks.world.waiting, 0);
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST_P(OnBothKinds, ACallWithoutHolesKeepsItsOrderInWhateverFormItGoes) {
  Desks desks(GetParam());
  for (int round = 0; round < 3; ++round) {
    desks.world.log.clear();
    std::vector<Promise<desk::Desk::NoteResults>> notes;
    std::vector<Promise<desk::Desk::JoinResults>> dependents;
    for (int i = 0; i < 20; ++i) {
      notes.push_back(desks.desk.note(i));
      if (i % 3 == 1)
        dependents.push_back(desks.desk.join(
            "x", [](auto) {}, notes.back().log()));
    }
    for (auto& note: notes) note.wait(desks);
    for (auto& dependent: dependents) dependent.wait(desks);
    ASSERT_EQ(desks.world.log.size(), 20u);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(desks.world.log[i], i);
  }
}

TEST_P(OnBothKinds, LaterCallsDoNotOvertakeThoseOfTheFirstFlush) {
  Desks desks(GetParam());
  std::vector<Promise<desk::Desk::NoteResults>> notes;
  std::vector<Promise<desk::Desk::JoinResults>> dependents;
  for (int i = 0; i < 20; ++i) {
    notes.push_back(desks.desk.note(i));
    if (i == 0)
      dependents.push_back(desks.desk.join(
          "x", [](auto) {}, notes.back().log()));
    desks.loop.waitScope().poll(1);
  }
  for (auto& note: notes) note.wait(desks);
  ASSERT_EQ(desks.world.log.size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(desks.world.log[i], i);
}

TEST_P(OnBothKinds, ALongChainOfValuesIsCalculatedAndDropped) {
  Desks desks(GetParam());
  auto sum = desks.desk.add(0, 0).sum();
  for (int i = 0; i < 1000; ++i) sum = desks.desk.add(sum, 1).sum();
  EXPECT_EQ(sum.wait(desks), 1000);
  for (int i = 0; i < 1000; ++i) sum = desks.desk.add(sum, 1).sum();
}

TEST_P(OnBothKinds, AVeryLongChainThatWasNeverSentIsDropped) {
  Desks desks(GetParam());
  auto sum = desks.desk.add(0, 0).sum();
  for (int i = 0; i < 15000; ++i) sum = desks.desk.add(sum, 1).sum();
}

// =======================================================================================
// Round trips

TEST(Holes, ASourceUsedAfterItsTurnIsAwaited) {
  Desks desks;
  desks.desk.note(1).wait(desks);
  desks.traffic();
  auto held = desks.desk.hold(4);
  desks.settle();
  auto dependent = desks.desk.add(held.number(), 1);
  desks.settle();
  EXPECT_EQ(desks.world.delivered["add"], 0);
  desks.world.open();
  EXPECT_EQ(dependent.sum().wait(desks), 5);
  EXPECT_EQ(desks.roundTrips(), 2u);
}

TEST(Holes, ASharedSourceUsedAfterItsTurnCostsNoRoundTrip) {
  Desks desks;
  desks.desk.note(1).wait(desks);
  desks.traffic();
  auto held = desks.desk.hold(4);
  held.share();
  desks.settle();
  auto dependent = desks.desk.add(held.number(), 1);
  auto next = held.desk().add(dependent.sum(), held.number());
  desks.settle();
  desks.world.open();
  EXPECT_EQ(next.sum().wait(desks), 9);
  EXPECT_EQ(desks.roundTrips(), 1u);
}

TEST(Holes, AnObjectOfACallThatWaitsCanBePassedOnByASource) {
  Desks desks;
  auto held = desks.desk.hold(3);
  desks.settle();
  auto made = desks.desk.make(held.number());
  auto asked = desks.desk.ask(made.desk(), 1);
  auto sum = desks.desk.add(asked.sum(), 1).sum();
  desks.settle();
  desks.world.open();
  EXPECT_EQ(sum.wait(desks), 5);
}

TEST(Holes, ThreeVatsGiveTheRightValues) {
  World third;
  Desks desks;
  auto b = desks.connect(desks.otherWorld, Kind::TROTH);
  auto c = desks.connect(third, Kind::TROTH);
  auto x = desks.desk.add(1, 1).sum();
  auto y = b.add(x, 10).sum();
  auto z = c.add(y, x).sum();
  auto w = desks.desk.add(z, y).sum();
  EXPECT_EQ(w.wait(desks), 26);
  EXPECT_EQ(desks.world.delivered["add"], 2);
}

TEST(Holes, AnObjectOfThisVatIsCalledWithAPromisedValue) {
  World own;
  Desks desks;
  Ref<desk::Desk> local(kj::heap<DeskServer>(own));
  Ref<desk::Desk> stock(newStockDesk(own));
  auto x = desks.desk.add(1, 1).sum();
  auto y = local.add(x, 1).sum();
  auto z = stock.add(y, 1).sum();
  EXPECT_EQ(desks.desk.add(z, y).sum().wait(desks), 7);
  EXPECT_EQ(own.delivered["add"], 2);
}

TEST(Holes, DroppingADependentThatRunsLetsItsMethodEnd) {
  Desks desks;
  {
    auto dependent = desks.desk.hold(desks.desk.add(1, 1).sum());
    desks.settle();
    EXPECT_EQ(desks.world.waiting, 1);
  }
  desks.settle();
  EXPECT_EQ(desks.world.waiting, 1);
  desks.world.open();
  desks.settle();
  EXPECT_EQ(desks.world.waiting, 0);
}

TEST(Holes, DroppingADependentThatRunsCancelsAMethodThatAllowsIt) {
  Desks desks;
  {
    auto dependent = desks.desk.bear(desks.desk.add(1, 1).sum());
    desks.settle();
    EXPECT_EQ(desks.world.waiting, 1);
  }
  desks.settle();
  EXPECT_EQ(desks.world.waiting, 0);
}

// =======================================================================================
// Ends

TEST_P(OnBothKinds, TheServerMayEndInEveryState) {
  Desks desks(GetParam());
  auto held = desks.desk.hold(1);
  auto dependent = desks.desk.add(held.number(), 1);
  auto onObject = held.desk().add(dependent.sum(), held.number());
  desks.settle();
  auto later = desks.desk.add(held.number(), 1);
  desks.settle();
  auto pending = desks.desk.add(later.sum(), held.number());
  desks.servers.clear();
  for (auto call: {&dependent, &onObject, &later, &pending}) {
    EXPECT_EQ(failureOf(kj::mv(*call), desks).getType(), Type::DISCONNECTED);
  }
  EXPECT_EQ(desks.world.delivered["add"], 0);
  held = desks.desk.hold(1);
  desks.settle();
}

TEST_P(OnBothKinds, TheClientMayEndInEveryState) {
  Desks desks(GetParam());
  auto held = desks.desk.hold(1);
  auto dependent = desks.desk.add(held.number(), 1);
  auto onObject = held.desk().add(dependent.sum(), held.number());
  desks.settle();
  auto later = desks.desk.add(held.number(), 1);
  desks.settle();
  auto pending = desks.desk.add(later.sum(), held.number());
  desks.client = nullptr;
  for (auto call: {&dependent, &onObject, &later, &pending}) {
    EXPECT_EQ(failureOf(kj::mv(*call), desks).getType(), Type::DISCONNECTED);
  }
  desks.settle();
  desks.world.open();
  desks.settle();
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST_P(OnBothKinds, AVatWithItsOwnLoopMayEndInEveryState) {
  World world;
  for (int turns = 0; turns < 12; ++turns) {
    auto vat = kj::heap<Vat>();
    auto pipe = vat->loop().newTwoWayPipe();
    if (GetParam() == Kind::TROTH) {
      vat->serve(kj::heap<DeskServer>(world));
    } else {
      vat->serve("", newStockDesk(world));
    }
    vat->accept(kj::mv(pipe.ends[0]));
    auto desk = vat->connect<desk::Desk>(kj::mv(pipe.ends[1]));
    auto held = desk.hold(1);
    auto dependent = desk.add(held.number(), 1);
    auto onObject = held.desk().add(dependent.sum(), held.number());
    vat->waitScope().poll(turns);
    auto later = desk.add(held.number(), 1);
    vat->waitScope().poll(turns);
    auto pending = desk.add(later.sum(), held.number());
    vat = nullptr;
  }
  EXPECT_EQ(world.delivered["add"], 0);
}

}  // namespace
}  // namespace troth
