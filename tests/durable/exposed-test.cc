// Outcomes that are used in their vat before they are recorded, and that do not stand in the end.

#include "late-outcomes.h"

namespace troth {
namespace {

TEST_F(ExposedOutcome, IsSaidWhenItIsRecorded) {
  auto target = desk();
  auto first = target.number(1).durable("a").n();
  auto second = target.number(first).n();
  endUpToCommit("a");
  EXPECT_EQ(2, scene.runs);
  late->letGo();
  EXPECT_EQ(3, wait(kj::mv(second)));
  EXPECT_EQ(2, wait(kj::mv(first)));
}

TEST_F(ExposedOutcome, IsNotEvenUsedShortlyBeforeTheDeadline) {
  auto target = desk();
  auto first = target.number(1).durable("a").within(1 * kj::HOURS).n();
  auto second = target.number(first).n();
  waitUntil([&]() { return find("a") != nullptr; });
  late->clockAhead = 1 * kj::HOURS - 500 * kj::MILLISECONDS;
  endUpToCommit("a");
  EXPECT_EQ(1, scene.runs);
  late->letGo();
  EXPECT_EQ(3, wait(kj::mv(second)));
}

TEST_F(ExposedOutcome, IsNotSaidIfTheCallIsCanceledBeforeItsCommit) {
  auto target = desk();
  auto first = target.number(1).durable("a").n();
  auto second = target.number(first).n();
  endUpToCommit("a");
  EXPECT_EQ(2, scene.runs);
  cancel("a");
  auto exception = kj::runCatchingExceptions([&]() {
    auto wrong = wait(kj::mv(second));
    ADD_FAILURE() << "the peer was told " << wrong;
  });
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, KJ_ASSERT_NONNULL(exception).getType());
  auto text = failure(kj::mv(first));
  EXPECT_TRUE(contains(text, "changed my mind")) << text;
  text = failure(target.number(1).durable("a").n());
  EXPECT_TRUE(contains(text, "changed my mind")) << text;
}

TEST_F(ExposedOutcome, IsNotSaidLaterByWhatWentOnForLonger) {
  Barrier slower;
  scene.number = [&](NumberCall call) -> kj::Promise<void> {
    ++scene.runs;
    co_await (call.n() == 1 ? slow : slower).whenOpen();
    call.fulfill(call.n() + 1);
  };
  auto target = desk();
  auto first = target.number(1).durable("a").n();
  auto second = target.number(first).n();
  endUpToCommit("a");
  EXPECT_EQ(2, scene.runs);
  cancel("a");
  settle();
  slower.open();
  auto text = failure(kj::mv(second));
  EXPECT_FALSE(text.empty());
  EXPECT_TRUE(contains(failure(kj::mv(first)), "changed my mind"));
}

TEST_F(ExposedOutcome, IsNotSaidIfAnotherVatHasSettledTheCall) {
  auto target = desk();
  auto first = target.number(1).durable("a").n();
  auto second = target.number(first).n();
  endUpToCommit("a");
  Scene otherScene;
  otherScene.number = [](NumberCall call) -> kj::Promise<void> { return call.fulfill(11); };
  auto other = handOver("a", otherScene);
  EXPECT_EQ(PromiseState::FULFILLED, wait(other->store.whenSettled("a")).state);
  EXPECT_NE("", failure(kj::mv(second)));
  EXPECT_EQ(11, wait(kj::mv(first)));
}

TEST_F(ExposedOutcome, IsNotSaidWhileAnotherVatWorksOnTheCall) {
  scene.number = [&](NumberCall call) -> kj::Promise<void> {
    if (call.n() > 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    co_await slow.whenOpen();
    call.fulfill(2);
  };
  auto target = desk();
  auto first = target.number(1).durable("a").n();
  auto second = target.number(first).n();
  endUpToCommit("a");
  Barrier others;
  Scene otherScene;
  otherScene.number = [&](NumberCall call) -> kj::Promise<void> {
    co_await others.whenOpen();
    call.fulfill(11);
  };
  auto other = handOver("a", otherScene);
  EXPECT_NE("", failure(kj::mv(second)));
  others.open();
  EXPECT_EQ(11, wait(kj::mv(first)));
}

TEST_F(ExposedOutcome, IsNotRecordedAsAParameterIfItDoesNotStand) {
  auto target = desk();
  auto first = target.number(1).durable("a").n();
  auto second = target.number(first).durable("b").n();
  endUpToCommit("a");
  cancel("a");
  EXPECT_TRUE(contains(failure(kj::mv(second)), "changed my mind"));
  EXPECT_TRUE(contains(failure(kj::mv(first)), "changed my mind"));
  settle();
  EXPECT_TRUE(find("b") == nullptr);
}

TEST_F(ExposedOutcome, IsNotRecordedAsAParameterBeforeTheMethodStarts) {
  scene.work = slowWork();
  auto target = desk();
  auto first = target.work("x").durable("a").text();
  auto second = target.careful(first).durable("b").text();
  endUpToCommit("a");
  cancel("a");
  EXPECT_TRUE(contains(failure(kj::mv(second)), "changed my mind"));
  settle();
  EXPECT_TRUE(find("b") == nullptr);
  EXPECT_EQ(1, scene.runs);
}

TEST_F(ExposedOutcome, IsNoParameterOfACallThatHasNotStartedWhenItIsTakenBack) {
  scene.work = slowWork();
  late->late = "b";
  auto target = desk();
  auto first = target.work("x").durable("a").text();
  auto second = target.work(first).durable("b").text();
  endUpToCommit("a");
  cancel("a");
  settle();
  late->letFind();
  EXPECT_TRUE(contains(failure(kj::mv(second)), "changed my mind"));
  settle();
  EXPECT_TRUE(find("b") == nullptr);
  EXPECT_EQ(1, scene.runs);
}

TEST_F(ExposedOutcome, IsNoParameterOfACallThatIsRecordedAsCanceled) {
  kill();
  TemporaryFolder elsewhere;
  Scene parentScene;
  auto parentSocket = elsewhere.file("desk.sock");
  auto parentStore = newSqliteStore(elsewhere.file("promises.db"));
  Office parent(loop, parentScene, kj::mv(parentStore), parentSocket, durable);
  parentScene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto target = parent.vat->restore<Desk>(deskAt(socket));
    auto first = target.number(1).durable("a").n();
    co_await target.number(first).durable(call).n();
  };
  auto dropped = client->restore<Desk>(deskAt(parentSocket)).work("x").durable("w").text();
  waitUntil([&]() { return wait(parent.store.find("w")) != nullptr; });
  settle();
  wait(parent.vat->cancel("w", "changed my mind"));
  openLate();
  endUpToCommit("a");
  EXPECT_TRUE(find("w.1") == nullptr);
  cancel("a");
  settle();
  EXPECT_TRUE(find("w.1") == nullptr);
}

// ---- Methods that use outcomes of others in their vat ----

TEST_F(ExposedOutcome, IsForgottenByTheMethodThatHasUsedIt) {
  scene.give = slowGive();
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto given = near().give(near().open("socks").drawer()).durable(call).drawer();
    call.fulfill((co_await usesOf(given)).c_str());
  };
  auto answer = desk().work("x").durable("w").text();
  endUpToCommit("w.1");
  EXPECT_EQ(1u, scene.drawers["socks"].size());
  cancel("w.1");
  late->letGo();
  EXPECT_EQ("nothing", wait(kj::mv(answer)));
  EXPECT_EQ(2u, get("w").epoch);
}

