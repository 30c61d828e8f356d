// Durable calls as their callers see them.

#include "desks.h"

namespace troth {
namespace {

using DurableCall = DurableTest;

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DurableCall, GivesItsResultsAndIsRecorded) {
  EXPECT_EQ("hello!", wait(desk().work("hello").durable("w").text()));
  auto record = get("w");
  EXPECT_EQ(PromiseState::FULFILLED, record.state);
  EXPECT_EQ("desk", record.call.target);
  EXPECT_EQ(1, scene.runs);
}

TEST_F(DurableCall, ASecondCallUnderTheIdGetsTheOutcomeOfTheFirst) {
  wait(desk().number(1).durable("n").n());
  EXPECT_EQ(2, wait(desk().number(1).durable("n").n()));
  EXPECT_EQ(1, scene.runs);
}

TEST_F(DurableCall, CallsUnderOneIdInOneTurnRunOnce) {
  auto a = desk().number(1).durable("n").n();
  auto b = desk().number(1).durable("n").n();
  EXPECT_EQ(2, wait(kj::mv(a)));
  EXPECT_EQ(2, wait(kj::mv(b)));
  EXPECT_EQ(1, scene.runs);
}

TEST_F(DurableCall, TheOutcomeIsThereAfterARestart) {
  wait(desk().number(1).durable("n").n());
  restart();
  EXPECT_EQ(2, wait(desk().number(1).durable("n").n()));
  EXPECT_EQ(1, scene.runs);
}

TEST_F(DurableCall, OtherParametersUnderTheIdAreRefusedShowingBoth) {
  wait(desk().work("hello").durable("w").text());
  auto text =
      failureOf(loop.waitScope(), [&]() { return desk().work("bye bye").durable("w").text(); });
  EXPECT_TRUE(contains(text,
      "the id \"w\" is taken: it stands for Desk.work(text = \"hello\") on \"desk\"; asked for was "
      "Desk.work(text = \"bye bye\") on \"desk\""))
      << text;
  EXPECT_EQ(1, scene.runs);
}

TEST_F(DurableCall, NothingIsShownOfACallOfAnotherObject) {
  auto drawer = desk().open("a").drawer();
  wait(drawer.put("secret").durable("w").ignoreResult());
  auto text = failureOf(loop.waitScope(), [&]() { return desk().work("x").durable("w").text(); });
  EXPECT_TRUE(contains(text, "it stands for a call of another object; asked for was")) << text;
}

TEST_F(DurableCall, OtherParametersAreRefusedWhileTheFirstRuns) {
  scene.work = [](auto) -> kj::Promise<void> { return kj::NEVER_DONE; };
  auto dropped = desk().work(kj::str(kj::repeat('x', 2000))).durable("w");
  settle();
  auto text = failureOf(loop.waitScope(), [&]() { return desk().number(7).durable("w").n(); });
  EXPECT_TRUE(contains(text, "Desk.work(text = \"xxxx")) << text;
  EXPECT_TRUE(contains(text, "xxxx…)")) << text;
  EXPECT_TRUE(contains(text, "asked for was Desk.number(n = 7) on \"desk\"")) << text;
  EXPECT_LT(text.size(), 1500u);
}

TEST_F(DurableCall, ARejectionIsRecordedToo) {
  scene.work = [&](auto) -> kj::Promise<void> {
    ++scene.runs;
    return KJ_EXCEPTION(FAILED, "no paper left");
  };
  for (int i = 0; i < 2; ++i) {
    auto text = failureOf(loop.waitScope(), [&]() { return desk().work("x").durable("w").text(); });
    EXPECT_TRUE(contains(text, "no paper left")) << text;
  }
  EXPECT_EQ(1, scene.runs);
  EXPECT_EQ(PromiseState::REJECTED, get("w").state);
}

TEST_F(DurableCall, AMethodThatIsOverloadedIsRunAgainLater) {
  scene.work = [&](auto call) -> kj::Promise<void> {
    if (++scene.runs < 3) return KJ_EXCEPTION(OVERLOADED, "not now");
    return call.fulfill("at last");
  };
  EXPECT_EQ("at last", wait(desk().work("x").durable("w").text()));
  EXPECT_EQ(3, scene.runs);
}

TEST_F(DurableCall, ShortCallsCostOneCommitEach) {
  wait(desk().number(1).durable("warm").n());
  // One that looks for the id, and one that writes.
  EXPECT_LE(
      transactions([&](int time) { wait(desk().number(1).durable(kj::str("n-", time)).n()); }), 2u);
}

TEST_F(DurableCall, TenInARowTakeOneRoundTripAndTwoCommits) {
  auto target = desk();
  wait(target.number(0).durable("warm").n());
  auto tenInARow = [&](int time) {
    auto roundTrips = client->getTraffic().roundTrips;
    auto last = target.number(0).durable(kj::str("n-0-", time)).n();
    for (int i = 1; i < 10; ++i) {
      last = target.number(last).durable(kj::str("n-", i, "-", time)).n();
    }
    EXPECT_EQ(10, wait(kj::mv(last)));
    EXPECT_EQ(1u, client->getTraffic().roundTrips - roundTrips);
    EXPECT_EQ(1 + 10 * time, scene.runs);
  };
  // One more looks for the ids.
  EXPECT_LE(transactions(tenInARow), 2u + 1u);
}

TEST_F(DurableCall, AnObjectInAParameterLivesAgainAfterARestart) {
  auto drawer = desk().open("socks").drawer();
  auto given = desk().give(drawer).durable("g").drawer();
  EXPECT_EQ("socks", wait(given.name().name()));
  restart();
  auto again = desk().give(desk().open("socks").drawer()).durable("g").drawer();
  EXPECT_EQ("socks", wait(again.name().name()));
  EXPECT_EQ(1, scene.runs);
}

TEST_F(DurableCall, AnObjectThatCannotBeSavedIsAnErrorBeforeAnythingRuns) {
  Ref<Drawer> mine = kj::heap<DrawerServer>(scene, "mine");
  auto text =
      failureOf(loop.waitScope(), [&]() { return desk().give(mine).durable("g").ignoreResult(); });
  EXPECT_NE("", text);
  EXPECT_EQ(0, scene.runs);
  EXPECT_TRUE(find("g") == nullptr);
}

TEST_F(DurableCall, OnAnObjectThatNobodyCouldRestoreIsAnErrorBeforeAnythingRuns) {
  scene.give = [&](Server<Desk>::Give call) -> kj::Promise<void> {
    return call.fulfill(kj::heap<DrawerServer>(scene, "loose"));
  };
  auto drawer = desk().give(desk().open("socks").drawer()).drawer();
  auto text = failureOf(loop.waitScope(), [&]() { return drawer.put("x").durable("p").count(); });
  EXPECT_TRUE(contains(text, "this object cannot be called durably, because nobody could restore"))
      << text;
  EXPECT_TRUE(scene.drawers.empty());
  EXPECT_TRUE(find("p") == nullptr);
}

TEST_F(DurableCall, OnAnObjectOfAVatThatServesNothingIsAnErrorBeforeAnythingRuns) {
  Ref<Drawer> mine = kj::heap<DrawerServer>(scene, "mine");
  scene.give = [](Server<Desk>::Give call) -> kj::Promise<void> {
    co_await call.drawer().put("x").durable("p").count();
  };
  auto text = failureOf(loop.waitScope(), [&]() { return desk().give(mine).ignoreResult(); });
  EXPECT_TRUE(contains(text, "this object cannot be called durably")) << text;
  EXPECT_TRUE(scene.drawers.empty());
}

TEST_F(DurableCall, OfAMarkedMethodIsRecordedUnderAnIdOfTheVat) {
  auto id = wait(desk().marked("x").text());
  EXPECT_EQ(PromiseState::FULFILLED, get(id).state);
}

TEST_F(DurableCall, OfAMarkedMethodTakesTheCallersId) {
  EXPECT_EQ("m", wait(desk().marked("x").durable("m").text()));
}

TEST_F(DurableCall, IsRefusedByAVatWithoutAStore) {
  Vat other({.loop = loop});
  auto drawers =
      other.restorer<Drawer>([&](kj::StringPtr key) { return kj::heap<DrawerServer>(scene, key); });
  auto address = deskAt(folder.file("other.sock"));
  other.serve("desk", kj::heap<DeskServer>(scene, drawers));
  wait(other.listen(address.host));
  auto far = client->restore<Desk>(address);
  auto text = failureOf(loop.waitScope(), [&]() { return far.work("x").durable("w").text(); });
  EXPECT_TRUE(contains(text, "store")) << text;
}

TEST_F(DurableCall, OnAnObjectOfTheSameVatIsRecorded) {
  auto near = office->vat->getObjectHost().restore("troth:/desk");
  EXPECT_EQ("x!", wait(Ref<Desk>(kj::mv(near)).work("x").durable("w").text()));
  EXPECT_EQ(PromiseState::FULFILLED, get("w").state);
}

TEST_F(DurableCall, IsFinishedAfterACrashInItsMiddle) {
  scene.work = [&](auto call) -> kj::Promise<void> {
    if (++scene.runs == 1) return kj::NEVER_DONE;
    return call.fulfill(kj::str("run ", scene.runs));
  };
  auto dropped = desk().work("x").durable("w");
  settle();
  while (find("w") == nullptr) settle();
  restart();
  EXPECT_EQ("run 2", wait(desk().work("x").durable("w").text()));
}

TEST_F(DurableCall, IsFinishedByItselfWhenNobodyAsksAgain) {
  scene.work = [&](auto call) -> kj::Promise<void> {
    if (++scene.runs == 1) return kj::NEVER_DONE;
    return call.fulfill("done");
  };
  {
    auto dropped = desk().work("x").durable("w");
    while (find("w") == nullptr) settle();
  }
  restart();
  EXPECT_EQ(PromiseState::FULFILLED, wait(office->store.whenSettled("w")).state);
}

TEST_F(DurableCall, BreaksWithTheObjectThatItHasAsAnArgument) {
  auto drawer = desk().open("socks").drawer();
  wait(drawer.put("x"));
  restart();
  auto given = desk().give(drawer).durable("g").drawer().name().name();
  auto text = failureOf(loop.waitScope(), [&]() { return kj::mv(given); });
  EXPECT_NE(text.find("cannot save the object"), std::string::npos) << text;
}

TEST_F(DurableCall, DroppingThePromiseDoesNotCancelIt) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  auto fork = paf.promise.fork();
  scene.work = [&](auto call) -> kj::Promise<void> {
    return fork.addBranch().then([call]() mutable { call.fulfill("done"); });
  };
  {
    auto dropped = desk().work("x").durable("w");
    while (find("w") == nullptr) settle();
  }
  settle();
  paf.fulfiller->fulfill();
  EXPECT_EQ(PromiseState::FULFILLED, wait(office->store.whenSettled("w")).state);
}

