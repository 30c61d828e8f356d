#include "exposure.h"

#include <kj/debug.h>

namespace troth {

kj::Exception takenBack() {
  return KJ_EXCEPTION(DISCONNECTED,
      "the outcome of a durable call was used before it was recorded, and another one may stand; "
      "ask again");
}

// Who has used it and has a link gets its answer through that: then it is among those to be ended.
void Exposures::takeBack(kj::Own<OutputGate::Hold> hold) {
  ++takenBack;
  if (ending.empty()) {
    discarding = kj::evalLast([this]() { discard(); }).eagerlyEvaluate(nullptr);
  }
  ending.add(kj::mv(hold));
}

void Exposures::discard() {
  auto holds = kj::mv(ending);
  for (auto& hold: holds) output.discard(kj::mv(hold), troth::takenBack());
}

void Exposure::begin() {
  if (isOpen()) return;
  bool isOutcome = of == Of::OUTCOME;
  output = all.output.hold(isOutcome ? OutputGate::What::MESSAGES : OutputGate::What::CALLS);
  if (isOutcome) {
    outcome = all.outcomes.hold();
  } else {
    contest();
  }
}

void Exposure::contest() {
  if (isOpen() && contested == nullptr) contested = all.contested.hold();
}

void Exposure::end() {
  output = nullptr;
  contested = nullptr;
  outcome = nullptr;
}

void Exposure::takeBack() {
  KJ_IF_MAYBE(hold, output) {
    tookBack = true;
    undone.fail(takenBack());
    if (of == Of::OUTCOME) ++all.outcomesTakenBack;
    all.takeBack(kj::mv(*hold));
    KJ_IF_MAYBE(c, contested) all.contested.discard(kj::mv(*c), takenBack());
    KJ_IF_MAYBE(o, outcome) all.outcomes.discard(kj::mv(*o), takenBack());
    end();
  }
}

}  // namespace troth
