#include "sim-desk.h"

#include <kj/debug.h>
#include <troth/retry.h>

namespace troth::simulator {
namespace {

constexpr kj::StringPtr STEP_FAILED = "a step failed"_kj;

// Ends a program. What follows is only there to be another parameter.
constexpr char KNOWN = '#';

kj::Exception stepFailed() {
  return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::str(STEP_FAILED));
}

// Without what a caller's vat has added.
std::string firstLine(std::string text) { return text.substr(0, text.find('\n')); }

// The part of `program` within the bracket that opens at `from`.
std::string inner(const std::string& program, size_t from) {
  int depth = 0;
  for (size_t i = from; i < program.size(); ++i) {
    if (program[i] == '(') ++depth;
    if (program[i] == ')' && --depth == 0) return program.substr(from + 1, i - from - 1);
  }
  KJ_FAIL_REQUIRE("a program has too few brackets", program.c_str());
}

}  // namespace

// One run of the method.
class SimDesk::Method {
public:
  Method(SimDesk& desk, Work call)
      : vat(desk.vat),
        life(desk.life),
        call(kj::mv(call)),
        id(this->call.id().cStr()),
        tries(this->call.tries()),
        running(vat.rules, life, id) {
    vat.world.log(life.name, id, "runs, try " + std::to_string(tries));
  }

  kj::Promise<void> run() {
    std::string program = call.text().cStr();
    for (size_t i = 0; i < program.size() && program[i] != KNOWN; ++i) {
      if (program[i] == '(') {
        auto part = inner(program, i);
        i += part.size() + 1;
        co_await callOther(part);
      } else {
        co_await doOne(program[i]);
      }
    }
    vat.world.log(life.name, id, "comes to " + text);
    call.fulfill(text);
  }

private:
  SimVat& vat;
  const Life& life;
  Work call;
  std::string id;
  uint32_t tries;
  Rules::Running running;
  std::string text;
  uint32_t parts = 0;
  Seen seen;

  void add(std::string part, std::string value) {
    vat.rules.sees(life, id + "." + part, value, tries);
    text += part + "=" + value + "|";
  }

  kj::Promise<void> doOne(char what) {
    auto& world = vat.world;
    switch (what) {
      case 's': return step(0 * kj::SECONDS, nullptr);
      case 'a': return step(world.within(6000), nullptr);
      case 'f': return step(0 * kj::SECONDS, stepFailed());
      case 'g':
        if (world.mishap(2)) return step(0 * kj::SECONDS, KJ_EXCEPTION(OVERLOADED, "not now"));
        return step(0 * kj::SECONDS, nullptr);
      case 'z': ++parts; return call.sleep(world.within(15000));
      case 'p': return askPerson();
      case 'w': return vat.timer().afterDelay(world.within(3000));
      case 't': return vat.timer().afterDelay(world.within(25000));
      case 'x':
        if (world.mishap(4)) return KJ_EXCEPTION(FAILED, "a method failed");
        return kj::READY_NOW;
      case 'o':
        if (world.mishap(2)) return KJ_EXCEPTION(OVERLOADED, "a method cannot now");
        return kj::READY_NOW;
      default: text += "n=" + std::to_string(world.newNumber()) + "|"; return kj::READY_NOW;
    }
  }

  kj::Promise<void> step(kj::Duration delay, kj::Maybe<kj::Exception> problem) {
    auto part = std::to_string(++parts);
    std::string value;
    try {
      auto number = co_await call.step("s", [&]() { return act(part, delay, kj::mv(problem)); });
      value = std::to_string(number);
    } catch (...) {
      auto exception = kj::getCaughtExceptionAsKj();
      if (exception.getDescription() != STEP_FAILED) kj::throwFatalException(kj::mv(exception));
      value = errorText(exception);
    }
    seen[id + "." + part] = value;
    add(part, value);
  }

  kj::Promise<int64_t> act(
      const std::string& part, kj::Duration delay, kj::Maybe<kj::Exception> problem) {
    vat.rules.acts(life, id, id + "." + part, seen);
    KJ_IF_MAYBE(p, problem) return kj::mv(*p);
    int64_t number = vat.world.newNumber();
    vat.world.log(life.name, id, "step " + part + " acts, and gives " + std::to_string(number));
    if (delay == 0 * kj::SECONDS) return number;
    return vat.timer().afterDelay(delay).then([number]() { return number; });
  }

  kj::Promise<void> askPerson() {
    auto said = co_await call.promise<capnp::Text>("approval");
    std::string value = kj::StringPtr(said).cStr();
    seen[id + ".approval"] = value;
    add("approval", value);
  }

  // What is known when a call is made, as a part of its parameters.
  std::string known() const {
    std::string all;
    for (auto& [child, value]: seen) all.append(child).append("=").append(value);
    return KNOWN + std::to_string(std::hash<std::string>()(all) % 1000);
  }

  // The text is that of the outcome, in short.
  kj::Promise<void> callOther(const std::string& program) {
    auto part = std::to_string(++parts);
    std::string value;
    vat.rules.asks(id + "." + part, seen);
    try {
      auto results = co_await vat.peer().work((program + known()).c_str()).durable(call);
      value = results.getText().cStr();
    } catch (...) {
      auto exception = kj::getCaughtExceptionAsKj();
      bool isOutcome = !isRetryable(exception) && vat.rules.find(id + "." + part) != nullptr;
      if (!isOutcome) kj::throwFatalException(kj::mv(exception));
      value = firstLine(errorText(exception));
    }
    vat.world.log(life.name, id, "part " + part + " gives " + value);
    text += part + "=" + std::to_string(std::hash<std::string>()(value)) + "|";
  }
};

kj::Promise<void> SimDesk::work(Work call) {
  auto method = kj::heap<Method>(*this, kj::mv(call));
  auto& m = *method;
  return m.run().attach(kj::mv(method));
}

}  // namespace troth::simulator
