// What holds for every request on every record.

#include <random>

#include "promise-states.h"

namespace troth {
namespace {

using Kind = StateRow::Kind;
using Write = Verdict::Write;

std::string showRequestPart(const Record& record) {
  auto part = record.clone();
  part.state = PromiseState::PENDING;
  part.value = nullptr;
  part.error = nullptr;
  part.settled = nullptr;
  part.lease = nullptr;
  part.due = nullptr;
  part.epoch = 0;
  part.awaited = false;
  return show(part);
}

// What a record is, whatever happened to it.
void expectSound(const Record& record) {
  bool failed = record.state == PromiseState::REJECTED || record.state == PromiseState::CANCELED;
  EXPECT_EQ(record.error != nullptr, failed);
  EXPECT_EQ(record.settled != nullptr, record.isSettled());
  if (record.state != PromiseState::FULFILLED) EXPECT_EQ(record.value.size(), 0);
  if (record.isSettled()) {
    EXPECT_TRUE(record.lease == nullptr);
    EXPECT_TRUE(record.due == nullptr);
  }
  KJ_IF_MAYBE(lease, record.lease) {
    EXPECT_TRUE(KJ_ASSERT_NONNULL(record.due) == lease->expires);
    EXPECT_GT(record.epoch, 0);
  }
}

// What no request may do to a record.
void expectKept(const Record& before, const Record& after) {
  EXPECT_EQ(showRequestPart(before), showRequestPart(after));
  EXPECT_GE(after.epoch, before.epoch);
  EXPECT_GE(after.awaited, before.awaited);
  if (before.isSettled()) {
    EXPECT_EQ(show(before), show(after));
    EXPECT_EQ(before.awaited, after.awaited);
  }
}

std::string textOf(const Verdict& verdict) {
  KJ_IF_MAYBE(refusal, verdict.refusal) return refusal->getDescription().cStr();
  return "accepted";
}

// Calls `check` with every request on every record, with and without a deadline that has passed.
template <typename Check>
void forEachCase(Check&& check) {
  const kj::Maybe<kj::Date> deadlines[] = {nullptr, NOW + 1 * kj::MINUTES, NOW, NOW - MICROSECOND};
  auto table = readStateTable();
  for (auto& row: stateRows()) {
    for (auto& column: requestColumns()) {
      if (table.at({row.name, column.name}) == "–") continue;
      for (auto& deadline: deadlines) {
        SCOPED_TRACE(row.name + ", " + column.name);
        check(row, column, deadline);
      }
    }
  }
}

TEST(TransitionProperty, WhatWasAskedForNeverChangesAndWhatHasSettledStays) {
  forEachCase([](auto& row, auto& column, kj::Maybe<kj::Date> deadline) {
    auto before = recordOf(row, deadline);
    auto record = recordOf(row, deadline);
    transition(record, column.make(row, deadline), NOW);
    KJ_IF_MAYBE(after, record) {
      expectSound(*after);
      KJ_IF_MAYBE(b, before) expectKept(*b, *after);
    } else {
      EXPECT_TRUE(before == nullptr);
    }
  });
}

// Except that a take is of one moment, by a store, and that work becomes due with time.
TEST(TransitionProperty, WhatWasAcceptedMayBeRepeated) {
  forEachCase([](auto& row, auto& column, kj::Maybe<kj::Date> deadline) {
    auto record = recordOf(row, deadline);
    auto request = column.make(row, deadline);
    auto accepted = transition(record, request, NOW);
    if (accepted.refusal != nullptr || column.name == "take") return;
    bool wantsWork = column.name == "create, lease" || column.name == "create, settled";
    bool waitsForWork = wantsWork && accepted.write == Write::NONE;
    auto first = show(record);
    for (auto later: {0 * kj::SECONDS, 1 * kj::MICROSECONDS, LEASE - 1 * kj::MICROSECONDS}) {
      if (waitsForWork && later > 0 * kj::SECONDS) break;
      auto verdict = transition(record, request, NOW + later);
      EXPECT_EQ(textOf(verdict), "accepted");
      if (column.name == "renew 3" && verdict.write == Write::UPDATE) {
        auto& lease = KJ_ASSERT_NONNULL(KJ_ASSERT_NONNULL(record).lease);
        EXPECT_TRUE(lease.expires == NOW + later + LEASE);
      } else {
        EXPECT_EQ(verdict.write, Write::NONE);
        EXPECT_EQ(show(record), first);
      }
    }
  });
}

TEST(TransitionProperty, WhatARefusedRequestSeesIsWhatAReaderSees) {
  forEachCase([](auto& row, auto& column, kj::Maybe<kj::Date> deadline) {
    auto refused = recordOf(row, deadline);
    if (transition(refused, column.make(row, deadline), NOW).refusal == nullptr) return;
    auto read = recordOf(row, deadline);
    transition(read, FindRequest{kj::str("p")}, NOW);
    EXPECT_EQ(show(refused), show(read));
  });
}

TEST(TransitionProperty, NothingDependsOnWhetherASweepRan) {
  forEachCase([](auto& row, auto& column, kj::Maybe<kj::Date> deadline) {
    auto request = column.make(row, deadline);
    auto swept = recordOf(row, deadline), unswept = recordOf(row, deadline);
    transition(swept, ExpireRequest{kj::str("p")}, NOW);
    auto sweptVerdict = transition(swept, request, NOW + MICROSECOND);
    auto unsweptVerdict = transition(unswept, request, NOW + MICROSECOND);
    EXPECT_EQ(show(swept), show(unswept));
    EXPECT_EQ(textOf(sweptVerdict), textOf(unsweptVerdict));
  });
}

bool isChanged(const kj::Maybe<Record>& before, const kj::Maybe<Record>& after) {
  return show(before) != show(after) ||
      KJ_ASSERT_NONNULL(before).awaited != KJ_ASSERT_NONNULL(after).awaited;
}

TEST(TransitionProperty, OnlyWhatIsWrittenDiffersFromWhatWasThere) {
  forEachCase([](auto& row, auto& column, kj::Maybe<kj::Date> deadline) {
    auto before = recordOf(row, deadline), record = recordOf(row, deadline);
    auto verdict = transition(record, column.make(row, deadline), NOW);
    bool isRead = column.name == "find";
    EXPECT_EQ(verdict.write == Write::INSERT, before == nullptr && record != nullptr);
    if (before != nullptr && !isRead) {
      EXPECT_EQ(verdict.write == Write::UPDATE || column.name == "renew 3",
          isChanged(before, record) || column.name == "renew 3");
    }
    if (isRead) EXPECT_EQ(verdict.write, Write::NONE);
  });
}

// Requests in any order, while time goes on.
class RandomLife {
public:
  explicit RandomLife(uint32_t seed): random(seed) {}

