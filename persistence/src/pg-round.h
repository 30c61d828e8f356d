#pragma once
// A PgRound is one group of requests on its way through a connection: one transaction, with one
// statement each for what is inserted, updated, told and read, however many records there are.
// A step that is inserted while its call is updated may go along with that.

#include "pg-lanes.h"
#include "pg-rows.h"

namespace troth {

class PgRound {
public:
  // Plans the lanes of `group`, which are some of `lanes`, at `now`.
  PgRound(kj::Vector<PgLane*> group, const PgLanes& lanes, kj::Date now);

  kj::ArrayPtr<const PgExecution> executions() const { return statements; }

  // Gives each lane its answer, and puts it back. `listener` hears of what was committed.
  void succeeded(
      kj::ArrayPtr<const PgResult> results, PgLanes& lanes, kj::Maybe<BackendListener&> listener);
  void failed(const PgFailure& failure, PgLanes& lanes);

private:
  struct Planned {
    PgLane* lane;
    PgLane::Step step;

    // The step that the row of this call keeps, or the call whose row keeps this step.
    kj::Maybe<Planned&> kept = nullptr;
    kj::Maybe<Planned&> keeper = nullptr;

    // What the database says.
    bool written = false;
    kj::Maybe<pg::VersionedRecord> found = nullptr;
  };

  kj::Date now;
  kj::Vector<Planned> planned;
  kj::Vector<PgExecution> statements;

  // Which of the statements is which.
  kj::Maybe<size_t> inserting;
  kj::Maybe<size_t> updating;
  kj::Maybe<size_t> insertingLast;
  kj::Maybe<size_t> reading;

  void keepSteps();
  void addWrites(const PgLanes& lanes);
  kj::Maybe<kj::String> findKeeper(const PgLane& lane, const PgLanes& lanes);
  bool isUpdating(kj::StringPtr id);
  size_t addStatement(PgExecution execution);
  void addNotifications();
  kj::Maybe<Planned&> tryFind(kj::ArrayPtr<const char> id);
  Planned& find(kj::ArrayPtr<const char> id);
  void noteWritten(const PgResult& result);
  void noteFound(const PgResult& result);
  void answer(Planned& one, kj::Maybe<BackendListener&> listener);
};

}  // namespace troth
