#pragma once
// The lanes of all records that a PostgreSQL store has requests for, or believes something about.
//
// Pure, like the lanes: no input or output.

#include <kj/map.h>

#include "pg-lane.h"

namespace troth {

class PgLanes {
public:
  // Lanes without requests that are kept for what they believe; the one idle for longest goes
  // first.
  static constexpr size_t IDLE_LANES_MAX = 65536;

  // A request whose writes others overtake more often than this is refused with OVERLOADED.
  static constexpr uint32_t REFUTATIONS_MAX = 100;

  PgLanes() = default;
  ~PgLanes() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(PgLanes);

  void add(Request&& request, kj::Own<kj::PromiseFulfiller<kj::Maybe<Record>>> waiter,
      kj::TimePoint giveUp);

  // Whether a lane has requests and is not under way.
  bool isReady() const { return !ready.empty(); }

  // Lanes for one group, by id, which is the order in which their rows are locked. Each is to be
  // planned, answered, and then put back.
  kj::Vector<PgLane*> take(size_t requestsMax, size_t bytesMax);
  void putBack(PgLane& lane);

  // As of the lane `id`; false if there is none.
  bool isPending(kj::StringPtr id) const;

  // A record that was just read or written outside of the lanes.
  void believe(const Record& record, uint64_t version);

  // Rejects the requests of lanes that are not under way: those whose time is up, or all.
  void giveUp(kj::TimePoint now, kj::StringPtr reason);
  void rejectReady(const kj::Exception& why);

private:
  kj::HashMap<kj::StringPtr, kj::Own<PgLane>> lanes;
  std::deque<PgLane*> ready;
  kj::List<PgLane, &PgLane::idleLink> idle;

  PgLane& find(kj::StringPtr id);
  void makeIdle(PgLane& lane);
  void erase(PgLane& lane);
};

}  // namespace troth
