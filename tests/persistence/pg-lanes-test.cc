// The requests for many records, in groups, and what a group asks the database for.

#include "pg-lane-testing.h"
#include "pg-round.h"
#include "pg-statements.h"

namespace troth {
namespace {

using Step = PgLane::Step;
using Type = kj::Exception::Type;

class PgLanesTest: public testing::Test {
protected:
  ~PgLanesTest() noexcept override {}

  kj::EventLoop loop;
  kj::WaitScope waitScope{loop};
  PgLanes lanes;

  Answer ask(Request request, kj::TimePoint giveUp = START + PATIENCE) {
    auto paf = kj::newPromiseAndFulfiller<kj::Maybe<Record>>();
    lanes.add(kj::mv(request), kj::mv(paf.fulfiller), giveUp);
    return {kj::mv(paf.promise), waitScope};
  }

  kj::Vector<PgLane*> take(size_t requestsMax = GROUP_REQUESTS_MAX) {
    return lanes.take(requestsMax, GROUP_BYTES_MAX);
  }
  PgLane& takeOne() {
    auto group = take();
    KJ_ASSERT(group.size() == 1);
    return *group[0];
  }

  // Creates a record as a database would that has none of its id.
  void create(CreateRequest request) {
    ask(creation(kj::mv(request)));
    auto& lane = takeOne();
    lane.plan(NOW);
    lane.written();
    lanes.putBack(lane);
  }

  // What a settlement of `id` would ask the database.
  Step stepToSettle(kj::StringPtr id) {
    ask(settling(id));
    auto& lane = takeOne();
    auto step = lane.plan(NOW);
    lane.rejected(KJ_EXCEPTION(OVERLOADED, "never mind"));
    lanes.putBack(lane);
    return step;
  }

  // What a round asks the database for that is made of all that is ready: "insert, update".
  std::string statements() {
    PgRound round(take(), lanes, NOW);
    auto names = KJ_MAP(execution, round.executions()) { return execution.statement.name; };
    PgFailure failure{KJ_EXCEPTION(OVERLOADED, "never mind"), nullptr, PgCommit::NONE};
    round.failed(failure, lanes);
    return kj::strArray(names, ", ").cStr();
  }

  // Whether a record would be made with care.
  bool needsCare(CreateRequest request) {
    ask(creation(kj::mv(request)));
    auto names = statements();
    EXPECT_TRUE(names == "troth_insert" || names == "troth_insert_carefully") << names;
    return names == "troth_insert_carefully";
  }

  void create(kj::StringPtr id) { create(outside(id)); }

