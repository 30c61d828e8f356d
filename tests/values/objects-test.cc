// Objects that pipelining operations do not lead to: those in lists, and in members of unions.

#include "desk.h"

namespace troth {
namespace {

class Objects: public testing::TestWithParam<Kind> {
protected:
  void expectOneRoundTrip(Desks& desks) {
    if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
  }
};
INSTANTIATE_TEST_SUITE_P(Servers, Objects, testing::Values(Kind::TROTH, Kind::STOCK),
    [](auto& info) { return info.param == Kind::TROTH ? "Troth" : "Stock"; });

TEST_P(Objects, InAListAreCalledInTheSameRoundTrip) {
  Desks desks(GetParam());
  auto results = desks.desk.desks(4);
  auto sum = results.desks().at(3).add(1, 1).sum();
  auto placed = results.places().at(2).desk().add(1, 1).sum();
  EXPECT_EQ(sum.wait(desks), 5);
  EXPECT_EQ(placed.wait(desks), 4);
  expectOneRoundTrip(desks);
}

TEST_P(Objects, InAListOfALaterTurnAreCalledToo) {
  Desks desks(GetParam());
  auto results = desks.desk.desks(4);
  auto first = results.desks().at(1);
  desks.loop.waitScope().poll(2);
  auto sum = first.add(1, 1).sum();
  auto late = results.desks().at(2).add(1, 1).sum();
  EXPECT_EQ(sum.wait(desks), 3);
  EXPECT_EQ(late.wait(desks), 4);
  EXPECT_EQ(first.add(2, 2).sum().wait(desks), 5);
  EXPECT_EQ(results.places().at(3).desk().add(0, 0).sum().wait(desks), 3);
}

TEST_P(Objects, InAListAreArgumentsAndMakeOthers) {
  Desks desks(GetParam());
  auto results = desks.desk.desks(4);
  auto made = results.desks().at(1).make(results.desks().at(2).add(10, 0).sum());
  auto inner = made.desk().desks(3).desks().at(2);
  auto asked = desks.desk.ask(results.places().at(3).desk(), inner.add(1, 1).sum());
  EXPECT_EQ(asked.sum().wait(desks), 7);
  expectOneRoundTrip(desks);
}

TEST_P(Objects, InAListKeepTheOrderOfCalls) {
  Desks desks(GetParam());
  auto results = desks.desk.desks(2);
  std::vector<Promise<desk::Desk::NoteResults>> notes;
  auto desk = results.desks().at(1);
  for (int i = 0; i < 20; ++i) {
    notes.push_back(desk.note(i));
    if (i > 9) desks.loop.waitScope().poll(i - 9);
  }
  for (auto& note: notes) note.wait(desks);
  ASSERT_EQ(desks.world.log.size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(desks.world.log[i], i);
}

TEST_P(Objects, InAListThatIsTooShortBreakTheirCalls) {
  Desks desks(GetParam());
  auto results = desks.desk.desks(2);
  auto call = results.desks().at(2).add(1, 1);
  auto next = desks.desk.add(call.sum(), 1);
  EXPECT_MENTIONS(describe(failureOf(kj::mv(next), desks)), "no such element");
  auto failure = describe(failureOf(kj::mv(call), desks));
  EXPECT_MENTIONS(failure, "no such element");
  EXPECT_MENTIONS(failure, "while calling Desk.add (on \"element\" from Desk.desks)");
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST_P(Objects, InAListOfABrokenCallBreakWithIt) {
  Desks desks(GetParam());
  desks.world.failures["desks"].push_back(kj::Exception::Type::OVERLOADED);
  auto failure = failureOf(desks.desk.desks(2).desks().at(1).add(1, 1), desks);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::OVERLOADED);
  EXPECT_MENTIONS(describe(failure), "no luck with desks");
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST_P(Objects, InAListOfACallThatIsRetriedAreThoseOfTheAttemptThatSucceeds) {
  Desks desks(GetParam());
  desks.world.failures["desks"].assign(2, kj::Exception::Type::OVERLOADED);
  RetryPolicy policy;
  policy.delayFirst = 0 * kj::SECONDS;
  auto results = desks.desk.desks(2).retry(policy);
  EXPECT_EQ(results.desks().at(1).add(1, 1).sum().wait(desks), 3);
  EXPECT_EQ(desks.world.delivered["add"], 1);
}

TEST_P(Objects, InAListOfAnotherVatAreCalled) {
  Desks desks(GetParam());
  auto other = desks.connect(desks.otherWorld, Kind::TROTH);
  auto results = desks.desk.desks(3);
  auto asked = other.ask(results.desks().at(2), other.add(1, 1).sum());
  auto local = other.desks(3).desks().at(1).add(asked.sum(), 0);
  EXPECT_EQ(local.sum().wait(desks), 5);
  EXPECT_EQ(desks.world.delivered["add"], 1);
  EXPECT_EQ(desks.otherWorld.delivered["add"], 2);
}

TEST_P(Objects, InAMemberOfAUnionAreCalledInTheSameRoundTrip) {
  Desks desks(GetParam());
  auto first = desks.desk.choose("first").choice().first().add(1, 1).sum();
  auto inner = desks.desk.choose("inner").choice().inner().desk().add(1, 2).sum();
  EXPECT_EQ(first.wait(desks), 2);
  EXPECT_EQ(inner.wait(desks), 3);
  expectOneRoundTrip(desks);
}

// Members of a union share their place: pipelining operations would lead to what another one holds.
TEST_P(Objects, InAMemberThatIsNotSetAreNotThoseOfTheOneThatIs) {
  Desks desks(GetParam());
  auto failureOn = [&](kj::StringPtr member, auto get) {
    auto choice = desks.desk.choose(member).choice();
    return describe(failureOf(get(choice).add(1, 1), desks));
  };
  auto second = [](auto& choice) { return choice.second(); };
  EXPECT_MENTIONS(failureOn("first", second), "Choice.second is not the member that is set");
  EXPECT_MENTIONS(failureOn("word", second), "Choice.second is not the member that is set");
  EXPECT_MENTIONS(failureOn("inner", [](auto& choice) { return choice.other().desk(); }),
      "Choice.other is not the member that is set");
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST_P(Objects, InAMemberThatIsNotSetAreNotPassedOn) {
  Desks desks(GetParam());
  auto choice = desks.desk.choose("first").choice();
  auto failure = failureOf(desks.desk.ask(choice.second(), 1), desks);
  EXPECT_MENTIONS(describe(failure), "Choice.second is not the member that is set");
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

}  // namespace
}  // namespace troth
