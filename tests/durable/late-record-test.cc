// What is known of a call, or of its steps, before that is recorded.

#include <troth/algebra.h>

#include "late-outcomes.h"
#include "recorded-message.h"

namespace troth {
namespace {

// ---- What is said before the call is recorded ----

using UnrecordedCall = ExposedOutcome;

TEST_F(UnrecordedCall, HasSaidNothingIfItCannotBeRecorded) {
  Scene farScene;
  auto farSocket = folder.file("far.sock");
  Office far(loop, farScene, newMemoryStore(), farSocket, durable);
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    co_await office->vat->restore<Desk>(deskAt(farSocket)).number(1);
    call.fulfill("said");
  };
  late->refused = "w";
  auto answer = desk().work("x").durable("w").text();
  settle();
  late->refuse();
  auto text = failure(kj::mv(answer));
  EXPECT_TRUE(contains(text, "the disk is full")) << text;
  settle();
  EXPECT_EQ(0, farScene.runs);
}

TEST_F(UnrecordedCall, HasSaidNothingOfAStepThatCannotBeRecorded) {
  Scene farScene;
  auto farSocket = folder.file("far.sock");
  Office far(loop, farScene, newMemoryStore(), farSocket, durable);
  auto farDesk = office->vat->restore<Desk>(deskAt(farSocket));
  EXPECT_EQ(1, wait(farDesk.number(0).n()));
  std::vector<std::string> said;
  farScene.work = [&](WorkCall call) -> kj::Promise<void> {
    said.push_back(call.text().cStr());
    return call.fulfill("");
  };
  int lots = 0;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto lot = co_await call.step("draw", [&]() { return kj::str("lot ", ++lots); });
    co_await farDesk.work(lot);
    call.fulfill("said");
  };
  late->refused = "w.1";
  auto answer = desk().work("x").durable("w").text();
  waitUntil([&]() { return lots == 1; });
  settle();
  EXPECT_EQ(std::vector<std::string>{}, said);
  late->refused = "";
  late->refuse();
  late->letGo();
  EXPECT_EQ("said", wait(kj::mv(answer)));
  EXPECT_EQ(std::vector<std::string>{"lot 2"}, said);
}

TEST_F(UnrecordedCall, LendsNoParameterFromAStepThatCannotBeRecorded) {
  int lots = 10;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto lot = co_await call.step("draw", [&]() { return ++lots; });
    auto n = co_await near().number(lot).durable("b").n();
    call.fulfill(kj::str(n));
  };
  late->refused = "w.1";
  auto answer = desk().work("x").durable("w").text();
  waitUntil([&]() { return lots == 11; });
  settle();
  EXPECT_TRUE(find("b") == nullptr);
  late->refused = "";
  late->refuse();
  late->letGo();
  EXPECT_EQ("13", wait(kj::mv(answer)));
}

TEST_F(UnrecordedCall, HasNoPromiseBeforeItsStepIsRecorded) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto who = co_await call.step("choose", []() { return kj::str("anna"); });
    co_await call.promise<capnp::Text>(who);
    call.fulfill("done");
  };
  late->refused = "w.1";
  auto answer = desk().work("x").durable("w").text();
  waitUntil([&]() { return find("w") != nullptr; });
  settle();
  EXPECT_TRUE(find("w.anna") == nullptr);
}

TEST_F(UnrecordedCall, TellsWhyEvenIfItsOutcomeWasUsed) {
  late->refused = "a";
  auto target = desk();
  auto first = target.number(5).durable("a").n();
  auto second = target.number(first).durable("b").n();
  waitUntil([&]() { return scene.runs == 2; });
  late->refuse();
  auto text = failure(kj::mv(second));
  EXPECT_TRUE(contains(text, "the disk is full")) << text;
  text = failure(kj::mv(first));
  EXPECT_TRUE(contains(text, "the disk is full")) << text;
}

TEST_F(UnrecordedCall, TellsWhyThoughOtherAnswersHaveWaitedForIt) {
  scene.work = slowWork();
  late->refused = "w";
  auto target = desk();
  auto refused = target.work("x").durable("w").text();
  auto other = target.number(5).durable("a").n();
  waitUntil([&]() { return find("a") != nullptr; });
  settle();
  late->refuse();
  auto text = failure(kj::mv(refused));
  EXPECT_TRUE(contains(text, "the disk is full")) << text;
  EXPECT_EQ(6, wait(kj::mv(other)));
  // It has not run again, to be cut off again.
  EXPECT_EQ(2, scene.runs);
}

