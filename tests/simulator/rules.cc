#include "rules.h"

#include <capnp/any.h>
#include <kj/debug.h>
#include <troth/durability.h>
#include <troth/stored-message.h>

#include <algorithm>

#include "desk.troth.h"
#include "recorded-message.h"

namespace troth::simulator {
namespace {

// Every this many moments, all records are looked at, also those that nobody has touched.
constexpr uint64_t MOMENTS_BETWEEN_SWEEPS = 200;

std::string valueText(const Record& record) {
  if (record.value.size() == 0) return "";
  StoredMessage message(record.value);
  if (record.call.target.size() > 0) {
    return message.content().getAs<desk::Desk::WorkResults>().getText().cStr();
  }
  auto what = kj::str(StoredMessage(record.call.params).step());
  if (what.startsWith("promise")) return message.content().getAs<capnp::Text>().cStr();
  if (!what.startsWith("step")) return "";
  int64_t number = 0;
  auto data = message.content().getAs<capnp::AnyStruct>().getDataSection();
  memcpy(&number, data.begin(), kj::min(sizeof(number), data.size()));
  return std::to_string(number);
}

}  // namespace

std::string errorText(const kj::Exception& exception) {
  return kj::str('!', exception.getType(), ' ', exception.getDescription()).cStr();
}

std::string userOf(const std::string& id) { return id + "-user"; }

// A step, and a number of its own for each outcome.
std::string programOfUser(const std::string& outcome) {
  return "s" + std::to_string(std::hash<std::string>()(outcome) % 1000);
}

std::string outcomeText(const Record& record) {
  if (record.state == PromiseState::FULFILLED) return valueText(record);
  return errorText(exceptionOf(record));
}

kj::Maybe<const Record&> Rules::find(const std::string& id) const {
  auto found = records.find(id);
  if (found == records.end()) return nullptr;
  return found->second;
}

// =======================================================================================
// When it happens

void Rules::committed(const std::string& id) {
  KJ_IF_MAYBE(record, find(id)) {
    auto& owner = owners[id];
    if (owner.epoch != record->epoch) owner = {record->epoch, world.time()};
    checkRecord(id, *record);
  }
}

void Rules::checkRecord(const std::string& id, const Record& record) {
  if (!record.isSettled()) {
    bool isWaited = record.due != nullptr || record.deadline != nullptr ||
        kj::StringPtr(id.c_str()).endsWith(".approval");
    if (!isWaited) world.fail(id, "it is pending, and nothing will ever settle it");
    if (outcomes.count(id) > 0) world.fail(id, "it had settled, and is pending again");
    return;
  }
  auto outcome = outcomeText(record);
  auto known = outcomes.emplace(id, outcome).first;
  settledAt.emplace(id, world.time());
  if (known->second != outcome) {
    world.fail(id, "its outcome was " + known->second + ", and is now " + outcome);
  }
}

bool Rules::isBlind(const Life& life) const {
  KJ_IF_MAYBE(time, life.resumed) return *time == world.time();
  return false;
}

void Rules::settles(const Life& life, const std::string& id, uint64_t epoch) {
  if (isBlind(life)) return;
  KJ_IF_MAYBE(record, find(id)) {
    if (record->isSettled()) return;
    if (record->epoch != epoch) {
      world.fail(id,
          life.name + " settles it under epoch " + std::to_string(epoch) +
              ", and the lease is at epoch " + std::to_string(record->epoch));
    }
  } else {
    world.fail(id, life.name + " settles it, and there is no record");
  }
  for (auto& child: called[{&life, id}]) {
    if (outcomes.count(child) == 0)
      world.fail(id, "it settles while its call " + child + " is open");
  }
}

bool Rules::isStale(const std::string& id, kj::Maybe<uint64_t> epoch) const {
  KJ_IF_MAYBE(e, epoch) {
    KJ_IF_MAYBE(record, find(id)) return !record->isSettled() && record->epoch != *e;
  }
  return false;
}

void Rules::staysPending(const std::string& id) {
  KJ_IF_MAYBE(record, find(id)) {
    // Its deadline may have passed just now.
    if (!record->isSettled() || record->state == PromiseState::TIMEDOUT) return;
    world.fail(id, "it was settled under a lease that was over");
  }
}

void Rules::answers(const Life& life, const std::string& id, const std::string& outcome) {
  KJ_IF_MAYBE(record, find(id)) {
    if (!record->isSettled()) {
      world.fail(id, life.name + " says " + outcome + ", and it is pending");
    } else if (outcomeText(*record) != outcome) {
      world.fail(id, life.name + " says " + outcome + ", and recorded is " + outcomeText(*record));
    }
  } else {
    world.fail(id, life.name + " says " + outcome + ", and there is no record");
  }
}

void Rules::acts(
    const Life& life, const std::string& id, const std::string& step, const Seen& seen) {
  if (find(id) == nullptr) world.fail(id, step + " acts before the call is recorded");
  auto settled = settledAt.find(step);
  auto told = life.epochs.find(id);
  auto& owner = owners[id];
  // Of what is recorded while it has the lease it need not know: that a vat may have asked for that
  // has lost it.
  if (settled != settledAt.end() && settled->second < owner.since && told != life.epochs.end() &&
      told->second == owner.epoch)
    world.fail(step, life.name + " acts again, and that is recorded since before it took the call");
  checkSeen(id, life.name, step + " acts", seen);
}

void Rules::checkSeen(
    const std::string& id, const std::string& who, const std::string& does, const Seen& seen) {
  for (auto& [child, value]: seen) {
    auto known = outcomes.find(child);
    if (known != outcomes.end() && known->second == value) continue;
    auto what = who;
    what.append(": ").append(does).append(" after ").append(child);
    what.append(" gave ").append(value).append(", and ");
    what.append(known == outcomes.end() ? "that is not recorded" : "recorded is " + known->second);
    world.fail(id, what);
  }
}

void Rules::sees(
    const Life& life, const std::string& child, const std::string& value, uint32_t tries) {
  auto known = outcomes.find(child);
  // The first run goes on while its steps are being recorded.
  if (known == outcomes.end() && tries == 1) return;
  if (known != outcomes.end() && known->second == value) return;
  world.log(life.name, child, "goes on with " + value + ", which is not what is recorded");
}

void Rules::calls(const Life& life, const std::string& id, const std::string& child) {
  called[{&life, id}].insert(child);
  if (find(id) == nullptr) world.fail(id, life.name + " calls others before it is recorded");
  checkSeen(id, life.name, "the call " + child + " leaves", seenBefore[child]);
}

// =======================================================================================
// At the end of each moment

Rules::Running::Running(Rules& rules, const Life& life, std::string id)
    : rules(rules), place(rules.running.insert(rules.running.end(), {&life, kj::mv(id)})) {
  rules.called.erase(*place);
}

Rules::Running::~Running() noexcept(false) { rules.running.erase(place); }

bool Rules::isRunning(const Life& life, const std::string& id) const {
  return std::find(running.begin(), running.end(), std::make_pair(&life, id)) != running.end();
}

void Rules::check() {
  for (auto& [life, id]: running) {
    if (life->inbox->isPaused() || isBlind(*life)) continue;
    auto told = life->epochs.find(id);
    // Its code may run ahead of its record.
    if (told == life->epochs.end()) continue;
    KJ_IF_MAYBE(record, find(id)) {
      if (record->isSettled() || record->epoch <= told->second) continue;
      world.fail(id,
          life->name + " runs its code under epoch " + std::to_string(told->second) +
              ", and the lease is at epoch " + std::to_string(record->epoch));
    }
  }
  if (++moments % MOMENTS_BETWEEN_SWEEPS > 0) return;
  for (auto& [id, record]: records) checkRecord(id, record);
}

// =======================================================================================
// At the end

bool Rules::isAllSettled() const {
  for (auto& [id, record]: records) {
    if (!record.isSettled()) return false;
  }
  return true;
}

void Rules::checkEnd() {
  for (auto& [id, record]: records) {
    checkRecord(id, record);
    if (!record.isSettled()) {
      world.fail(id, "there was time for all, and it is pending");
    } else if (record.call.target.size() > 0) {
      checkOutcome(id, record);
    }
    KJ_IF_MAYBE(user, find(userOf(id))) checkUser(id, *user);
  }
  if (!running.empty()) world.fail(running.front().second, "its code runs for ever");
}

// A parameter that was an outcome is the one that stands.
void Rules::checkUser(const std::string& id, const Record& user) {
  StoredMessage params(user.call.params);
  std::string program = params.content().getAs<desk::Desk::WorkParams>().getText().cStr();
  auto stands = outcomeText(KJ_ASSERT_NONNULL(find(id)));
  if (program == programOfUser(stands)) return;
  world.fail(id, "another outcome than " + stands + " is a recorded parameter");
}

// An outcome is what the recorded parts of the call say: "1=17|approval=yes|".
void Rules::checkOutcome(const std::string& id, const Record& record) {
  auto outcome = outcomeText(record);
  if (outcome.find("nondeterministic") != std::string::npos) world.fail(id, outcome);
  if (record.state != PromiseState::FULFILLED) return;
  for (size_t at = 0; at < outcome.size();) {
    auto end = outcome.find('|', at);
    auto middle = outcome.find('=', at);
    auto child = id + "." + outcome.substr(at, middle - at);
    auto value = outcome.substr(middle + 1, end - middle - 1);
    at = end + 1;
    KJ_IF_MAYBE(part, find(child)) {
      auto recorded = outcomeText(*part);
      if (part->call.target.size() > 0)
        recorded = std::to_string(std::hash<std::string>()(recorded));
      if (part->state == PromiseState::TIMEDOUT && part->call.target.size() == 0) continue;
      if (recorded != value) {
        std::string what = "it says ";
        what.append(child).append(" gave ").append(value).append(", and recorded is ");
        world.fail(id, what.append(recorded));
      }
    }
  }
}

}  // namespace troth::simulator
