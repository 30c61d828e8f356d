#pragma once
// A World is where a simulation happens: its time, its chance, its log and its rules.
//
// Time passes only in step(), from one moment at which something is due to the next. All chance
// comes from the seed, so that a seed says what happens.

#include <kj/function.h>
#include <kj/timer.h>
#include <troth/loop.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace troth::simulator {

// What is to happen, and when the clock of a vat that stands still is to be let alone.
class Clockwork {
public:
  virtual kj::Maybe<kj::TimePoint> nextEvent() = 0;
  virtual void advanceTo(kj::TimePoint time) = 0;

protected:
  ~Clockwork() = default;
};

class World final: public kj::Clock {
public:
  World(Loop& loop, uint32_t seed);
  KJ_DISALLOW_COPY_AND_MOVE(World);

  // ---- Chance ----

  uint32_t upTo(uint32_t limit) { return random() % limit; }
  bool oneIn(uint32_t chances) { return upTo(chances) == 0; }

  // True now and then, unless nothing bad is to happen any more.
  bool mishap(uint32_t chances) { return !calm && oneIn(chances); }

  // Up to `msMax` milliseconds, in microseconds.
  kj::Duration within(uint32_t msMax) { return upTo(msMax * 1000 + 1) * kj::MICROSECONDS; }

  // How long something takes that is quick in most cases.
  kj::Duration delay() { return within(mishap(25) ? 4000 : 5); }

  // A number that was not given before.
  uint32_t newNumber() { return ++numbers; }

  // From now on all goes well.
  void calmDown() { calm = true; }

  // ---- Time ----

  kj::TimePoint time() const { return current; }
  kj::Duration elapsed() const { return current - start; }

  // The clock of the database.
  kj::Date now() const override;

  // Calls `what` when `delay` has passed: things of one moment in the order in which they were
  // said.
  void later(kj::Duration delay, kj::Function<void()> what) { at(current + delay, kj::mv(what)); }
  void at(kj::TimePoint time, kj::Function<void()> what) {
    if (!ended) due.emplace(time, kj::mv(what));
  }
  kj::Promise<void> after(kj::Duration delay);

  // Nothing happens any more.
  void end();

  void add(Clockwork& clockwork) { clockworks.push_back(&clockwork); }
  void remove(Clockwork& clockwork);

  // Goes on to the next moment at which something is due, and does that. Calls `check` at the end
  // of each moment. False if nothing is due.
  bool step(kj::FunctionParam<void()> check);

  // All has happened that can happen at this moment.
  void settle();

  // What `promise` gives, which is there or will be at this moment. Not for use in an event.
  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(loop.waitScope());
  }

  // ---- Log ----

  // `id` is that of the durable call which this is about, or empty.
  void log(const std::string& who, const std::string& id, const std::string& what);

  // A rule is broken. The first is what a simulation fails with.
  void fail(const std::string& id, const std::string& what);
  bool hasFailed() const { return failed; }

  // What was logged about the tree of calls that the failure is in, and about vats; or all.
  std::string trace() const;

private:
  struct Line {
    std::string tree;
    std::string text;
  };

  Loop& loop;
  std::mt19937 random;
  uint32_t numbers = 0;
  bool calm = false;
  bool ended = false;
  kj::TimePoint start;
  kj::TimePoint current;
  std::multimap<kj::TimePoint, kj::Function<void()>> due;
  std::vector<Clockwork*> clockworks;
  std::vector<Line> lines;
  bool failed = false;
  std::string failedTree;

  kj::Maybe<kj::TimePoint> nextTime();
};

// The id of the call at the top: "w-7" of "w-7.2.1".
std::string treeOf(const std::string& id);

}  // namespace troth::simulator
