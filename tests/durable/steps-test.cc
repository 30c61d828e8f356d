// What a method does by its durable call, and what it does not do again.

#include <troth/algebra.h>
#include <troth/sql.h>

#include "desks.h"
#include "recorded-message.h"

namespace troth {
namespace {

using WorkCall = Server<Desk>::Work;

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

class DurableStep: public DurableTest {
public:
  ~DurableStep() noexcept override = default;

  // What happened, in its order.
  std::vector<std::string> log;

  // Fulfilled to let a method go on that a test holds up.
  kj::PromiseFulfillerPair<void> gatePair = kj::newPromiseAndFulfiller<void>();
  kj::ForkedPromise<void> gate = gatePair.promise.fork();

  kj::Own<kj::PromiseFulfiller<void>>& openGate() { return gatePair.fulfiller; }

  std::string outcome(kj::StringPtr id) { return wait(desk().work("x").durable(id).text()).cStr(); }
  std::string failure(kj::StringPtr id) {
    return failureOf(loop.waitScope(), [&]() { return desk().work("x").durable(id).text(); });
  }

  // Of a call that has made a step, and after a crash does something else.
  std::string failureOfReplay(std::function<kj::Promise<void>(WorkCall&)> otherwise) {
    scene.work = [this, otherwise](WorkCall call) -> kj::Promise<void> {
      if (++scene.runs > 1) co_return co_await otherwise(call);
      co_await call.step("charge", []() { return 1; });
      co_await kj::Promise<void>(kj::NEVER_DONE);
    };
    start("w");
    waitUntil([&]() { return find("w.1") != nullptr; });
    restart();
    return failure("w");
  }
};

TEST_F(DurableStep, GivesWhatItsFunctionGives) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto number = co_await call.step("number", []() { return 7; });
    auto text = co_await call.step("text", []() { return kj::str("seven"); });
    auto bytes = co_await call.step("bytes", []() { return kj::heapArray<kj::byte>({1, 2}); });
    auto late = co_await call.step("late", []() -> kj::Promise<double> { return 0.5; });
    co_await call.step("nothing", []() {});
    call.fulfill(kj::str(number, text, bytes.size(), late));
  };
  EXPECT_EQ("7seven20.5", outcome("w"));
  auto child = get("w.2");
  EXPECT_EQ("w", KJ_ASSERT_NONNULL(child.parent));
  EXPECT_EQ(PromiseState::FULFILLED, child.state);
}

TEST_F(DurableStep, IsNotDoneAgainAfterACrash) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++scene.runs;
    auto first = co_await call.step("first", [&]() {
      log.push_back("first");
      return 1;
    });
    if (scene.runs == 1) {
      co_await call.step("never", []() -> kj::Promise<void> { return kj::NEVER_DONE; });
    }
    auto second = co_await call.step("never", [&]() {
      log.push_back("second");
      return 2;
    });
    call.fulfill(kj::str(first + second, " in run ", call.tries()));
  };
  start("w");
  waitUntil([&]() { return find("w.1") != nullptr; });
  restart();
  EXPECT_EQ("3 in run 2", outcome("w"));
  EXPECT_EQ((std::vector<std::string>{"first", "second"}), log);
}

TEST_F(DurableStep, GivesWhatAnEarlierStartHasRecordedMeanwhile) {
  durable.lease = 50 * kj::MILLISECONDS;
  restart();
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    if (++scene.runs == 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    auto value = co_await call.step("act", [&]() -> kj::Promise<kj::String> {
      // The database carries out what a vat has sent before it died.
      CreateRequest late{.id = kj::str("w.1"), .parent = kj::str("w")};
      late.call.params = recordStep("step act");
      StoredMessageBuilder theirs;
      theirs.content().setAs<capnp::Text>("theirs");
      late.settlement = Settlement{PromiseState::FULFILLED, theirs.finish()};
      co_await office->store.create(kj::mv(late));
      co_return kj::str("mine");
    });
    call.fulfill(value);
  };
  start("w");
  restart();
  EXPECT_EQ("theirs", outcome("w"));
}

TEST_F(DurableStep, ItsFailureIsRecordedAndGivenAgain) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    if (++scene.runs == 1) {
      auto failed = call.step("fails", [&]() -> kj::Promise<int> {
        log.push_back("tried");
        return KJ_EXCEPTION(FAILED, "card declined");
      });
      co_await failed.ignoreResult().catch_([](kj::Exception&&) {});
      co_await kj::Promise<void>(kj::NEVER_DONE);
    }
    co_await call.step("fails", [&]() {
      log.push_back("tried");
      return 1;
    });
  };
  start("w");
  waitUntil([&]() { return find("w.1") != nullptr; });
  restart();
  EXPECT_TRUE(contains(failure("w"), "card declined"));
  EXPECT_EQ(1u, log.size());
}

