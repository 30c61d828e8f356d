#pragma once
// An Exposure is the use that a vat makes of an outcome before it is recorded. What comes of that
// is taken back if another outcome stands in the end, or if this vat cannot learn which one does.
//
// What is said meanwhile waits in the vat's output gate, and is discarded then, together with the
// links that it would have left by. What is recorded meanwhile waits here.
//
// The same holds for what a method knows by a step before that is recorded. Only the method itself
// knows it, and tells of it by calls.

#include <kj/async.h>
#include <kj/vector.h>
#include <troth/output-gate.h>

#include "happening.h"

namespace troth {

// All of one vat.
class Exposures {
public:
  // `output` must outlive this.
  explicit Exposures(OutputGate& output): output(output) {}
  ~Exposures() noexcept(false) { discard(); }
  KJ_DISALLOW_COPY_AND_MOVE(Exposures);

  // Resolves when what is used now, and does not certainly stand if what is recorded from now on
  // does, is recorded. Breaks if some of it is taken back.
  kj::Promise<void> whenRecorded() { return contested.whenOpen(); }
  bool areRecorded() const { return contested.isOpen(); }

  // The same for all outcomes that are used now, and for nothing else.
  kj::Promise<void> whenOutcomesAreRecorded() { return outcomes.whenOpen(); }

  // How many were taken back until now.
  uint64_t countTakenBack() const { return takenBack; }
  uint64_t countOutcomesTakenBack() const { return outcomesTakenBack; }

private:
  friend class Exposure;

  OutputGate& output;
  OutputGate contested;
  OutputGate outcomes;
  uint64_t takenBack = 0;
  uint64_t outcomesTakenBack = 0;

  // Whose users are being told.
  kj::Vector<kj::Own<OutputGate::Hold>> ending;
  kj::Promise<void> discarding = kj::READY_NOW;

  void takeBack(kj::Own<OutputGate::Hold> hold);
  void discard();
};

// That of one outcome, or of what steps have come to. It is over before the vat's Exposures are.
class Exposure {
public:
  enum class Of { OUTCOME, STEPS };

  Exposure(Exposures& all, Of of): all(all), of(of) {}
  KJ_DISALLOW_COPY_AND_MOVE(Exposure);

  // Until contest(), what is recorded from now on is recorded together with an outcome. Steps are
  // contested from the beginning.
  void begin();
  void contest();
  bool isOpen() const { return output != nullptr; }

  // The outcome stands.
  void end();

  // It does not, or nobody here knows. Those who have used it are told in this turn; at its end all
  // that was said since it began is discarded. Does nothing if it is not open.
  void takeBack();

  // Breaks with DISCONNECTED if it is taken back, and does not resolve otherwise.
  kj::Promise<void> whenTakenBack() { return undone.when(); }
  bool isTakenBack() const { return tookBack; }

private:
  Exposures& all;
  Of of;
  kj::Maybe<kj::Own<OutputGate::Hold>> output;
  kj::Maybe<kj::Own<OutputGate::Hold>> contested;
  kj::Maybe<kj::Own<OutputGate::Hold>> outcome;
  bool tookBack = false;
  Happening undone;
};

// Why those break who have used what does not stand.
kj::Exception takenBack();

}  // namespace troth