TEST_F(DurableCall, IsAttachedToFromAnyVatWithTheStore) {
  wait(desk().work("x").durable("w").text());
  EXPECT_EQ("x!", wait(office->vat->attach<Desk::WorkResults>("w")).getText());
  auto text =
      failureOf(loop.waitScope(), [&]() { return office->vat->attach<Desk::WorkResults>("none"); });
  EXPECT_TRUE(contains(text, "there is no promise")) << text;
}

TEST_F(DurableCall, IsAttachedToFromAnotherVatBeforeItHasSettled) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  auto fork = paf.promise.fork();
  scene.work = [&](auto call) -> kj::Promise<void> {
    return fork.addBranch().then([call]() mutable { call.fulfill("done"); });
  };
  start("w");
  Scene otherScene;
  Office other(loop, otherScene, newStore(), folder.file("other.sock"), durable);
  auto attached = other.vat->attach<Desk::WorkResults>("w").text();
  wait(loop.timer().afterDelay(20 * kj::MILLISECONDS));
  EXPECT_FALSE(attached.poll(loop.waitScope()));
  paf.fulfiller->fulfill();
  EXPECT_EQ("done", wait(kj::mv(attached)));
  EXPECT_EQ(0, otherScene.runs);
}

}  // namespace
}  // namespace troth
