#pragma once
// What has to hold at every moment of a simulation, and at its end.

#include <troth/record.h>

#include <list>
#include <map>
#include <set>
#include <string>

#include "inbox.h"
#include "memory-backend.h"
#include "world.h"

namespace troth::simulator {

// The outcome of a settled record of a call, of a step or of a person's promise, in words.
std::string outcomeText(const Record& record);
std::string errorText(const kj::Exception& exception);

// A call that takes the outcome of `id` as a parameter: its own id, and what it asks for.
std::string userOf(const std::string& id);
std::string programOfUser(const std::string& outcome);

// One start of a vat.
struct Life {
  std::string name;
  kj::Own<Inbox> inbox;

  // When it went on after it had stood still.
  kj::Maybe<kj::TimePoint> resumed = nullptr;

  // The epochs of the leases that the database has told it of.
  std::map<std::string, uint64_t> epochs = {};
};

// What a run of a method has seen: ids of parts of the call, and what they came to.
using Seen = std::map<std::string, std::string>;

class Rules {
public:
  Rules(World& world, kj::Own<MemoryRecords> records)
      : world(world), shared(kj::mv(records)), records(shared->records) {}
  KJ_DISALLOW_COPY_AND_MOVE(Rules);

  kj::Own<MemoryRecords> getRecords() { return kj::addRef(*shared); }
  kj::Maybe<const Record&> find(const std::string& id) const;

  // ---- What is checked when it happens ----

  // A request has changed the record, or not: its outcome never changes.
  void committed(const std::string& id);

  // A vat settles a call under a lease: it holds that, unless it has just gone on after it stood
  // still. The calls that the method has made have settled.
  void settles(const Life& life, const std::string& id, uint64_t epoch);

  // Whether a settlement under `epoch` comes too late; then it is refused.
  bool isStale(const std::string& id, kj::Maybe<uint64_t> epoch) const;
  void staysPending(const std::string& id);

  // An outcome leaves a vat: it is recorded.
  void answers(const Life& life, const std::string& id, const std::string& outcome);

  // A step of `id` acts on the world: the call is recorded, and all that the run has seen before;
  // the step was not when its owner took the call.
  void acts(const Life& life, const std::string& id, const std::string& step, const Seen& seen);

  // A run goes on after the part `child` came to `value`.
  void sees(const Life& life, const std::string& child, const std::string& value, uint32_t tries);

  // A run that has seen so much makes the call `child`.
  void asks(const std::string& child, const Seen& seen) { seenBefore[child] = seen; }

  // A call on behalf of `id` leaves the vat: that is recorded, and all that was seen before.
  void calls(const Life& life, const std::string& id, const std::string& child);

  // ---- What is checked at the end of each moment ----

  // While it is there, code of `id` runs.
  class Running {
  public:
    Running(Rules& rules, const Life& life, std::string id);
    ~Running() noexcept(false);
    KJ_DISALLOW_COPY_AND_MOVE(Running);

  private:
    Rules& rules;
    std::list<std::pair<const Life*, std::string>>::iterator place;
  };

  bool isRunning(const Life& life, const std::string& id) const;

  void check();

  // ---- At the end, when there was time for all ----

  bool isAllSettled() const;
  void checkEnd();

private:
  World& world;
  kj::Own<MemoryRecords> shared;
  std::map<std::string, Record>& records;
  std::map<std::string, std::string> outcomes;
  std::map<std::string, kj::TimePoint> settledAt;

  // The last lease on each record, and when it was given.
  struct Owner {
    uint64_t epoch = 0;
    kj::TimePoint since = kj::origin<kj::TimePoint>();
  };
  std::map<std::string, Owner> owners;
  std::list<std::pair<const Life*, std::string>> running;

  // What the last run in each life of a vat has called.
  std::map<std::pair<const Life*, std::string>, std::set<std::string>> called;
  std::map<std::string, Seen> seenBefore;
  uint64_t moments = 0;

  bool isBlind(const Life& life) const;
  void checkRecord(const std::string& id, const Record& record);
  void checkOutcome(const std::string& id, const Record& record);
  void checkSeen(
      const std::string& id, const std::string& who, const std::string& does, const Seen& seen);
  void checkUser(const std::string& id, const Record& user);
};

}  // namespace troth::simulator
