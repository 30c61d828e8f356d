#include "world.h"

#include <stdlib.h>

#include <algorithm>

namespace troth::simulator {
namespace {

// Lines that a simulation remembers at most.
constexpr size_t LINES_MAX = 1000000;

// Some of what the runtime does is bound to the clock of the machine. It is to be so far away that
// it does not happen.
constexpr auto AWAY_FROM_REAL_TIME = 24 * kj::HOURS;

// How often the loop has to have nothing to do before nothing more is expected of it.
constexpr int QUIET_POLLS = 2;

constexpr kj::Date FIRST_DATE = kj::UNIX_EPOCH + 1'767'225'600 * kj::SECONDS;

}  // namespace

World::World(Loop& loop, uint32_t seed)
    : loop(loop), random(seed), start(loop.timer().now() + AWAY_FROM_REAL_TIME), current(start) {
  srandom(seed);
}

kj::Date World::now() const { return FIRST_DATE + elapsed(); }

kj::Promise<void> World::after(kj::Duration delay) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  later(delay, [fulfiller = kj::mv(paf.fulfiller)]() mutable { fulfiller->fulfill(); });
  return kj::mv(paf.promise);
}

void World::end() {
  ended = true;
  auto dropped = kj::mv(due);
}

void World::remove(Clockwork& clockwork) {
  clockworks.erase(std::find(clockworks.begin(), clockworks.end(), &clockwork));
}

kj::Maybe<kj::TimePoint> World::nextTime() {
  kj::Maybe<kj::TimePoint> next;
  auto consider = [&](kj::TimePoint time) {
    KJ_IF_MAYBE(n, next) {
      next = kj::min(*n, time);
    } else {
      next = time;
    }
  };
  if (!due.empty()) consider(due.begin()->first);
  for (auto clockwork: clockworks) {
    KJ_IF_MAYBE(time, clockwork->nextEvent()) consider(*time);
  }
  return next;
}

bool World::step(kj::FunctionParam<void()> check) {
  settle();
  kj::TimePoint next = current;
  KJ_IF_MAYBE(time, nextTime()) {
    next = kj::max(*time, current);
  } else {
    return false;
  }
  current = next;
  auto order = clockworks;
  std::shuffle(order.begin(), order.end(), random);
  for (auto clockwork: order) {
    clockwork->advanceTo(current);
    settle();
  }
  while (!due.empty() && due.begin()->first <= current) {
    auto what = kj::mv(due.begin()->second);
    due.erase(due.begin());
    what();
    // What comes in one moment may also come in one turn.
    if (!oneIn(4)) settle();
  }
  settle();
  check();
  return true;
}

void World::settle() {
  for (int quiet = 0; quiet < QUIET_POLLS; ++quiet) {
    while (loop.waitScope().poll() > 0) quiet = 0;
  }
}

void World::log(const std::string& who, const std::string& id, const std::string& what) {
  if (failed || lines.size() >= LINES_MAX) return;
  auto micros = elapsed() / kj::MICROSECONDS;
  char time[32];
  snprintf(time, sizeof(time), "%4ld.%06ld", long(micros / 1000000), long(micros % 1000000));
  auto subject = id.empty() ? "" : id + "  ";
  lines.push_back({treeOf(id), std::string(time) + "  " + who + "  " + subject + what});
}

void World::fail(const std::string& id, const std::string& what) {
  if (failed) return;
  log("RULE BROKEN", id, what);
  failedTree = treeOf(id);
  failed = true;
}

std::string World::trace() const {
  auto all = failedTree.empty() || getenv("TROTH_SIM_TRACE") != nullptr;
  std::string text;
  for (auto& line: lines) {
    if (all || line.tree.empty() || line.tree == failedTree) text += line.text + "\n";
  }
  return text;
}

std::string treeOf(const std::string& id) { return id.substr(0, id.find('.')); }

}  // namespace troth::simulator
