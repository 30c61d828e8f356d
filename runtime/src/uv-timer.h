#pragma once
// KJ's timers on one libuv timer, which is set to the earliest deadline.

#include <kj/timer.h>

#include "uv-port.h"

namespace troth {

// A deadline is kept to the nanosecond although libuv counts milliseconds: it may fire up to one
// late, never early. The libuv timer runs only while a timer of ours is pending.
class UvTimer final: public kj::Timer {
public:
  explicit UvTimer(LoopPort& port);
  ~UvTimer() noexcept(false);

  // The time as it is: now() stands still while promises run.
  static kj::TimePoint readClock();

  kj::TimePoint now() const override;
  kj::Promise<void> atTime(kj::TimePoint time) override;
  kj::Promise<void> afterDelay(kj::Duration delay) override;

private:
  struct State;
  class Pending;
  kj::Own<State> state;
};

}  // namespace troth