TEST_F(DurableStep, StartsOnlyWhenTheCallIsRecorded) {
  bool wasRecorded = false;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    co_await call.step("looks", [&]() -> kj::Promise<void> {
      return office->store.find("w").then([&](auto&& found) { wasRecorded = found != nullptr; });
    });
    call.fulfill("");
  };
  outcome("w");
  EXPECT_TRUE(wasRecorded);
}

TEST_F(DurableStep, CostsOneCommitAndTheLastOneIsThatOfTheCall) {
  auto steps = [&](int count) {
    scene.work = [count](WorkCall call) -> kj::Promise<void> {
      for (int i = 0; i < count; ++i) co_await call.step("s", []() { return 1; });
      call.fulfill("");
    };
    return transactions([&](int time) { outcome(kj::str("w-", count, "-", time)); });
  };
  steps(1);
  // One that looks, one that records the call, and one for each step.
  EXPECT_LE(steps(3), 5u);
}

TEST_F(DurableStep, ThatIsAnotherOneInTheNextRunIsNondeterministic) {
  auto text = failureOfReplay([](WorkCall& call) -> kj::Promise<void> {
    co_await call.step("refund", []() { return 1; });
  });
  EXPECT_TRUE(contains(text, "nondeterministic replay")) << text;
  EXPECT_TRUE(contains(text, "step charge")) << text;
  EXPECT_TRUE(contains(text, "step refund")) << text;
}

TEST_F(DurableStep, ThatIsACallInTheNextRunIsNondeterministic) {
  auto text = failureOfReplay([this](WorkCall& call) -> kj::Promise<void> {
    co_await office->vat->restore<Desk>(deskAt(socket)).number(1).durable(call).n();
  });
  EXPECT_TRUE(contains(text, "nondeterministic replay")) << text;
  EXPECT_TRUE(contains(text, "step charge")) << text;
}

TEST_F(DurableStep, InACallThatIsNotDurableFails) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    co_await call.step("s", []() { return 1; });
  };
  auto text = failureOf(loop.waitScope(), [&]() { return desk().work("x").text(); });
  EXPECT_TRUE(contains(text, "not durable")) << text;
}

// ---- Transactions ----

TEST_F(DurableStep, ATransactionIsDoneOnceTogetherWithItsRecord) {
  wait(office->store.execute("CREATE TABLE IF NOT EXISTS effects (what TEXT)"));
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++scene.runs;
    auto count = co_await call.transaction("effect", [](Sql& sql) -> kj::Promise<int64_t> {
      co_await sql.run("INSERT INTO effects VALUES ($1)", "done");
      auto rows = co_await sql.run("SELECT count(*) FROM effects");
      co_return rows.asInt64(0, 0);
    });
    if (scene.runs == 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    call.fulfill(kj::str(count));
  };
  start("w");
  waitUntil([&]() { return find("w.1") != nullptr; });
  restart();
  EXPECT_EQ("1", outcome("w"));
  EXPECT_EQ(2, scene.runs);
}

TEST_F(DurableStep, ATransactionThatThrowsLeavesNothingButItsFailure) {
  wait(office->store.execute("CREATE TABLE IF NOT EXISTS effects (what TEXT)"));
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    co_await call.transaction([](Sql& sql) -> kj::Promise<void> {
      co_await sql.run("INSERT INTO effects VALUES ($1)", "done");
      KJ_FAIL_REQUIRE("no such account");
    });
  };
  EXPECT_TRUE(contains(failure("w"), "no such account"));
  EXPECT_EQ(PromiseState::REJECTED, get("w.1").state);
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto count = co_await call.transaction([](Sql& sql) -> kj::Promise<int64_t> {
      co_return (co_await sql.run("SELECT count(*) FROM effects")).asInt64(0, 0);
    });
    call.fulfill(kj::str(count));
  };
  EXPECT_EQ("0", outcome("count"));
}

// ---- Failures that a method looks at ----

// Undoes what it has done if it cannot charge, as the guide tells to.
kj::Promise<void> chargeOrUndo(WorkCall call, kj::Promise<int> charge) {
  auto charged = co_await troth::settle(kj::mv(charge));
  if (!charged.isKept()) co_await call.step("undo", []() {});
  charged.get();
  co_await call.step("ship", []() {});
  call.fulfill("shipped");
}

