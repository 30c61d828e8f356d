#include "pg-round.h"

#include <kj/debug.h>

#include <algorithm>
#include <string_view>

#include "micros.h"
#include "pg-kept-step.h"
#include "pg-statements.h"

namespace troth {

using Step = PgLane::Step;

namespace {

// Whether the transaction failed only because of another at the same time.
bool isConflict(const PgFailure& failure) {
  KJ_IF_MAYBE(state, failure.sqlState) return *state == "40001" || *state == "40P01";
  return false;
}

}  // namespace

PgRound::PgRound(kj::Vector<PgLane*> group, const PgLanes& lanes, kj::Date now): now(now) {
  for (auto lane: group) planned.add(Planned{.lane = lane, .step = lane->plan(now)});
  keepSteps();
  addWrites(lanes);
  addNotifications();
  pg::ReadRows reads;
  for (auto& one: planned) {
    if (one.step == Step::READ) reads.add(one.lane->id);
  }
  if (reads.size() > 0) reading = addStatement(reads.finish());
}

// Finds the steps that go along with their calls, one with each. One that was looked for does not:
// it may be on its way as a row, with a connection that was lost, which only an INSERT meets.
void PgRound::keepSteps() {
  for (auto& one: planned) {
    if (one.step != Step::INSERT || !one.lane->isGuess()) continue;
    auto& draft = one.lane->draft();
    KJ_IF_MAYBE(parent, draft.parent) {
      KJ_IF_MAYBE(call, tryFind(*parent)) {
        if (call->step != Step::UPDATE || call->kept != nullptr) continue;
        if (!pg::canKeep(call->lane->draft(), draft)) continue;
        call->kept = one;
        one.keeper = *call;
      }
    }
  }
}

// The call whose row may keep what `lane` is about to make. Not if that is a step of a call which
// is known to be pending: who records those has the call's lease, and nobody keeps one for him.
kj::Maybe<kj::String> PgRound::findKeeper(const PgLane& lane, const PgLanes& lanes) {
  auto keeper = pg::findKeeper(lane.id);
  auto& draft = lane.draft();
  KJ_IF_MAYBE(id, keeper) {
    KJ_IF_MAYBE(parent, draft.parent) {
      bool isStep = lane.isGuess() && draft.isSettled() && *parent == *id;
      if (isStep && (isUpdating(*id) || lanes.isPending(*id))) return nullptr;
    }
  }
  return keeper;
}

bool PgRound::isUpdating(kj::StringPtr id) {
  KJ_IF_MAYBE(one, tryFind(id)) return one->step == Step::UPDATE;
  return false;
}

// What a row may keep is inserted last: an update may have waited for the transaction in which it
// was kept, that of a connection that was lost.
void PgRound::addWrites(const PgLanes& lanes) {
  pg::InsertRows inserts, lastInserts;
  pg::UpdateRows updates;
  for (auto& one: planned) {
    auto& lane = *one.lane;
    if (one.step == Step::INSERT && one.keeper == nullptr) {
      auto keeper = findKeeper(lane, lanes);
      auto& rows = keeper == nullptr ? inserts : lastInserts;
      rows.add(lane.draft(), kj::mv(keeper));
    }
    if (one.step == Step::UPDATE) {
      auto kept = one.kept.map([](Planned& step) -> const Record& { return step.lane->draft(); });
      updates.add(lane.draft(), lane.version(), kept);
    }
  }
  if (inserts.size() > 0) inserting = addStatement(inserts.finish());
  if (updates.size() > 0) updating = addStatement(updates.finish());
  if (lastInserts.size() > 0) insertingLast = addStatement(lastInserts.finish());
}

size_t PgRound::addStatement(PgExecution execution) {
  statements.add(kj::mv(execution));
  return statements.size() - 1;
}

// Told of a write that is not made after all, the others look and find nothing new.
void PgRound::addNotifications() {
  PgTextArray settled, due, parents, parked, parts;
  kj::StringPtr lastTarget;
  for (auto& one: planned) {
    if (one.step == Step::READ) continue;
    auto& draft = one.lane->draft();
    if (one.lane->isSettling()) {
      if (draft.awaited) settled.add(draft.id);
      KJ_IF_MAYBE(parent, findParked(draft)) parents.add(*parent);
    }
    for (auto part: one.lane->partsWaitedFor()) {
      parked.add(draft.id);
      parts.add(part);
    }
    if (one.lane->isMakingDue() && draft.call.target != lastTarget) {
      lastTarget = draft.call.target;
      due.add(lastTarget);
    }
  }
  if (settled.size() > 0) addStatement({pg::NOTIFY_SETTLED, kj::arr(settled.finish())});
  if (due.size() > 0) addStatement({pg::NOTIFY_DUE, kj::arr(due.finish())});
  auto time = [this]() { return PgParameter::int8(toMicros(now)); };
  if (parents.size() > 0) addStatement({pg::WAKE, kj::arr(parents.finish(), time())});
  if (parts.size() > 0) {
    addStatement({pg::WAKE_PARKED, kj::arr(parked.finish(), parts.finish(), time())});
  }
}

void PgRound::succeeded(
    kj::ArrayPtr<const PgResult> results, PgLanes& lanes, kj::Maybe<BackendListener&> listener) {
  KJ_IF_MAYBE(i, inserting) noteWritten(results[*i]);
  KJ_IF_MAYBE(i, updating) noteWritten(results[*i]);
  KJ_IF_MAYBE(i, insertingLast) noteWritten(results[*i]);
  KJ_IF_MAYBE(i, reading) noteFound(results[*i]);
  for (auto& one: planned) {
    KJ_IF_MAYBE(call, one.keeper) one.written = call->written;
    answer(one, listener);
    lanes.putBack(*one.lane);
  }
}

void PgRound::failed(const PgFailure& failure, PgLanes& lanes) {
  auto& why = failure.exception;
  for (auto& one: planned) {
    bool isLost = why.getType() == kj::Exception::Type::DISCONNECTED;
    if (isLost || failure.commit == PgCommit::IN_DOUBT) {
      one.lane->lost(failure.commit);
    } else if (isConflict(failure)) {
      one.lane->refuted();
    } else {
      one.lane->rejected(why);
    }
    lanes.putBack(*one.lane);
  }
}

// The lanes are in the order of their ids.
kj::Maybe<PgRound::Planned&> PgRound::tryFind(kj::ArrayPtr<const char> id) {
  auto idOf = [](const Planned& one) {
    return std::string_view(one.lane->id.begin(), one.lane->id.size());
  };
  std::string_view wanted(id.begin(), id.size());
  auto found = std::lower_bound(planned.begin(), planned.end(), wanted,
      [&](const Planned& one, std::string_view id) { return idOf(one) < id; });
  if (found == planned.end() || idOf(*found) != wanted) return nullptr;
  return *found;
}

PgRound::Planned& PgRound::find(kj::ArrayPtr<const char> id) {
  return KJ_ASSERT_NONNULL(tryFind(id),
      "the database speaks of a record that it was not asked about", kj::heapString(id));
}

void PgRound::noteWritten(const PgResult& result) {
  for (size_t row = 0; row < result.rows(); ++row) find(result.at(row, 0).asText()).written = true;
}

void PgRound::noteFound(const PgResult& result) {
  for (size_t row = 0; row < result.rows(); ++row) {
    auto found = pg::readRecord(result, row);
    auto& one = find(found.record.id);
    one.found = kj::mv(found);
  }
}

void PgRound::answer(Planned& one, kj::Maybe<BackendListener&> listener) {
  auto& lane = *one.lane;
  if (one.step == Step::READ) {
    KJ_IF_MAYBE(found, one.found) {
      lane.found(kj::mv(found->record), found->version, now);
    } else {
      lane.found(nullptr, 0, now);
    }
  } else if (one.written) {
    KJ_IF_MAYBE(l, listener) {
      if (lane.isSettling()) l->settled(lane.draft());
      if (lane.isMakingDue()) l->workDue(lane.draft().call.target);
    }
    lane.written();
  } else {
    lane.refuted();
  }
}

}  // namespace troth
