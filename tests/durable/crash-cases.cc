// Each line of docs/reference/crashes.md: a process that dies, or stops, at one point of a durable
// call.

#include "crash-scene.h"

namespace troth {
namespace {

// ---- The process that runs the call dies ----

// What is recorded of a call that has been asked for once.
enum class Found { NOTHING, PENDING, FULFILLED };

class CalleeCrash: public CrashTest {
protected:
  ~CalleeCrash() noexcept override = default;

  // The server dies at `point` while it works on a call, and is started again. The caller's vat
  // asks again by itself.
  std::string outcomeAfterDeathAt(kj::StringPtr point, Ask what, Found found) {
    auto asker = dieAt(point, what, found);
    server = serve();
    return asker->readLine();
  }

  // The caller dies with the server: nobody asks again.
  std::string outcomeWithoutCallerAfterDeathAt(kj::StringPtr point, Ask what, Found found) {
    dieAt(point, what, found)->kill();
    server = serve();
    return settledOutcome();
  }

  // What was recorded when the server was dead, if the call was fulfilled.
  std::string recorded;

private:
  kj::Own<ChildProcess> server;

  kj::Own<ChildProcess> dieAt(kj::StringPtr point, Ask what, Found found) {
    server = serve(kj::str("TROTH_FAULT=", point));
    auto asker = ask(what);
    EXPECT_EQ(KILLED, server->wait());
    auto record = find();
    EXPECT_EQ(found != Found::NOTHING, record != nullptr);
    KJ_IF_MAYBE(r, record) {
      EXPECT_EQ(found == Found::FULFILLED, r->isSettled());
      if (r->isSettled()) recorded = outcomeOf(*r);
    }
    return asker;
  }
};

TEST_F(CalleeCrash, BeforeTheRecordTheCallIsUnknownUntilItIsAskedForAgain) {
  auto outcome = outcomeAfterDeathAt("before-record", {}, Found::NOTHING);
  expectWhole(outcome, {1, 1});
}

TEST_F(CalleeCrash, AfterTheRecordTheCallIsFinishedThoughNobodyAsks) {
  auto outcome =
      outcomeWithoutCallerAfterDeathAt("after-record", {.method = "careful"}, Found::PENDING);
  expectWhole(outcome, {1, 1});
  EXPECT_EQ(outcome, outcomeFor({.method = "careful"}));
}

TEST_F(CalleeCrash, AfterTheRecordOfACallThatRunsAheadNoEffectIsOut) {
  auto outcome = outcomeAfterDeathAt("after-record", {}, Found::PENDING);
  expectWhole(outcome, {1, 1});
}

TEST_F(CalleeCrash, InAStepItsEffectIsRepeatedAndThatOfTheStepBeforeIsNot) {
  auto outcome = outcomeAfterDeathAt("after-effect:2", {}, Found::PENDING);
  expectWhole(outcome, {1, 2});
}

TEST_F(CalleeCrash, InTheCodeTheCallIsFinishedThoughNobodyAsks) {
  auto outcome =
      outcomeWithoutCallerAfterDeathAt("after-effect:2", {.text = "sss"}, Found::PENDING);
  expectWhole(outcome, {1, 2, 1});
  EXPECT_EQ(outcome, outcomeFor({.text = "sss"}));
}

TEST_F(CalleeCrash, InTheCodeOfACallWithoutStepsNothingIsThere) {
  auto outcome = outcomeAfterDeathAt("in-code", {.text = ""}, Found::NOTHING);
  expectWhole(outcome, {});
}

TEST_F(CalleeCrash, AfterTheCodeItRunsAgainOnTheRecordedSteps) {
  auto outcome = outcomeAfterDeathAt("before-outcome", {.text = "sss"}, Found::PENDING);
  // What its last step did may have been recorded before it died, or not.
  auto last = effects()["w.3"].size();
  EXPECT_GE(2u, last);
  expectWhole(outcome, {1, 1, last});
}

TEST_F(CalleeCrash, AfterTheCodeOfACallWithoutStepsNothingIsThere) {
  auto outcome = outcomeAfterDeathAt("before-outcome", {.text = ""}, Found::NOTHING);
  expectWhole(outcome, {});
}

TEST_F(CalleeCrash, AfterTheCommitTheRecordedOutcomeIsTheAnswer) {
  auto outcome = outcomeAfterDeathAt("after-outcome", {}, Found::FULFILLED);
  EXPECT_EQ(recorded, outcome);
  EXPECT_EQ(1u, effects()["w.1"].size());
}

TEST_F(CalleeCrash, AfterTheCommitOfACallWithoutStepsItDoesNotRunAgain) {
  auto outcome = outcomeAfterDeathAt("after-outcome", {.text = ""}, Found::FULFILLED);
  EXPECT_EQ(recorded, outcome);
}

TEST_F(CalleeCrash, AfterTheAnswerWhoeverAsksAgainGetsTheSame) {
  auto first = serve();
  auto outcome = outcomeFor();
  first->kill();
  expectFulfilled(1);
  auto second = serve();
  EXPECT_EQ(outcome, outcomeFor());
  expectWhole(outcome, {1, 1});
}

TEST_F(CalleeCrash, WhoGoesOnMayDieAsWell) {
  auto first = serve("TROTH_FAULT=after-effect:2");
  auto asker = ask({.text = "sss"});
  EXPECT_EQ(KILLED, first->wait());
  for (auto fault:
      {"TROTH_FAULT=after-record", "TROTH_FAULT=after-effect:2", "TROTH_FAULT=before-outcome"}) {
    auto next = serve(fault);
    EXPECT_EQ(KILLED, next->wait());
  }
  auto last = serve();
  expectWhole(asker->readLine(), {1, 2, 2});
}

// ---- The caller dies ----

class CallerCrash: public CrashTest {
protected:
  ~CallerCrash() noexcept override = default;

