// The requests for one record, on their way.

#include "pg-lane-testing.h"

namespace troth {
namespace {

using Step = PgLane::Step;
using Type = kj::Exception::Type;

class PgLaneTest: public testing::Test {
protected:
  ~PgLaneTest() noexcept override {}

  kj::EventLoop loop;
  kj::WaitScope waitScope{loop};
  PgLane lane{"a"};

  Answer ask(Request request, kj::TimePoint giveUp = START + PATIENCE) {
    auto paf = kj::newPromiseAndFulfiller<kj::Maybe<Record>>();
    lane.add({{kj::mv(request), kj::mv(paf.fulfiller)}, giveUp});
    return {kj::mv(paf.promise), waitScope};
  }

  // As after a write of this lane's own.
  void createRecord() {
    auto created = ask(creation("a"));
    lane.plan(NOW);
    lane.written();
    created.record();
  }
};

TEST_F(PgLaneTest, ACreationIsWrittenWithoutReadingFirst) {
  auto created = ask(creation("a"));
  EXPECT_EQ(Step::INSERT, lane.plan(NOW));
  EXPECT_TRUE(lane.isUnderWay());
  EXPECT_EQ(0u, lane.version());
  EXPECT_FALSE(created.isThere());
  lane.written();
  EXPECT_EQ(PromiseState::PENDING, created.record().state);
  EXPECT_FALSE(lane.isUnderWay());
  EXPECT_TRUE(lane.isEmpty());
}

TEST_F(PgLaneTest, WhatALaneHasWrittenIsReplacedWithoutReadingFirst) {
  createRecord();
  EXPECT_TRUE(lane.isWorthKeeping());
  auto settled = ask(settling("a"));
  EXPECT_EQ(Step::UPDATE, lane.plan(NOW));
  EXPECT_EQ(1u, lane.version());
  EXPECT_TRUE(lane.isSettling());
  lane.written();
  EXPECT_EQ(PromiseState::FULFILLED, settled.record().state);
  EXPECT_FALSE(lane.isWorthKeeping());
}

TEST_F(PgLaneTest, RequestsOfOneTurnAreOneWrite) {
  auto created = ask(creation("a"));
  auto settled = ask(settling("a", "first"));
  auto late = ask(settling("a", "second"));
  auto found = ask(finding("a"));
  EXPECT_EQ(Step::INSERT, lane.plan(NOW));
  EXPECT_TRUE(lane.draft().isSettled());
  lane.written();
  EXPECT_EQ(PromiseState::PENDING, created.record().state);
  EXPECT_EQ(bytesOf("first").asPtr(), settled.record().value.asPtr());
  EXPECT_EQ(bytesOf("first").asPtr(), late.record().value.asPtr());
  EXPECT_EQ(PromiseState::FULFILLED, found.record().state);
}

TEST_F(PgLaneTest, AnUnknownRecordIsReadBeforeItIsChanged) {
  auto settled = ask(settling("a"));
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  lane.found(pendingRecord(), 7, NOW);
  EXPECT_FALSE(lane.isUnderWay());
  EXPECT_FALSE(settled.isThere());
  EXPECT_EQ(Step::UPDATE, lane.plan(NOW));
  EXPECT_EQ(7u, lane.version());
  lane.written();
  EXPECT_EQ(PromiseState::FULFILLED, settled.record().state);
}

TEST_F(PgLaneTest, WhatIsOnlyBelievedIsNotToldToAnybody) {
  createRecord();
  auto found = ask(finding("a"));
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  lane.found(settledRecord(), 2, NOW);
  EXPECT_EQ(bytesOf("theirs").asPtr(), found.record().value.asPtr());
}

TEST_F(PgLaneTest, ACreationThatIsRefutedReadsAndIsToldWhatIsThere) {
  auto created = ask(creation("a"));
  EXPECT_EQ(Step::INSERT, lane.plan(NOW));
  lane.refuted();
  EXPECT_EQ(1u, lane.refutations);
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  lane.found(pendingRecord(), 1, NOW);
  EXPECT_EQ(PromiseState::PENDING, created.record().state);
  EXPECT_EQ(0u, lane.refutations);
}

TEST_F(PgLaneTest, ASettledPromiseThatIsCreatedAgainIsReadNotInsertedForEver) {
  auto created = ask(creation("a"));
  EXPECT_EQ(Step::INSERT, lane.plan(NOW));
  lane.refuted();
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  lane.found(settledRecord(), 2, NOW);
  EXPECT_EQ(PromiseState::FULFILLED, created.record().state);
}

TEST_F(PgLaneTest, APromiseThatIsGoneWhenItIsReadIsMadeAnew) {
  auto created = ask(creation("a"));
  lane.plan(NOW);
  lane.refuted();
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  lane.found(nullptr, 0, NOW);
  EXPECT_EQ(Step::INSERT, lane.plan(NOW));
  lane.written();
  EXPECT_EQ(PromiseState::PENDING, created.record().state);
}

TEST_F(PgLaneTest, AnUpdateThatIsRefutedIsCarriedOutOnWhatIsThere) {
  createRecord();
  auto settled = ask(settling("a", "ours"));
  EXPECT_EQ(Step::UPDATE, lane.plan(NOW));
  lane.refuted();
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  lane.found(settledRecord(), 2, NOW);
  EXPECT_EQ(bytesOf("theirs").asPtr(), settled.record().value.asPtr());
}

TEST_F(PgLaneTest, ARefusalIsToldOnlyOfWhatIsThere) {
  createRecord();
  auto refused = ask(creation(work("a")));
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  EXPECT_FALSE(refused.isThere());
  lane.found(pendingRecord(), 1, NOW);
  EXPECT_EQ(Type::FAILED, refused.failure().getType());
}

TEST_F(PgLaneTest, ARefusalAmongWritesFailsNoneOfTheOthers) {
  auto created = ask(creation("a"));
  auto refused = ask(creation(work("a")));
  auto settled = ask(settling("a"));
  EXPECT_EQ(Step::INSERT, lane.plan(NOW));
  lane.written();
  EXPECT_EQ(PromiseState::PENDING, created.record().state);
  EXPECT_EQ(Type::FAILED, refused.failure().getType());
  EXPECT_EQ(PromiseState::FULFILLED, settled.record().state);
}

TEST_F(PgLaneTest, WhatIsNotThereIsRefusedAfterReading) {
  auto settled = ask(settling("a"));
  auto found = ask(finding("a"));
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  lane.found(nullptr, 0, NOW);
  EXPECT_EQ(Type::FAILED, settled.failure().getType());
  EXPECT_TRUE(found.get() == nullptr);
}

TEST_F(PgLaneTest, RequestsThatComeWhileItIsUnderWayAreForLater) {
  auto created = ask(creation("a"));
  lane.plan(NOW);
  auto settled = ask(settling("a"));
  lane.written();
  EXPECT_TRUE(created.isThere());
  EXPECT_FALSE(settled.isThere());
  EXPECT_FALSE(lane.isEmpty());
  EXPECT_EQ(Step::UPDATE, lane.plan(NOW));
  lane.written();
  EXPECT_EQ(PromiseState::FULFILLED, settled.record().state);
}

TEST_F(PgLaneTest, ARequestThatComesDuringAReadIsNotAnsweredByIt) {
  auto first = ask(finding("a"));
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  auto second = ask(finding("a"));
  lane.found(nullptr, 0, NOW);
  EXPECT_TRUE(first.get() == nullptr);
  EXPECT_FALSE(second.isThere());
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  lane.found(pendingRecord(), 1, NOW);
  EXPECT_TRUE(second.get() != nullptr);
}

TEST_F(PgLaneTest, WhatALostConnectionHasCommittedIsReadBack) {
  auto created = ask(creation("a"));
  auto settled = ask(settling("a", "theirs"));
  EXPECT_EQ(Step::INSERT, lane.plan(NOW));
  lane.lost(PgCommit::IN_DOUBT);
  EXPECT_FALSE(lane.isUnderWay());
  EXPECT_FALSE(created.isThere());
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  lane.found(settledRecord(), 1, NOW);
  EXPECT_TRUE(created.isThere());
  EXPECT_EQ(bytesOf("theirs").asPtr(), settled.record().value.asPtr());
}

TEST_F(PgLaneTest, WhatALostConnectionHasNotCommittedIsWrittenAnew) {
  createRecord();
  auto settled = ask(settling("a"));
  EXPECT_EQ(Step::UPDATE, lane.plan(NOW));
  lane.lost(PgCommit::IN_DOUBT);
  EXPECT_EQ(Step::READ, lane.plan(NOW));
  lane.found(pendingRecord(), 1, NOW);
  EXPECT_EQ(Step::UPDATE, lane.plan(NOW));
  lane.written();
  EXPECT_EQ(PromiseState::FULFILLED, settled.record().state);
}

TEST_F(PgLaneTest, OnlyWhatWasUnderWayIsRejected) {
  auto created = ask(creation("a"));
  lane.plan(NOW);
  auto later = ask(finding("a"));
  lane.rejected(KJ_EXCEPTION(OVERLOADED, "the disk is full"));
  EXPECT_EQ(Type::OVERLOADED, created.failure().getType());
  EXPECT_FALSE(later.isThere());
  EXPECT_EQ(Step::READ, lane.plan(NOW));
}

TEST_F(PgLaneTest, ARejectedLaneBelievesNothing) {
  createRecord();
  auto settled = ask(settling("a"));
  lane.plan(NOW);
  lane.rejected(KJ_EXCEPTION(OVERLOADED, "the disk is full"));
  EXPECT_FALSE(lane.isWorthKeeping());
  settled.failure();
  auto again = ask(settling("a"));
  EXPECT_EQ(Step::READ, lane.plan(NOW));
}

TEST_F(PgLaneTest, WhoeverGivesUpIsToldWhetherTheRequestMayHaveBeenCarriedOut) {
  auto doubtful = ask(creation("a"));
  lane.plan(NOW);
  auto untried = ask(settling("a"));
  lane.lost(PgCommit::IN_DOUBT);
  auto patient = ask(finding("a"), START + 2 * PATIENCE);
  lane.giveUp(START + PATIENCE, "connection refused");
  EXPECT_EQ(Type::DISCONNECTED, doubtful.failure().getType());
  auto failure = untried.failure();
  EXPECT_EQ(Type::OVERLOADED, failure.getType());
  EXPECT_MENTIONS(failure.getDescription(), "connection refused");
  EXPECT_FALSE(patient.isThere());
  EXPECT_EQ(1u, lane.requestCount());
}

TEST_F(PgLaneTest, NobodyGivesUpBeforeTheTimeIsUp) {
  auto created = ask(creation("a"));
  lane.giveUp(START + PATIENCE - 1 * kj::NANOSECONDS, "");
  EXPECT_FALSE(created.isThere());
}

TEST_F(PgLaneTest, WorkThatAnybodyMayClaimIsKnown) {
  auto created = ask(creation(work("a")));
  lane.plan(NOW);
  EXPECT_TRUE(lane.isMakingDue());
  EXPECT_FALSE(lane.isSettling());
  lane.written();
  created.record();
  auto again = ask(creation(leased("a", "me")));
  EXPECT_EQ(Step::UPDATE, lane.plan(NOW));
  EXPECT_FALSE(lane.isMakingDue());
}

TEST_F(PgLaneTest, LargeParametersAreNotKept) {
  auto request = work("a");
  request.call.params = kj::heapArray<kj::byte>(1 << 20);
  auto created = ask(creation(kj::mv(request)));
  EXPECT_LT(size_t(1) << 20, lane.byteCount());
  lane.plan(NOW);
  lane.written();
  created.record();
  EXPECT_FALSE(lane.isWorthKeeping());
}

}  // namespace
}  // namespace troth