  void run() {
    for (int step = 0; step < 200 && !testing::Test::HasFailure(); ++step) {
      now = now + random() % 20 * kj::SECONDS;
      makeRequest();
    }
  }

private:
  std::mt19937 random;
  kj::Maybe<Record> record;
  kj::Date now = NOW;

  void makeRequest() {
    auto& row = stateRows().front();
    auto& column = requestColumns()[random() % requestColumns().size()];
    kj::Maybe<kj::Date> deadline;
    if (random() % 3 > 0) deadline = now + (random() % 400) * kj::SECONDS;
    auto before = record.map([](const Record& r) { return r.clone(); });
    SCOPED_TRACE(column.name);
    auto verdict = transition(record, column.make(row, deadline), now);
    KJ_IF_MAYBE(r, record) {
      expectSound(*r);
      expectAliveOnlyBeforeDeadline(*r);
      KJ_IF_MAYBE(b, before) {
        expectKept(*b, *r);
        if (verdict.write == Write::NONE && column.name != "find") EXPECT_EQ(show(*b), show(*r));
      }
    }
  }

  void expectAliveOnlyBeforeDeadline(const Record& r) {
    KJ_IF_MAYBE(deadline, r.deadline) {
      if (*deadline <= now) EXPECT_TRUE(r.isSettled());
      if (r.state == PromiseState::TIMEDOUT) {
        EXPECT_TRUE(KJ_ASSERT_NONNULL(r.settled) == kj::max(*deadline, r.created));
      } else {
        KJ_IF_MAYBE(settled, r.settled) EXPECT_TRUE(*settled < *deadline);
      }
    }
  }
};

TEST(TransitionProperty, RandomLivesOfARecordBreakNoRule) {
  for (uint32_t seed = 0; seed < 100 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomLife(seed).run();
  }
}

}  // namespace
}  // namespace troth