  // The caller dies when its call has come to `point`. The server goes on, and so does one who asks
  // in its place.
  void expectOneRunAfterDeathAt(kj::StringPtr point, Ask what = {}) {
    auto server = serve(kj::str("TROTH_STOP=", point));
    auto asker = ask(what);
    ASSERT_TRUE(server->waitForStop());
    asker->kill();
    server->resume();
    auto outcome = outcomeFor(what);
    expectWhole(outcome, {1, 1});
    expectFulfilled(1);
  }

  // Nobody asks in its place.
  void expectSettledAfterDeathAt(kj::StringPtr point) {
    auto server = serve(kj::str("TROTH_STOP=", point));
    auto asker = ask();
    ASSERT_TRUE(server->waitForStop());
    asker->kill();
    server->resume();
    auto outcome = settledOutcome();
    expectWhole(outcome, {1, 1});
    EXPECT_EQ(outcome, outcomeFor());
  }
};

TEST_F(CallerCrash, BeforeTheRecord) { expectOneRunAfterDeathAt("before-record"); }
TEST_F(CallerCrash, AfterTheRecord) {
  expectOneRunAfterDeathAt("after-record", {.method = "careful"});
}
TEST_F(CallerCrash, InTheCode) { expectOneRunAfterDeathAt("after-effect"); }
TEST_F(CallerCrash, AfterTheCode) { expectOneRunAfterDeathAt("before-outcome"); }
TEST_F(CallerCrash, AfterTheCommit) { expectOneRunAfterDeathAt("after-outcome"); }
TEST_F(CallerCrash, InTheCodeAndNobodyAsksAgain) { expectSettledAfterDeathAt("after-effect:2"); }

TEST_F(CallerCrash, AfterTheAnswer) {
  auto server = serve();
  auto asker = ask();
  auto outcome = asker->readLine();
  asker->kill();
  EXPECT_EQ(outcome, outcomeFor());
  expectWhole(outcome, {1, 1});
}

TEST_F(CallerCrash, TogetherWithItsServer) {
  auto server = serve("TROTH_STOP=after-effect");
  auto asker = ask();
  ASSERT_TRUE(server->waitForStop());
  asker->kill();
  server->kill();
  server = serve();
  expectWhole(outcomeFor(), {2, 1});
}

// ---- Two vats believe that they own the call ----

class TwoVats: public CrashTest {
protected:
  ~TwoVats() noexcept override = default;

  // Of the one that stands still.
  static constexpr int LEASE_MS = 600;

  // One vat stands still at `point` until another one has finished its call. Then it goes on.
  std::string outcomeWhenOneStoodStillAt(kj::StringPtr point, Ask what = {}) {
    auto fault = kj::str("TROTH_STOP=", point);
    auto first = serve({.fault = fault, .lease_ms = LEASE_MS});
    auto asker = ask(what);
    EXPECT_TRUE(first->waitForStop());
    auto second = serve({.server = 2});
    auto outcome = settledOutcome();
    expectFulfilled(2);
    first->resume();
    EXPECT_EQ(outcome, asker->readLine());
    // The first has learned of it, and goes on with other work.
    EXPECT_EQ(outcome, outcomeFor(what));
    EXPECT_EQ(3u, wordsOf(outcomeFor({.id = "other"})).size());
    expectFulfilled(2);
    return outcome;
  }
};

TEST_F(TwoVats, TheOneThatStoodStillAfterTheRecordHasNoEffect) {
  expectWhole(outcomeWhenOneStoodStillAt("after-record", {.method = "careful"}), {1, 1});
}
TEST_F(TwoVats, TheOneThatStoodStillInAStepDoesNotRecordIt) {
  expectWhole(outcomeWhenOneStoodStillAt("after-effect:2"), {1, 2});
}
TEST_F(TwoVats, TheOneThatStoodStillAfterItsCodeDoesNotSettle) {
  auto outcome = outcomeWhenOneStoodStillAt("before-outcome");
  // What its last step did may have been recorded before it stood still, or not.
  auto last = effects()["w.2"].size();
  EXPECT_GE(2u, last);
  expectWhole(outcome, {1, last});
}

// Both have an outcome, and the first one to settle is the one whose lease is over.
TEST_F(TwoVats, TheOneThatStoodStillDoesNotSettleWhatTheOtherWorksOn) {
  auto first = serve({.fault = "TROTH_STOP=before-outcome", .lease_ms = LEASE_MS});
  auto asker = ask();
  ASSERT_TRUE(first->waitForStop());
  auto second = serve({.fault = "TROTH_STOP=before-outcome", .server = 2});
  ASSERT_TRUE(second->waitForStop());
  first->resume();
  // What it writes for other calls comes after that.
  EXPECT_EQ(3u, wordsOf(outcomeFor({.id = "other"})).size());
  EXPECT_FALSE(get().isSettled());
  second->resume();
  EXPECT_EQ(settledOutcome(), asker->readLine());
  expectFulfilled(2);
}

// A call that is not recorded is nobody's: the one who asks another vat gets the first record.
TEST_F(TwoVats, TheOneThatStoodStillBeforeTheRecordGetsThatOfTheOther) {
  auto first = serve({.fault = "TROTH_STOP=before-record", .lease_ms = LEASE_MS});
  auto asker = ask();
  ASSERT_TRUE(first->waitForStop());
  auto second = serve({.server = 2});
  auto outcome = outcomeFor({.server = 2});
  first->resume();
  EXPECT_EQ(outcome, asker->readLine());
  expectWhole(outcome, {1, 1});
}

}  // namespace
}  // namespace troth