  // A call that "me" works on, and its first step.
  void createCall() { create(leased("a", "me")); }
  static CreateRequest step() {
    auto request = child("a.1", "a");
    request.settlement = Settlement{.value = bytesOf("done")};
    return request;
  }
  Request adoptedStep() {
    auto adopted = checked(step());
    adopted.root = kj::str("a");
    return adopted;
  }
};

std::string laneIdsOf(kj::ArrayPtr<PgLane* const> group) {
  return kj::strArray(
      KJ_MAP(lane, group) { return kj::str(lane->id); }, ",")
      .cStr();
}

TEST_F(PgLanesTest, AGroupIsInTheOrderOfIds) {
  for (auto id: {"c", "a", "b", "a"}) ask(creation(id));
  auto group = take();
  EXPECT_EQ("a,b,c", laneIdsOf(group));
  EXPECT_EQ(2u, group[0]->requestCount());
  EXPECT_FALSE(lanes.isReady());
}

TEST_F(PgLanesTest, AGroupHasNoMoreRequestsThanItMay) {
  for (auto id: {"a", "b", "c"}) ask(creation(id));
  EXPECT_EQ("a,b", laneIdsOf(take(2)));
  EXPECT_EQ("c", laneIdsOf(take(2)));
}

TEST_F(PgLanesTest, AGroupHasNoMoreBytesThanItMay) {
  for (auto id: {"a", "b", "c"}) {
    auto request = work(id);
    request.call.params = kj::heapArray<kj::byte>(GROUP_BYTES_MAX / 2 - 1000);
    ask(creation(kj::mv(request)));
  }
  EXPECT_EQ("a,b", laneIdsOf(take()));
  EXPECT_EQ("c", laneIdsOf(take()));
}

TEST_F(PgLanesTest, ALaneThatIsTooLargeForAGroupIsAGroup) {
  for (int i = 0; i < 3; ++i) ask(finding("a"));
  ask(finding("b"));
  EXPECT_EQ("a", laneIdsOf(take(2)));
  EXPECT_EQ("b", laneIdsOf(take(2)));
}

TEST_F(PgLanesTest, ALaneIsInOneGroupAtATime) {
  ask(creation("a"));
  auto& lane = takeOne();
  lane.plan(NOW);
  ask(settling("a"));
  EXPECT_FALSE(lanes.isReady());
  lane.written();
  lanes.putBack(lane);
  EXPECT_TRUE(lanes.isReady());
  EXPECT_EQ("a", laneIdsOf(take()));
}

TEST_F(PgLanesTest, WhatIsBelievedIsForgottenAfterASettlement) {
  create("a");
  EXPECT_EQ(Step::UPDATE, stepToSettle("a"));
  EXPECT_EQ(Step::READ, stepToSettle("a"));
}

TEST_F(PgLanesTest, WhatWasWrittenElsewhereIsBelieved) {
  lanes.believe(pendingRecord(), 3);
  ask(settling("a"));
  auto& lane = takeOne();
  EXPECT_EQ(Step::UPDATE, lane.plan(NOW));
  EXPECT_EQ(3u, lane.version());
}

TEST_F(PgLanesTest, ALaneWithRequestsIsNotToldWhatToBelieve) {
  ask(creation("a"));
  auto& lane = takeOne();
  lane.plan(NOW);
  lanes.believe(pendingRecord(), 3);
  EXPECT_EQ(0u, lane.version());
}

TEST_F(PgLanesTest, TheLaneThatIsIdleForLongestIsForgotten) {
  create("a");
  create("b");
  auto record = pendingRecord();
  for (size_t i = 0; i < PgLanes::IDLE_LANES_MAX - 1; ++i) {
    record.id = kj::str(i);
    lanes.believe(record, 1);
  }
  EXPECT_EQ(Step::READ, stepToSettle("a"));
  EXPECT_EQ(Step::UPDATE, stepToSettle("b"));
}

TEST_F(PgLanesTest, ARequestThatIsAlwaysOvertakenIsRefused) {
  auto settled = ask(settling("a"));
  for (uint32_t i = 0; i <= PgLanes::REFUTATIONS_MAX; ++i) {
    ASSERT_FALSE(settled.isThere()) << i;
    auto& reading = takeOne();
    EXPECT_EQ(Step::READ, reading.plan(NOW));
    reading.found(pendingRecord(), i + 1, NOW);
    lanes.putBack(reading);
    auto& writing = takeOne();
    EXPECT_EQ(Step::UPDATE, writing.plan(NOW));
    writing.refuted();
    lanes.putBack(writing);
  }
  EXPECT_EQ(Type::OVERLOADED, settled.failure().getType());
  EXPECT_FALSE(lanes.isReady());
}

TEST_F(PgLanesTest, ARequestThatNoConnectionTakesWaitsUntilItsTimeIsUp) {
  auto created = ask(creation("a"));
  for (uint32_t i = 0; i <= PgLanes::REFUTATIONS_MAX; ++i) {
    PgRound round(take(), lanes, NOW);
    round.failed(
        {KJ_EXCEPTION(DISCONNECTED, "connection refused"), nullptr, PgCommit::NONE}, lanes);
    ASSERT_FALSE(created.isThere()) << i;
  }
  lanes.giveUp(START + PATIENCE, "connection refused");
  EXPECT_EQ(Type::OVERLOADED, created.failure().getType());
}

TEST_F(PgLanesTest, ThoseWhoseTimeIsUpGiveUp) {
  auto impatient = ask(creation("a"));
  auto patient = ask(creation("b"), START + 2 * PATIENCE);
  lanes.giveUp(START + PATIENCE, "connection refused");
  EXPECT_EQ(Type::OVERLOADED, impatient.failure().getType());
  EXPECT_FALSE(patient.isThere());
  EXPECT_EQ("b", laneIdsOf(take()));
}

TEST_F(PgLanesTest, WhoeverIsUnderWayDoesNotGiveUp) {
  auto created = ask(creation("a"));
  auto& lane = takeOne();
  lane.plan(NOW);
  lanes.giveUp(START + PATIENCE, "connection refused");
  EXPECT_FALSE(created.isThere());
  lane.written();
  lanes.putBack(lane);
  EXPECT_TRUE(created.isThere());
}

TEST_F(PgLanesTest, AllThatAreReadyAreRejectedAtOnce) {
  auto first = ask(creation("a"));
  auto second = ask(creation("b"));
  lanes.rejectReady(KJ_EXCEPTION(FAILED, "wrong password"));
  EXPECT_EQ(Type::FAILED, first.failure().getType());
  EXPECT_EQ(Type::FAILED, second.failure().getType());
  EXPECT_FALSE(lanes.isReady());
}

// ---- What a row may keep already ----

TEST_F(PgLanesTest, AStepOfACallThatIsKnownToBePendingNeedsNoCare) {
  createCall();
  EXPECT_FALSE(needsCare(step()));
  EXPECT_FALSE(needsCare(child("a.1.x", "a")));
}

TEST_F(PgLanesTest, ANumberedIdNeedsCareIfItsCallIsNotKnownToBePending) {
  EXPECT_TRUE(needsCare(step()));
  EXPECT_TRUE(needsCare(outside("a.1")));
  EXPECT_FALSE(needsCare(outside("a")));
  EXPECT_FALSE(needsCare(outside("a.")));
  EXPECT_FALSE(needsCare(outside("a.01")));
}

TEST_F(PgLanesTest, ANumberedIdNeedsCareIfItIsNoStepOfThatCall) {
  createCall();
  create("b");
  EXPECT_TRUE(needsCare(outside("a.1")));
  EXPECT_TRUE(needsCare(child("a.1", "a")));
  EXPECT_TRUE(needsCare(child("a.1", "b")));
}

TEST_F(PgLanesTest, AStepOfACallThatIsBeingMadeNeedsCare) {
  ask(creation("a"));
  auto& call = takeOne();
  call.plan(NOW);
  EXPECT_TRUE(needsCare(step()));
  call.written();
  lanes.putBack(call);
  EXPECT_FALSE(needsCare(step()));
}

TEST_F(PgLanesTest, AStepGoesAlongWithTheOutcomeOfItsCall) {
  createCall();
  ask(adoptedStep());
  ask(settling("a"));
  EXPECT_EQ("troth_update", statements());
}

// It may be on its way with a connection that was lost: as a row, which an INSERT meets, or in that
// of its call, for which an UPDATE waits.
TEST_F(PgLanesTest, AStepThatWasLookedForFollowsTheOutcomeOfItsCall) {
  createCall();
  ask(adoptedStep());
  ask(settling("a"));
  auto pending = recordAfter({[]() { return creation(leased("a", "me")); }});
  auto group = take();
  for (auto lane: group) {
    lane->plan(NOW);
    lane->lost(PgCommit::IN_DOUBT);
    EXPECT_EQ(Step::READ, lane->plan(NOW));
  }
  group[0]->found(kj::mv(pending), 1, NOW);
  group[1]->found(nullptr, 0, NOW);
  for (auto lane: group) lanes.putBack(*lane);
  EXPECT_EQ("troth_update, troth_insert_carefully", statements());
}

}  // namespace
}  // namespace troth
