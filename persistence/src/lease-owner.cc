#include "lease-owner.h"

#include <kj/debug.h>
#include <kj/encoding.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace troth {
namespace {

std::string firstLineOf(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Process ids mean something within one of these, until the machine starts anew.
std::string pidSpace() {
  char name[64] = {};
  if (readlink("/proc/self/ns/pid", name, sizeof(name) - 1) < 0) return "";
  std::string space(name);
  auto digits = space.find_first_of("0123456789");
  if (digits == std::string::npos) return "";
  return space.substr(digits, space.find_first_not_of("0123456789", digits) - digits);
}

// When a process started, in ticks since the machine did; empty if there is none of that id.
std::string startOf(pid_t pid) {
  auto line = firstLineOf(kj::str("/proc/", pid, "/stat").cStr());
  // The name of the program, which may have anything in it, is in brackets.
  auto end = line.rfind(')');
  if (end == std::string::npos) return "";
  std::istringstream fields(line.substr(end + 1));
  std::string field;
  constexpr int START_TIME = 20;
  for (int i = 0; i < START_TIME; ++i) fields >> field;
  return field;
}

std::string bootId() { return firstLineOf("/proc/sys/kernel/random/boot_id"); }

std::vector<std::string> partsOf(kj::StringPtr owner) {
  std::vector<std::string> parts;
  std::istringstream text(owner.cStr());
  for (std::string part; std::getline(text, part, '/');) parts.push_back(part);
  return parts;
}

}  // namespace

kj::String newLeaseOwner() {
  kj::byte random[8];
  KJ_SYSCALL(getrandom(random, sizeof(random), 0));
  return kj::str("vat/", bootId().c_str(), '/', pidSpace().c_str(), '/', getpid(), '/',
      startOf(getpid()).c_str(), '/', kj::encodeHex(random));
}

Liveness livenessOf(kj::StringPtr owner) {
  auto parts = partsOf(owner);
  if (parts.size() != 6 || parts[0] != "vat") return Liveness::UNKNOWN;
  bool isHere =
      !parts[1].empty() && parts[1] == bootId() && !parts[2].empty() && parts[2] == pidSpace();
  if (!isHere || parts[4].empty()) return Liveness::UNKNOWN;
  auto pid = static_cast<pid_t>(strtol(parts[3].c_str(), nullptr, 10));
  return startOf(pid) == parts[4] ? Liveness::UNKNOWN : Liveness::DEAD;
}

}  // namespace troth