TEST_F(ExposedOutcome, HasNoEffectIfItDoesNotStand) {
  std::vector<std::string> effects;
  scene.give = slowGive();
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto given = near().give(near().open("socks").drawer()).durable("a").drawer();
    auto used = co_await usesOf(given);
    co_await call.step("use", [&]() { effects.push_back(used); });
    call.fulfill(used.c_str());
  };
  auto answer = desk().work("x").durable("w").text();
  endUpToCommit("a");
  EXPECT_EQ(1u, scene.drawers["socks"].size());
  cancel("a");
  late->letGo();
  EXPECT_EQ("nothing", wait(kj::mv(answer)));
  EXPECT_EQ(std::vector<std::string>{"nothing"}, effects);
}

TEST_F(ExposedOutcome, HasNoEffectLaterIfItDoesNotStand) {
  Barrier later;
  std::vector<std::string> effects;
  scene.give = slowGive();
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto given = near().give(near().open("socks").drawer()).durable("a").drawer();
    auto used = co_await usesOf(given);
    co_await later.whenOpen();
    co_await call.step("use", [&]() { effects.push_back(used); });
    call.fulfill(used.c_str());
  };
  auto answer = desk().work("x").durable("w").text();
  endUpToCommit("a");
  EXPECT_EQ(1u, scene.drawers["socks"].size());
  cancel("a");
  settle();
  later.open();
  late->letGo();
  EXPECT_EQ("nothing", wait(kj::mv(answer)));
  EXPECT_EQ(std::vector<std::string>{"nothing"}, effects);
}

TEST_F(ExposedOutcome, IsNoPartOfAnotherOneIfItDoesNotStand) {
  scene.give = slowGive();
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto given = near().give(near().open("socks").drawer()).durable("a").drawer();
    call.fulfill((co_await usesOf(given)).c_str());
  };
  auto answer = desk().work("x").durable("w").text();
  endUpToCommit("a");
  EXPECT_EQ(1u, scene.drawers["socks"].size());
  cancel("a");
  late->letGo();
  EXPECT_EQ("nothing", wait(kj::mv(answer)));
}

TEST_F(ExposedOutcome, MakesNoPromiseIfItDoesNotStand) {
  scene.give = slowGive();
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto given = near().give(near().open("socks").drawer()).durable(call).drawer();
    auto used = co_await usesOf(given);
    if (used != "nothing") co_await call.promise<capnp::Text>("approval");
    call.fulfill(used.c_str());
  };
  auto answer = desk().work("x").durable("w").text();
  endUpToCommit("w.1");
  EXPECT_EQ(1u, scene.drawers["socks"].size());
  cancel("w.1");
  late->letGo();
  EXPECT_EQ("nothing", wait(kj::mv(answer)));
  EXPECT_TRUE(find("w.approval") == nullptr);
}

// ---- Links ----

TEST_F(ExposedOutcome, ThatDoesNotStandEndsOnlyLinksThatHaveHeardOfIt) {
  Barrier others;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    co_await others.whenOpen();
    call.fulfill("undisturbed");
  };
  VatOptions options;
  options.loop = loop;
  Vat other(kj::mv(options));
  auto undisturbed = other.restore<Desk>(deskAt(socket)).work("x").text();
  auto target = desk();
  auto first = target.number(1).durable("a").n();
  auto second = target.number(first).n();
  endUpToCommit("a");
  cancel("a");
  EXPECT_NE("", failure(kj::mv(second)));
  others.open();
  EXPECT_EQ("undisturbed", wait(kj::mv(undisturbed)));
}

}  // namespace
}  // namespace troth
