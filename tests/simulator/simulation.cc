#include "simulation.h"

#include <kj/debug.h>
#include <troth/retry.h>
#include <troth/stored-message.h>

#include "memory-backend.h"

namespace troth::simulator {
namespace {

constexpr uint32_t VATS = 3;
constexpr uint32_t CALLS = 14;
constexpr uint32_t CALLERS_MAX = 3;

// Calls are made, and mishaps happen, for this long; then all calls have to settle in this time.
constexpr auto HARD_TIMES = 60 * kj::SECONDS;
constexpr auto TIME_TO_SETTLE = 20 * kj::MINUTES;
constexpr auto TIME_TO_HEAR = 15 * kj::SECONDS;
constexpr uint32_t HARM_EVERY_MS_MAX = 8000;
constexpr uint32_t AWAY_MS_MAX = 25000;

constexpr kj::StringPtr APPROVAL = ".approval"_kj;

}  // namespace

Simulation::Simulation(Loop& loop, uint32_t seed)
    : world(loop, seed), rules(world, kj::refcounted<MemoryRecords>()), callers(*this) {}

Simulation::~Simulation() noexcept(false) {
  world.end();
  callers.clear();
  for (auto& vat: vats) {
    if (vat->isUp()) vat->kill();
  }
  world.settle();
}

std::string Simulation::run() {
  for (uint32_t i = 0; i < VATS; ++i) vats.push_back(kj::heap<SimVat>(world, rules, vats, i + 1));
  for (auto& vat: vats) vat->start();
  planCalls();
  harm();
  // Until the world has nothing more to do.
  bool goesOn = true;
  auto runUntil = [&](auto&& isDone) {
    while (goesOn && !world.hasFailed() && !isDone()) goesOn = world.step([&]() { check(); });
  };
  runUntil([&]() { return world.elapsed() >= HARD_TIMES; });
  calmDown();
  auto isOver = [&]() {
    return world.hasFailed() || world.elapsed() > HARD_TIMES + TIME_TO_SETTLE ||
        (waiting == 0 && rules.isAllSettled());
  };
  do {
    runUntil(isOver);
    // What has settled elsewhere stops when its vat hears of it. Meanwhile a call may come up that
    // nobody waits for.
    auto end = world.elapsed() + TIME_TO_HEAR;
    runUntil([&]() { return world.elapsed() >= end; });
  } while (goesOn && !isOver());
  if (!world.hasFailed()) {
    if (waiting > 0) world.fail("", std::to_string(waiting) + " callers never got an answer");
    rules.checkEnd();
  }
  return world.hasFailed() ? world.trace() : "";
}

// =======================================================================================
// Callers

std::string Simulation::anyProgram(int depth) {
  constexpr kj::StringPtr LETTERS = "sssaafgzpwwtxon"_kj;
  std::string program;
  for (auto length = world.upTo(6); length > 0; --length) {
    if (depth > 0 && world.oneIn(5)) {
      program += "(" + anyProgram(depth - 1) + ")";
    } else {
      program += LETTERS[world.upTo(LETTERS.size())];
    }
  }
  return program;
}

void Simulation::planCalls() {
  for (uint32_t i = 1; i <= CALLS; ++i) {
    auto id = "w-" + std::to_string(i);
    programs[id] = anyProgram(2);
    auto when = world.within(35000);
    Ask ask{id, programs[id]};
    if (world.oneIn(3)) ask.start = _::Arrival::Start::AFTER_RECORD;
    if (world.oneIn(5)) ask.timeLeft = 1 * kj::SECONDS + world.within(40000);
    for (auto count = 1 + world.upTo(CALLERS_MAX); count > 0; --count) {
      // Some at once, some much later.
      callers.add(callAt({ask.id, ask.program, "", ask.timeLeft, ask.start},
          when + (world.oneIn(2) ? world.within(10) : world.within(20000))));
    }
    if (world.oneIn(6)) {
      world.later(when + world.within(15000),
          [this, id]() { callers.add(vats[world.upTo(VATS)]->cancel(id)); });
    }
  }
}

kj::Promise<void> Simulation::callAt(Ask ask, kj::Duration when) {
  co_await world.after(when);
  auto id = ask.id;
  auto asked = SimVat::askUntilKnown(world, vats, nullptr, kj::mv(ask));
  // Some are not interested for ever.
  if (world.oneIn(4)) {
    co_await asked.ignoreResult().exclusiveJoin(world.after(world.within(5000)));
    co_return;
  }
  ++waiting;
  std::string answer;
  try {
    answer = co_await asked;
  } catch (...) {
    answer = errorText(kj::getCaughtExceptionAsKj());
  }
  --waiting;
  world.log("caller", id, "gets " + answer);
  auto first = answers.emplace(id, answer).first;
  if (first->second != answer) world.fail(id, "another caller got " + first->second);
}

// =======================================================================================
// Persons

void Simulation::check() {
  rules.check();
  listen();
}

// Who is asked for an approval gives it sooner or later, and two of them do not say the same.
void Simulation::listen() {
  auto shared = rules.getRecords();
  for (auto& [id, record]: shared->records) {
    if (record.isSettled() || record.call.target.size() > 0) continue;
    if (!kj::StringPtr(id.c_str()).endsWith(APPROVAL) || !persons.insert(id).second) continue;
    for (int i = 0; i < 2; ++i) {
      world.later(world.within(20000), [this, id = id]() { personSays(id); });
    }
  }
}

void Simulation::personSays(const std::string& id) {
  auto text = "yes-" + std::to_string(world.newNumber());
  StoredMessageBuilder message;
  message.content().setAs<capnp::Text>(text.c_str());
  auto backend = newMemoryBackend(rules.getRecords(), world);
  Request request = SettleRequest{.id = kj::str(id.c_str()), .value = message.finish()};
  auto exception = kj::runCatchingExceptions(
      [&]() { world.wait(backend->carryOut(kj::mv(request)).ignoreResult()); });
  world.log("person", id, "says " + text);
  rules.committed(id);
}

// =======================================================================================
// Mishaps

void Simulation::harm() {
  world.later(world.within(HARM_EVERY_MS_MAX), [this]() {
    if (world.elapsed() >= HARD_TIMES) return;
    auto& vat = *vats[world.upTo(VATS)];
    auto back = world.within(world.oneIn(2) ? AWAY_MS_MAX : 1000);
    if (!vat.isUp()) {
      vat.start();
    } else if (vat.isPaused()) {
      vat.resume();
    } else {
      switch (world.upTo(6)) {
        case 0: vat.shutDown(); break;
        case 1: vat.cutOff(back); break;
        case 2:
        case 3: vat.kill(); break;
        default: vat.pause(); break;
      }
    }
    // Never all of them for long.
    world.later(back, [&vat]() {
      if (!vat.isUp()) vat.start();
      if (vat.isPaused()) vat.resume();
    });
    harm();
  });
}

void Simulation::calmDown() {
  world.calmDown();
  world.log("world", "", "all goes well from now on");
  for (auto& vat: vats) {
    if (!vat->isUp()) vat->start();
    if (vat->isPaused()) vat->resume();
    vat->cutOff(0 * kj::SECONDS);
  }
  // Those that are still shutting down.
  world.later(30 * kj::SECONDS, [this]() {
    for (auto& vat: vats) {
      if (!vat->isUp()) vat->start();
    }
  });
}

void Simulation::taskFailed(kj::Exception&& exception) {
  if (isRetryable(exception)) return;
  world.log("caller", "", errorText(exception));
}

}  // namespace troth::simulator
