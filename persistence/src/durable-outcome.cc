// What comes of a durable call, for those who wait for it in its vat.

#include <kj/debug.h>

#include "durable-run.h"

namespace troth {

using Value = kj::Own<_::Message>;

namespace {

// An outcome is not used before it is recorded if the call's deadline is nearer than this: it might
// pass before the commit.
constexpr auto EXPOSED_BEFORE_DEADLINE = 1 * kj::SECONDS;

}  // namespace

Value DurableRun::getKnown() {
  if (standing != nullptr) return getRecorded();
  KJ_IF_MAYBE(f, failure) kj::throwFatalException(kj::cp(*f));
  return copyOf(*results);
}

Value DurableRun::getRecorded() {
  auto& stands = KJ_ASSERT_NONNULL(standing);
  if (isOwn(stands) && stands.state == PromiseState::FULFILLED) return copyOf(*results);
  return answerOf(stands, owner.getHost());
}

bool DurableRun::isOwn(const Record& record) const {
  KJ_IF_MAYBE(o, outcome) return cameTo(record, *o);
  return false;
}

bool DurableRun::expose() {
  KJ_IF_MAYBE(stands, standing) return isOwn(*stands);
  if (isOver()) return false;
  KJ_IF_MAYBE(date, asked.deadline) {
    if (*date - owner.getStore().now() < EXPOSED_BEFORE_DEADLINE) return false;
  }
  exposure.begin();
  if (way != Way::WITH_WHAT_COMES) exposure.contest();
  return true;
}

kj::Promise<void> DurableRun::whenTakenBack() { return exposure.whenTakenBack(); }

// What the method that has made this call knows of it may be wrong.
void DurableRun::takeBack() {
  if (!exposure.isOpen()) return;
  exposure.takeBack();
  KJ_IF_MAYBE(parent, asked.parent) owner.startOver(*parent);
}

// What the code has said although its call will not be recorded.
void DurableRun::discardAhead() {
  KJ_IF_MAYBE(hold, ahead) {
    auto reason = KJ_EXCEPTION(DISCONNECTED, "a durable call cannot be recorded; ask again");
    owner.getHost().getOutputGate().discard(kj::mv(*hold), reason);
    ahead = nullptr;
  }
}

void DurableRun::startOver() {
  if (phase != Phase::HELD) return;
  // Who goes on has to see the steps that are done. If that cannot be written, the lease ends by
  // itself.
  auto released = openWrites.whenDone()
                      .then([this]() { return release(0 * kj::SECONDS); })
                      .catch_([](kj::Exception&&) {})
                      .attach(kj::addRef(*this));
  watch();
  owner.goOn(kj::mv(released));
}

}  // namespace troth
