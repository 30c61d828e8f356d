#pragma once
// A Simulation is one run of a small world of vats, callers and mishaps, which its seed decides.

#include "sim-vat.h"

namespace troth::simulator {

class Simulation final: private kj::TaskSet::ErrorHandler {
public:
  Simulation(Loop& loop, uint32_t seed);
  ~Simulation() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Simulation);

  // What happened until a rule was broken; empty if none was.
  std::string run();

  World& getWorld() { return world; }

private:
  World world;
  Rules rules;
  std::vector<kj::Own<SimVat>> vats;
  std::map<std::string, std::string> programs;
  std::map<std::string, std::string> answers;
  std::set<std::string> persons;
  uint32_t waiting = 0;
  kj::TaskSet callers;

  std::string anyProgram(int depth);
  void planCalls();
  void planCall(const std::string& id, kj::Duration when);
  kj::Promise<void> callAt(Ask ask, kj::Duration when);
  void harm();
  void calmDown();
  void listen();
  void personSays(const std::string& id);
  void check();
  void taskFailed(kj::Exception&& exception) override;
};

}  // namespace troth::simulator
