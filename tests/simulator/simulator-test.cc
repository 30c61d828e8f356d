// Small worlds of vats, callers and mishaps, in which the rules of durable calls have to hold.
//
// TROTH_SIM_SEEDS says how many worlds, TROTH_SIM_SEED which is the first. A world in which a rule
// is broken says what happened to the call in question, and with TROTH_SIM_TRACE what happened to
// all. The same seed makes the same happen.

#include <gtest/gtest.h>
#include <kj/debug.h>
#include <stdlib.h>

#include "simulation.h"

namespace troth::simulator {
namespace {

constexpr uint32_t SEEDS = 120;

uint32_t numberFrom(const char* variable, uint32_t otherwise) {
  auto text = getenv(variable);
  return text == nullptr ? otherwise : kj::StringPtr(text).parseAs<uint32_t>();
}

// What the runtime says of trouble is a part of what happens.
class LogToWorld final: public kj::ExceptionCallback {
public:
  explicit LogToWorld(World& world): world(world) {}

  void logMessage(kj::LogSeverity severity, const char*, int, int, kj::String&& text) override {
    if (severity >= kj::LogSeverity::ERROR) world.fail("", text.cStr());
  }

private:
  World& world;
};

// KJ wants the callback on the true stack, where AddressSanitizer would not put it.
__attribute__((no_sanitize("address"))) std::string simulate(uint32_t seed) {
  Loop loop;
  Simulation simulation(loop, seed);
  LogToWorld logging(simulation.getWorld());
  return simulation.run();
}

TEST(Simulator, TheRulesHoldWhateverHappens) {
  auto first = numberFrom("TROTH_SIM_SEED", 1);
  auto seeds = numberFrom("TROTH_SIM_SEEDS", getenv("TROTH_SIM_SEED") == nullptr ? SEEDS : 1);
  for (auto seed = first; seed < first + seeds && !HasFailure(); ++seed) {
    auto trace = simulate(seed);
    EXPECT_TRUE(trace.empty()) << trace << "\nreplay it with TROTH_SIM_SEED=" << seed
                               << " build/release/bin/troth-simulator-tests";
  }
}

// A call was taken from its vat in the turn in which its children had been read.
TEST(Simulator, TheRulesHoldInAWorldThatWasHardOnce) {
  auto trace = simulate(500093);
  EXPECT_TRUE(trace.empty()) << trace;
}

}  // namespace
}  // namespace troth::simulator