TEST_F(DurableStep, AMethodDoesNotUndoWhatWillBeTriedAgain) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    return chargeOrUndo(call, call.step("charge", [&]() -> kj::Promise<int> {
      if (++scene.runs == 1) return KJ_EXCEPTION(OVERLOADED, "not now");
      return 1;
    }));
  };
  EXPECT_EQ("shipped", outcome("w"));
}

TEST_F(DurableStep, AStepThatIsOverloadedAgainAndAgainRejectsTheCall) {
  durable.triesMax = 3;
  restart();
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    return chargeOrUndo(call, call.step("charge", [&]() -> kj::Promise<int> {
      ++scene.runs;
      return KJ_EXCEPTION(OVERLOADED, "not now");
    }));
  };
  EXPECT_TRUE(contains(failure("w"), "not now"));
  EXPECT_EQ(3, scene.runs);
}

TEST_F(DurableStep, ATransactionThatFailedFailsInTheNextRunToo) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++scene.runs;
    auto moved = co_await troth::settle(call.transaction([&](Sql&) -> kj::Promise<int> {
      KJ_REQUIRE(scene.runs > 1, "the account does not hold that much");
      co_return 1;
    }));
    if (!moved.isKept()) co_await call.step("tell", []() {});
    if (scene.runs == 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    if (moved.isKept()) co_await call.step("ship", []() {});
    moved.get();
    call.fulfill("shipped");
  };
  start("w");
  waitUntil([&]() { return find("w.2") != nullptr; });
  restart();
  EXPECT_TRUE(contains(failure("w"), "does not hold that much")) << failure("w");
}

// ---- Sleep and promises ----

TEST_F(DurableStep, ASleepGoesOnAfterACrash) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++scene.runs;
    co_await call.sleep(50 * kj::MILLISECONDS);
    call.fulfill("awake");
  };
  start("w");
  waitUntil([&]() { return find("w.1") != nullptr; });
  auto record = get("w.1");
  restart();
  EXPECT_EQ("awake", outcome("w"));
  EXPECT_TRUE(office->store.now() >= KJ_ASSERT_NONNULL(record.deadline));
}

TEST_F(DurableStep, APromiseIsSettledFromOutsideAlsoWhileNoVatRuns) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto answer = co_await call.promise<capnp::Text>("approval");
    call.fulfill(kj::str("the answer is ", answer));
  };
  start("w");
  waitUntil([&]() { return find("w.approval") != nullptr; });
  kill();
  auto store = newStore();
  StoredMessageBuilder message;
  message.content().setAs<capnp::Text>("yes");
  wait(store->settle({.id = kj::str("w.approval"), .value = message.finish()}));
  store = nullptr;
  open();
  EXPECT_EQ("the answer is yes", outcome("w"));
}

TEST_F(DurableStep, APromiseThatIsRejectedBreaks) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    co_await call.promise<capnp::Text>("approval");
  };
  start("w");
  waitUntil([&]() { return find("w.approval") != nullptr; });
  wait(office->store.settle({.id = kj::str("w.approval"),
      .state = PromiseState::REJECTED,
      .error = PromiseError{kj::Exception::Type::FAILED, kj::str("too expensive")}}));
  EXPECT_TRUE(contains(failure("w"), "too expensive"));
}

// ---- Children ----

TEST_F(DurableStep, ADurableCallOfAMethodGetsTheNextIdAndItsCallAsParent) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto near = Ref<Desk>(office->vat->getObjectHost().restore("troth:/desk"));
    auto n = co_await near.number(1).durable(call).n();
    call.fulfill(kj::str(n));
  };
  EXPECT_EQ("2", outcome("w"));
  auto child = get("w.1");
  EXPECT_EQ("w", KJ_ASSERT_NONNULL(child.parent));
  EXPECT_EQ("desk", child.call.target);
}

TEST_F(DurableStep, ACallToAnotherVatIsMadeOnce) {
  TemporaryFolder elsewhere;
  Scene farScene;
  auto farSocket = elsewhere.file("desk.sock");
  Office far(loop, farScene, newSqliteStore(elsewhere.file("promises.db")), farSocket, durable);
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++scene.runs;
    auto farDesk = office->vat->restore<Desk>(deskAt(farSocket));
    auto n = co_await farDesk.number(1).durable(call).n();
    if (scene.runs == 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    call.fulfill(kj::str(n));
  };
  start("w");
  waitUntil([&]() { return wait(far.store.find("w.1")) != nullptr; });
  restart();
  EXPECT_EQ("2", outcome("w"));
  EXPECT_EQ(1, farScene.runs);
}