TEST_F(UnrecordedCall, LendsNoObjectToOneThatComesLater) {
  scene.give = [&](Server<Desk>::Give call) -> kj::Promise<void> {
    ++scene.runs;
    return call.fulfill(call.drawer());
  };
  late->slow = "a";
  auto target = desk();
  auto drawer = target.open("socks").durable("open").drawer();
  auto first = target.give(drawer).durable("a");
  waitUntil([&]() { return scene.runs == 1; });
  settle();
  auto count = first.drawer().put("x").durable("b").count();
  waitUntil([&]() { return scene.drawers["socks"].size() == 1; });
  settle();
  EXPECT_TRUE(find("b") == nullptr);
  late->letCreate();
  EXPECT_EQ(1, wait(kj::mv(count)));
}

TEST_F(UnrecordedCall, DoesNotSilenceItsVatForLongerThanTheStoreWaits) {
  scene.work = slowWork();
  late->slow = late->lost = "w";
  auto unrecorded = desk().work("x").durable("w").text();
  waitUntil([&]() { return scene.runs > 0; });
  auto other = desk().number(5).ignoreResult();
  settle();
  late->letCreate();
  EXPECT_TRUE(comesToAnEnd(kj::mv(other)));
  EXPECT_TRUE(comesToAnEnd(office->vat->shutdown(10 * kj::MILLISECONDS)));
}

TEST_F(UnrecordedCall, IsLookedForAgainWhenItsParametersAreLate) {
  late->late = "b";
  auto here = desk().work("x").durable("b").text();
  settle();
  Scene otherScene;
  auto otherSocket = folder.file("other.sock");
  Office other(loop, otherScene, newStore(), otherSocket, durable);
  EXPECT_EQ("x!", wait(client->restore<Desk>(deskAt(otherSocket)).work("x").durable("b").text()));
  pause(150 * kj::MILLISECONDS);
  late->letFind();
  EXPECT_EQ("x!", wait(kj::mv(here)));
  EXPECT_EQ(0, scene.runs);
}

TEST_F(UnrecordedCall, AsksForNoObjectByANameFromAStepThatCannotBeRecorded) {
  Scene farScene;
  auto farSocket = folder.file("far.sock");
  Office far(loop, farScene, newMemoryStore(), farSocket, durable);
  auto socks = wait(client->restore<Desk>(deskAt(farSocket)).open("socks").drawer().save());
  farScene.restored = 0;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto where = co_await call.step("find", [&]() { return socks.toText(); });
    auto drawer = office->vat->restore<Drawer>(SturdyRef::parse(where));
    co_await whenResolved(drawer);
    call.fulfill("found");
  };
  late->refused = "w.1";
  auto answer = desk().work("x").durable("w").text();
  waitUntil([&]() { return find("w") != nullptr; });
  pause(20 * kj::MILLISECONDS);
  EXPECT_EQ(0, farScene.restored);
  late->refused = "";
  late->refuse();
  late->letGo();
  EXPECT_EQ("found", wait(kj::mv(answer)));
  EXPECT_EQ(1, farScene.restored);
}

// ---- Calls that are recorded before they start ----

using RecordedFirst = ExposedOutcome;

TEST_F(RecordedFirst, StartsThoughItsCallerHasLeft) {
  durable.lease = 1 * kj::HOURS;
  kill();
  openLate();
  late->slow = "w";
  {
    auto dropped = desk().tally(1).durable("w");
    settle();
  }
  client = std::nullopt;
  settle();
  late->letCreate();
  late->letGo();
  waitUntil([&]() { return scene.runs == 1 && get("w").isSettled(); });
  EXPECT_EQ(1u, get("w").epoch);
}

TEST_F(RecordedFirst, CountsAsRunningFromItsArrival) {
  durable.runningMax = 1;
  kill();
  openLate();
  late->slow = "a";
  late->letGo();
  auto first = desk().tally(1).durable("a").n();
  settle();
  auto second = desk().tally(2).durable("b").n();
  settle();
  EXPECT_EQ(0, scene.runs);
  EXPECT_TRUE(find("b") == nullptr);
  late->letCreate();
  EXPECT_EQ(1, wait(kj::mv(first)));
  EXPECT_EQ(2, wait(kj::mv(second)));
}

