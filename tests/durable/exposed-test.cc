// Outcomes that are used in their vat before they are recorded, and that do not stand in the end.

#include <troth/algebra.h>

#include "desks.h"
#include "recorded-message.h"

namespace troth {
namespace {

using NumberCall = Server<Desk>::Number;
using WorkCall = Server<Desk>::Work;

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// What things wait for until a test opens it.
class Barrier {
public:
  void open() { pair.fulfiller->fulfill(); }
  kj::Promise<void> whenOpen() { return opened.addBranch(); }

private:
  kj::PromiseFulfillerPair<void> pair = kj::newPromiseAndFulfiller<void>();
  kj::ForkedPromise<void> opened = pair.promise.fork();
};

// A store in which the outcomes of calls that were recorded before are late.
class LateOutcomes final: public Store {
public:
  explicit LateOutcomes(kj::Own<Store> inner): inner(kj::mv(inner)) {}

  // Outcomes that wait.
  size_t waiting = 0;

  // What its vat takes for the time is later by this.
  kj::Duration clockAhead = 0 * kj::SECONDS;

  // Whether its vat takes up what is due.
  bool isClaiming = true;

  // The id that is looked for late.
  kj::StringPtr late = "";

  // They, and those that come later, are recorded.
  void letGo() { outcomes.open(); }
  void letFind() { finds.open(); }

  // The id that cannot be recorded, as it turns out then.
  kj::StringPtr refused = "";
  void refuse() { refusals.open(); }

  // The id that is recorded late, and the one for which the database is not there.
  kj::StringPtr slow = "";
  void letCreate() { creations.open(); }
  kj::StringPtr lost = "";

  kj::Promise<Record> settle(SettleRequest request) override {
    if (request.epoch != nullptr) {
      ++waiting;
      co_await outcomes.whenOpen();
    }
    co_return co_await inner->settle(kj::mv(request));
  }
  kj::Promise<Record> create(CreateRequest request) override {
    if (request.id == slow) co_await creations.whenOpen();
    if (request.id == lost) kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "no database"));
    if (request.id == refused) {
      co_await refusals.whenOpen();
      kj::throwFatalException(KJ_EXCEPTION(FAILED, "the disk is full"));
    }
    co_return co_await inner->create(kj::mv(request));
  }
  kj::Promise<kj::Maybe<Record>> find(kj::StringPtr id) override {
    auto found = inner->find(id);
    if (id == late) co_await finds.whenOpen();
    co_return co_await found;
  }
  kj::Promise<Record> whenSettled(kj::StringPtr id) override { return inner->whenSettled(id); }
  kj::Promise<Page> search(SearchRequest request) override {
    return inner->search(kj::mv(request));
  }
  kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) override {
    if (!isClaiming) return kj::NEVER_DONE;
    return inner->claim(kj::mv(request));
  }
  kj::Promise<void> whenDue(kj::ArrayPtr<const kj::StringPtr> targets) override {
    return inner->whenDue(targets);
  }
  kj::Promise<Record> renew(RenewRequest request) override { return inner->renew(kj::mv(request)); }
  kj::Promise<Record> release(ReleaseRequest request) override {
    return inner->release(kj::mv(request));
  }
  kj::Promise<Record> park(ParkRequest request) override { return inner->park(kj::mv(request)); }
  kj::Promise<Record> transact(TransactRequest request, SqlUse use) override {
    return inner->transact(kj::mv(request), kj::mv(use));
  }
  kj::Promise<void> execute(kj::StringPtr script) override { return inner->execute(script); }
  kj::Promise<Pruned> prune(PruneRequest request) override { return inner->prune(request); }
  kj::Date now() override { return inner->now() + clockAhead; }
  StoreTraffic getTraffic() const override { return inner->getTraffic(); }

private:
  kj::Own<Store> inner;
  Barrier outcomes;
  Barrier finds;
  Barrier refusals;
  Barrier creations;
};

// A desk whose number(1) takes longer than a turn, until a test ends it.
class ExposedOutcome: public testing::Test, public Offices {
public:
  ExposedOutcome() {
    durable.lease = 200 * kj::MILLISECONDS;
    auto store = kj::heap<LateOutcomes>(newStore());
    late = store.get();
    office.emplace(loop, scene, kj::mv(store), socket, durable);
    scene.number = [this](NumberCall call) -> kj::Promise<void> {
      ++scene.runs;
      if (call.n() == 1) co_await slow.whenOpen();
      call.fulfill(call.n() + 1);
    };
  }
  ~ExposedOutcome() noexcept override = default;

  LateOutcomes* late;
  Barrier slow;

  std::function<kj::Promise<void>(WorkCall)> slowWork() {
    return [this](WorkCall call) -> kj::Promise<void> {
      ++scene.runs;
      co_await slow.whenOpen();
      call.fulfill(kj::str(call.text(), "!"));
    };
  }
  std::function<kj::Promise<void>(Server<Desk>::Give)> slowGive() {
    return [this](Server<Desk>::Give call) -> kj::Promise<void> {
      co_await slow.whenOpen();
      call.fulfill(call.drawer());
    };
  }

  // The desk, for the vat that it is in.
  Ref<Desk> near() { return Ref<Desk>(office->vat->getObjectHost().restore("troth:/desk")); }

  // What comes of the use of a drawer that may not be given.
  kj::Promise<std::string> usesOf(Ref<Drawer> drawer) {
    try {
      co_return std::to_string(co_await drawer.put("x").count());
    } catch (...) {
      co_return "nothing";
    }
  }

  // Lets the call end, which is recorded as `id`, up to its commit.
  void endUpToCommit(kj::StringPtr id) {
    waitUntil([&]() { return find(id) != nullptr; });
    slow.open();
    waitUntil([&]() { return late->waiting > 0; });
    settle();
  }

  void cancel(kj::StringPtr id) { wait(office->vat->cancel(id, "changed my mind")); }

  // Has another vat work on the call.
  kj::Own<Office> handOver(kj::StringPtr id, Scene& otherScene) {
    late->isClaiming = false;
    auto record = get(id);
    wait(office->store.release({.id = kj::str(id),
        .epoch = record.epoch,
        .owner = kj::str(KJ_ASSERT_NONNULL(record.lease).owner)}));
    return kj::heap<Office>(loop, otherScene, newStore(), folder.file("other.sock"), durable);
  }

  // Whether it resolves or breaks within the time that a test has.
  bool comesToAnEnd(kj::Promise<void> promise) {
    auto ended = promise.catch_([](kj::Exception&&) {}).then([]() { return true; });
    auto over = loop.timer().afterDelay(5 * kj::SECONDS).then([]() { return false; });
    return wait(ended.exclusiveJoin(kj::mv(over)));
  }

  void pause(kj::Duration duration) { wait(loop.timer().afterDelay(duration)); }

  template <typename P>
  std::string failure(P&& promise) {
    return failureOf(loop.waitScope(), [&]() { return kj::mv(promise); });
  }
};

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