TEST_F(DurableStep, ACallDoesNotSettleBeforeItsChildren) {
  scene.number = [&](Server<Desk>::Number call) -> kj::Promise<void> {
    return gate.addBranch().then([call]() mutable { call.fulfill(1); });
  };
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto near = Ref<Desk>(office->vat->getObjectHost().restore("troth:/desk"));
    auto dropped = near.number(1).durable(call);
    call.fulfill("done");
    co_return;
  };
  auto answer = desk().work("x").durable("w").text();
  waitUntil([&]() { return find("w.1") != nullptr; });
  EXPECT_EQ(PromiseState::PENDING, get("w").state);
  openGate()->fulfill();
  EXPECT_EQ("done", wait(kj::mv(answer)));
  EXPECT_TRUE(get("w.1").isSettled());
}

TEST_F(DurableStep, AVatMayGoWhileACallThatIsNotRecordedYetHasAChild) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto near = Ref<Desk>(office->vat->getObjectHost().restore("troth:/desk"));
    auto n = near.number(1).durable(call).n();
    ++scene.runs;
    co_await n;
  };
  auto answer = desk().work("x").durable("w").text();
  while (scene.runs == 0) loop.waitScope().poll(1);
  kill();
  scene.work = [](WorkCall call) { return call.fulfill("done"); };
  open();
  EXPECT_EQ("done", wait(kj::mv(answer)));
}

// ---- Cancelling and deadlines ----

TEST_F(DurableStep, CancellingStopsTheCodeAndReachesTheChildren) {
  bool isStopped = false;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto stopped = kj::defer([&]() { isStopped = true; });
    co_await call.promise<capnp::Text>("approval");
  };
  auto answer = desk().work("x").durable("w").text();
  waitUntil([&]() { return find("w.approval") != nullptr; });
  wait(office->vat->cancel("w", "changed my mind"));
  auto text = failureOf(loop.waitScope(), [&]() { return kj::mv(answer); });
  EXPECT_TRUE(contains(text, "changed my mind")) << text;
  waitUntil([&]() { return isStopped && get("w.approval").isSettled(); });
  EXPECT_EQ(PromiseState::CANCELED, get("w.approval").state);
}

// A call "w" that calls a desk in a vat with a store of its own, and what becomes of that.
class DistantChild: public DurableStep {
public:
  DistantChild() {
    openFar();
    farScene.number = [this](Server<Desk>::Number) -> kj::Promise<void> {
      ++farScene.runs;
      return kj::NEVER_DONE;
    };
    scene.work = [this](WorkCall call) -> kj::Promise<void> {
      auto farDesk = office->vat->restore<Desk>(deskAt(farSocket));
      auto n = co_await farDesk.number(1).durable(call).n();
      call.fulfill(kj::str(n));
    };
  }
  ~DistantChild() noexcept override {
    office = std::nullopt;
    far = std::nullopt;
  }

  void openFar() {
    far.emplace(loop, farScene, newSqliteStore(elsewhere.file("promises.db")), farSocket, durable);
  }
  void killFar() {
    far = std::nullopt;
    unlink(farSocket.cStr());
    settle();
  }

  void cancelParent() { wait(office->vat->cancel("w", "changed my mind")); }

  kj::Maybe<Record> child() { return wait(far->store.find("w.1")); }
  bool isChildCanceled() {
    KJ_IF_MAYBE(record, child()) return record->state == PromiseState::CANCELED;
    return false;
  }

  TemporaryFolder elsewhere;
  kj::String farSocket = elsewhere.file("desk.sock");
  Scene farScene;
  std::optional<Office> far;
};

TEST_F(DistantChild, IsCanceledWithItsParent) {
  start("w");
  waitUntil([&]() { return child() != nullptr; });
  cancelParent();
  waitUntil([&]() { return isChildCanceled(); });
}

TEST_F(DistantChild, IsCanceledOnceItsVatIsThereAgain) {
  start("w");
  waitUntil([&]() { return child() != nullptr; });
  killFar();
  cancelParent();
  openFar();
  waitUntil([&]() { return isChildCanceled(); });
}

TEST_F(DistantChild, IsCanceledWithItsPartsWhileNobodyWorksOnIt) {
  durable.lease = 50 * kj::MILLISECONDS;
  killFar();
  openFar();
  farScene.number = [](Server<Desk>::Number call) -> kj::Promise<void> {
    co_await call.promise<capnp::Text>("approval");
  };
  auto approval = [&]() { return wait(far->store.find("w.1.approval")); };
  start("w");
  waitUntil([&]() { return approval() != nullptr; });
  killFar();
  durable.recoveringMax = 0;
  openFar();
  waitUntil([&]() {
    return KJ_ASSERT_NONNULL(child()).due.orDefault(far->store.now()) <= far->store.now();
  });
  cancelParent();
  waitUntil([&]() { return KJ_ASSERT_NONNULL(approval()).state == PromiseState::CANCELED; });
}

