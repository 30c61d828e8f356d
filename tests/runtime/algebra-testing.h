#pragma once
// What the tests of the promise algebra share.

#include <kj/timer.h>

#include <memory>

#include "testing.h"

namespace troth {

// A test that runs promises which wait for nothing outside.
struct PromiseTest: testing::Test {
  std::unique_ptr<kj::EventLoop> loop = std::make_unique<kj::EventLoop>();
  std::unique_ptr<kj::WaitScope> scope = std::make_unique<kj::WaitScope>(*loop);
  kj::WaitScope& waitScope = *scope;
};

// The same, in a time that the test moves.
struct TimedTest: PromiseTest {
  std::unique_ptr<kj::TimerImpl> ownTimer =
      std::make_unique<kj::TimerImpl>(kj::origin<kj::TimePoint>());
  kj::TimerImpl& timer = *ownTimer;
};

inline kj::Exception refused() { return KJ_EXCEPTION(OVERLOADED, "refused"); }
inline kj::Exception lost() { return KJ_EXCEPTION(DISCONNECTED, "lost"); }

}  // namespace troth