TEST_F(RecordedFirst, IsWaitedForWhenItsVatShutsDown) {
  late->slow = "w";
  late->letGo();
  auto answer = desk().tally(1).durable("w").n();
  settle();
  bool isDown = false;
  auto down = office->vat->shutdown(5 * kj::SECONDS).then([&]() { isDown = true; });
  auto waiting = down.eagerlyEvaluate(nullptr);
  pause(20 * kj::MILLISECONDS);
  EXPECT_FALSE(isDown);
  late->letCreate();
  wait(kj::mv(waiting));
  EXPECT_EQ(PromiseState::FULFILLED, get("w").state);
}

TEST_F(RecordedFirst, ShowsBothCallsIfItsIdIsTaken) {
  late->letGo();
  wait(desk().tally(1).durable("w").n());
  auto text = failure(desk().tally(2).durable("w").n());
  EXPECT_TRUE(contains(text, "Desk.tally(n = 1) on \"desk\"; asked for was Desk.tally(n = 2)"))
      << text;
}

// ---- Steps that are recorded late ----

using LateStep = ExposedOutcome;

TEST_F(LateStep, IsNotRepeatedBecauseTheMethodStartsAgain) {
  int lots = 0;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto lot = co_await call.step("draw", [&]() { return ++lots; });
    if (call.tries() == 1) kj::throwFatalException(KJ_EXCEPTION(OVERLOADED, "not now"));
    call.fulfill(kj::str(lot));
  };
  late->slow = "w.1";
  late->letGo();
  auto answer = desk().work("x").durable("w").text();
  waitUntil([&]() { return lots == 1; });
  pause(20 * kj::MILLISECONDS);
  EXPECT_EQ(1u, get("w").epoch);
  late->letCreate();
  EXPECT_EQ("1", wait(kj::mv(answer)));
  EXPECT_EQ(1, lots);
}

TEST_F(LateStep, IsRecordedBeforeTheOutcome) {
  Barrier later;
  int lots = 0;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto lot = co_await call.step("draw", [&]() { return ++lots; });
    co_await later.whenOpen();
    call.fulfill(kj::str(lot));
  };
  late->slow = "w.1";
  late->letGo();
  auto answer = desk().work("x").durable("w").text();
  waitUntil([&]() { return lots == 1; });
  settle();
  later.open();
  pause(20 * kj::MILLISECONDS);
  EXPECT_EQ(PromiseState::PENDING, get("w").state);
  late->letCreate();
  EXPECT_EQ("1", wait(kj::mv(answer)));
}

TEST_F(LateStep, HasFailedAsItIsRecorded) {
  Scene farScene;
  auto farSocket = folder.file("far.sock");
  Office far(loop, farScene, newMemoryStore(), farSocket, durable);
  auto farDesk = office->vat->restore<Desk>(deskAt(farSocket));
  EXPECT_EQ(1, wait(farDesk.number(0).n()));
  std::string said;
  farScene.work = [&](WorkCall call) -> kj::Promise<void> {
    said += call.text().cStr();
    return call.fulfill("");
  };
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++scene.runs;
    auto charge = [&]() -> kj::Promise<int> { return KJ_EXCEPTION(FAILED, "mine"); };
    auto problem = co_await troth::settle(call.step("charge", kj::mv(charge)));
    co_await farDesk.work(KJ_ASSERT_NONNULL(problem.exception).getDescription());
    call.fulfill("");
  };
  late->slow = "w.1";
  late->letGo();
  auto answer = desk().work("x").durable("w").text();
  waitUntil([&]() { return scene.runs == 1 && find("w") != nullptr; });
  settle();
  CreateRequest theirs{.id = kj::str("w.1"), .parent = kj::str("w")};
  theirs.call.params = recordStep("step charge");
  theirs.settlement = Settlement{PromiseState::REJECTED, nullptr,
      PromiseError{kj::Exception::Type::FAILED, kj::str("theirs")}};
  wait(newStore()->create(kj::mv(theirs)));
  late->letCreate();
  wait(kj::mv(answer));
  EXPECT_EQ("theirs", said);
}

}  // namespace
}  // namespace troth