TEST_F(DistantChild, NeverRunsIfItsVatHearsOfItOnlyThen) {
  killFar();
  start("w");
  cancelParent();
  openFar();
  waitUntil([&]() { return isChildCanceled(); });
  EXPECT_EQ(0, farScene.runs);
}

TEST_F(DistantChild, TimesOutWithItsParent) {
  auto text = failureOf(loop.waitScope(),
      [&]() { return desk().work("x").durable("w").within(100 * kj::MILLISECONDS).text(); });
  EXPECT_TRUE(contains(text, "deadline")) << text;
  waitUntil([&]() {
    KJ_IF_MAYBE(record, child()) return record->state == PromiseState::TIMEDOUT;
    return false;
  });
}

TEST_F(DurableStep, ACancelFromOutsideIsSeenByTheVatThatWorksOnIt) {
  bool isStopped = false;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto stopped = kj::defer([&]() { isStopped = true; });
    co_await call.sleep(1 * kj::HOURS);
  };
  start("w");
  auto store = newStore();
  wait(store->settle({.id = kj::str("w"),
      .state = PromiseState::CANCELED,
      .error = PromiseError{kj::Exception::Type::FAILED, kj::str("no more")}}));
  waitUntil([&]() { return isStopped; });
}

TEST_F(DurableStep, ADeadlineBoundsTheCallAndItsChildren) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> { co_await call.promise<capnp::Text>("a"); };
  auto text = failureOf(loop.waitScope(),
      [&]() { return desk().work("x").durable("w").within(30 * kj::MILLISECONDS).text(); });
  EXPECT_TRUE(contains(text, "deadline")) << text;
  waitUntil([&]() { return get("w").isSettled(); });
  EXPECT_EQ(PromiseState::TIMEDOUT, get("w").state);
  EXPECT_EQ(PromiseState::TIMEDOUT, get("w.a").state);
}

// ---- Tries and versions ----

TEST_F(DurableStep, ACallThatFailsAgainAndAgainIsRejectedAfterSomeTries) {
  durable.triesMax = 3;
  restart();
  scene.work = [&](WorkCall) -> kj::Promise<void> {
    ++scene.runs;
    return KJ_EXCEPTION(DISCONNECTED, "the printer is gone");
  };
  EXPECT_TRUE(contains(failure("w"), "the printer is gone"));
  EXPECT_EQ(3, scene.runs);
}

TEST_F(DurableStep, ACallThatItsVatDiesOfIsRejectedAfterSomeTries) {
  durable.triesMax = 2;
  durable.lease = 30 * kj::MILLISECONDS;
  restart();
  scene.work = [&](WorkCall) -> kj::Promise<void> {
    ++scene.runs;
    return kj::NEVER_DONE;
  };
  start("w");
  for (int i = 0; i < 2; ++i) {
    restart();
    waitUntil([&]() { return get("w").epoch == uint64_t(i) + 2; });
  }
  EXPECT_TRUE(contains(failure("w"), "triesMax"));
}

TEST_F(DurableStep, TheVersionIsThatOfTheVatThatRecordedTheCall) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    if (++scene.runs == 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    call.fulfill(kj::str(call.version()));
  };
  durable.version = 3;
  restart();
  start("w");
  durable.version = 4;
  restart();
  EXPECT_EQ("3", outcome("w"));
  EXPECT_EQ("4", outcome("new"));
}

// ---- Several vats ----

TEST_F(DurableStep, AnotherVatGoesOnWhenTheFirstIsGone) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    if (++scene.runs == 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    call.fulfill("by the other");
  };
  start("w");
  Office second(loop, scene, newStore(), folder.file("second.sock"), durable);
  kill();
  auto record = wait(second.store.whenSettled("w"));
  EXPECT_EQ(PromiseState::FULFILLED, record.state);
  EXPECT_EQ(2u, record.epoch);
}

TEST_F(DurableStep, AVatThatStopsGivesItsCallsBackAtOnce) {
  durable.lease = 1 * kj::HOURS;
  restart();
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    if (++scene.runs == 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    call.fulfill("by the other");
  };
  start("w");
  Office second(loop, scene, newStore(), folder.file("second.sock"), durable);
  wait(office->vat->shutdown(0 * kj::SECONDS));
  EXPECT_EQ(PromiseState::FULFILLED, wait(second.store.whenSettled("w")).state);
}

}  // namespace
}  // namespace troth
