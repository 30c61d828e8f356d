#pragma once
// A SimVat is a vat of a simulation: it serves "desk", and is killed and started anew, stands still
// and goes on, and is cut off from the database. The work on durable calls in it is the real one.

#include <kj/timer.h>
#include <troth/durability.h>
#include <troth/output-gate.h>
#include <troth/store.h>

#include "desk.troth.h"
#include "hosted-objects.h"
#include "rules.h"

namespace troth::simulator {

using desk::Desk;

// What a caller asks for.
struct Ask {
  std::string id;

  // What the method is to do; see sim-desk.h.
  std::string program;
  std::string parent = "";
  kj::Maybe<kj::Duration> timeLeft = nullptr;
  _::Arrival::Start start = _::Arrival::Start::AHEAD_OF_RECORD;
};

// A question on its way, whose answer goes to `from`, or to somebody who is no vat. If it is
// dropped without an answer, its line was cut.
class Line final: public kj::Refcounted {
public:
  using Fulfiller = kj::Own<kj::PromiseFulfiller<std::string>>;

  Line(World& world, kj::Maybe<kj::Own<Inbox>> from, Fulfiller fulfiller)
      : world(world), from(kj::mv(from)), fulfiller(kj::mv(fulfiller)) {}
  ~Line() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Line);

  void answer(std::string text);
  void reject(kj::Exception exception);

  // Whoever serves the call sees that its caller is gone.
  kj::Canceler serving;

private:
  World& world;
  kj::Maybe<kj::Own<Inbox>> from;
  Fulfiller fulfiller;
  bool answered = false;

  void goBack(kj::Function<void(Fulfiller&)> say);
};

class SimVat final: private Clockwork {
public:
  SimVat(World& world, Rules& rules, std::vector<kj::Own<SimVat>>& all, uint32_t number);
  ~SimVat() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(SimVat);

  // ---- What becomes of it ----

  bool isUp() const { return parts.get() != nullptr; }
  bool isPaused() const { return isUp() && life->inbox->isPaused(); }
  const Life& getLife() const { return *life; }

  void start();
  void kill();

  // What is left pending is given back, and then it ends.
  void shutDown();
  void pause();
  void resume();
  void cutOff(kj::Duration duration);

  // ---- Calls ----

  // Asks once. Breaks with DISCONNECTED if the answer does not come.
  kj::Promise<std::string> ask(kj::Maybe<kj::Own<Inbox>> from, Ask ask);
  kj::Promise<void> cancel(std::string id);

  // Asks any vats until there is an outcome.
  static kj::Promise<std::string> askUntilKnown(
      World& world, std::vector<kj::Own<SimVat>>& all, kj::Maybe<kj::Own<Inbox>> from, Ask ask);

  // What a desk in this vat needs.
  World& world;
  Rules& rules;
  kj::Timer& timer();

  // Resolves when what is said now over a line may leave the vat. Breaks if it may not: then the
  // line is cut.
  kj::Promise<void> whenMayLeave(OutputGate::What kind);

  // The desk of any vat, for durable calls.
  Ref<Desk> peer();

private:
  class Peers;

  // What there is of it while it is up. Later members use earlier ones.
  struct Parts {
    Parts(SimVat& vat);
    ~Parts() noexcept(false);

    kj::TimerImpl timer;
    kj::Own<Store> store;
    kj::Own<HostedObjects> objects;
    kj::Own<Durability> durability;
    kj::Own<Peers> peers;
    kj::Own<kj::TaskSet> serving;
  };

  std::vector<kj::Own<SimVat>>& all;
  uint32_t number;
  uint32_t starts = 0;
  kj::TimePoint cut;

  // All that it has had: what is on its way may refer to them.
  std::vector<kj::Own<Life>> lives;
  Life* life = nullptr;
  kj::Own<Parts> parts;

  kj::Maybe<kj::TimePoint> nextEvent() override;
  void advanceTo(kj::TimePoint time) override;
  void serve(kj::Own<Line> line, Ask ask);
  kj::Promise<void> serveCall(kj::Own<Line> line, Ask ask);
  kj::Promise<void> useOutcome(const Ask& ask, const std::string& outcome);
  kj::Own<_::DurableCaller> arrive(const Ask& ask);
};

}  // namespace troth::simulator
