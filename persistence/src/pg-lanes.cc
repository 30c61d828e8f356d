#include "pg-lanes.h"

#include <kj/debug.h>

#include <algorithm>

namespace troth {

PgLanes::~PgLanes() noexcept(false) {
  for (auto& lane: idle) idle.remove(lane);
}

PgLane& PgLanes::find(kj::StringPtr id) {
  KJ_IF_MAYBE(lane, lanes.find(id)) return **lane;
  auto lane = kj::heap<PgLane>(id);
  auto& result = *lane;
  lanes.insert(result.id, kj::mv(lane));
  return result;
}

void PgLanes::add(Request&& request, kj::Own<kj::PromiseFulfiller<kj::Maybe<Record>>> waiter,
    kj::TimePoint giveUp) {
  auto& lane = find(idOf(request));
  if (lane.idleLink.isLinked()) idle.remove(lane);
  if (lane.isEmpty()) ready.push_back(&lane);
  lane.add({{kj::mv(request), kj::mv(waiter)}, giveUp});
}

kj::Vector<PgLane*> PgLanes::take(size_t requestsMax, size_t bytesMax) {
  kj::Vector<PgLane*> group;
  size_t requests = 0, bytes = 0;
  while (!ready.empty()) {
    auto& lane = *ready.front();
    requests += lane.requestCount();
    bytes += lane.byteCount();
    if (group.size() > 0 && (requests > requestsMax || bytes > bytesMax)) break;
    group.add(&lane);
    ready.pop_front();
  }
  std::sort(group.begin(), group.end(), [](PgLane* a, PgLane* b) { return a->id < b->id; });
  return group;
}

void PgLanes::putBack(PgLane& lane) {
  KJ_IREQUIRE(!lane.isUnderWay());
  if (lane.refutations > REFUTATIONS_MAX) {
    lane.rejectAll(KJ_EXCEPTION(
        OVERLOADED, "others change this promise all the time; repeat the request later", lane.id));
  }
  if (!lane.isEmpty()) {
    ready.push_back(&lane);
  } else {
    makeIdle(lane);
  }
}

void PgLanes::makeIdle(PgLane& lane) {
  if (!lane.isWorthKeeping()) return erase(lane);
  idle.add(lane);
  if (idle.size() > IDLE_LANES_MAX) erase(idle.front());
}

void PgLanes::erase(PgLane& lane) {
  if (lane.idleLink.isLinked()) idle.remove(lane);
  // The key is the lane's own.
  auto& entry = KJ_ASSERT_NONNULL(lanes.findEntry(lane.id));
  auto own = kj::mv(entry.value);
  lanes.erase(entry);
}

bool PgLanes::isPending(kj::StringPtr id) const {
  KJ_IF_MAYBE(lane, lanes.find(id)) return (*lane)->isPending();
  return false;
}

void PgLanes::believe(const Record& record, uint64_t version) {
  auto& lane = find(record.id);
  if (!lane.isEmpty()) return;
  if (lane.idleLink.isLinked()) idle.remove(lane);
  lane.believe(record.clone(), version);
  makeIdle(lane);
}

void PgLanes::giveUp(kj::TimePoint now, kj::StringPtr reason) {
  std::deque<PgLane*> lanesReady;
  std::swap(lanesReady, ready);
  for (auto lane: lanesReady) {
    lane->giveUp(now, reason);
    putBack(*lane);
  }
}

void PgLanes::rejectReady(const kj::Exception& why) {
  while (!ready.empty()) {
    auto& lane = *ready.front();
    ready.pop_front();
    lane.rejectAll(why);
    makeIdle(lane);
  }
}

}  // namespace troth
