// What a fault point does in the library that is built for tests.

#include "fault-point.h"

#include <signal.h>
#include <stdlib.h>

#include <map>
#include <string>

namespace troth {
namespace {

// Whether the variable names this time of coming to that point.
bool isMeant(const char* variable, const std::string& name, int time) {
  auto value = getenv(variable);
  if (value == nullptr) return false;
  std::string meant(value);
  return meant == name + ":" + std::to_string(time) || (time == 1 && meant == name);
}

}  // namespace

void faultPoint(const char* name) {
  static std::map<std::string, int> times;
  int time = ++times[name];
  if (isMeant("TROTH_FAULT", name, time)) raise(SIGKILL);
  if (isMeant("TROTH_STOP", name, time)) raise(SIGSTOP);
}

}  // namespace troth
