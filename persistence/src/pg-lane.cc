#include "pg-lane.h"

#include <kj/debug.h>

namespace troth {
namespace {

// What a record, a request, takes beside its messages, roughly.
constexpr size_t REQUEST_BYTES = 256;

// Larger parameters are not kept only to save a read.
constexpr size_t KEPT_BYTES_MAX = 16 << 10;

kj::Maybe<Record> cloned(const kj::Maybe<Record>& record) {
  return record.map([](const Record& r) { return r.clone(); });
}

size_t byteCountOf(const Request& request) {
  KJ_IF_MAYBE(creation, request.tryGet<Creation>()) {
    size_t bytes = REQUEST_BYTES + creation->request.call.params.size();
    KJ_IF_MAYBE(settlement, creation->request.settlement) bytes += settlement->value.size();
    return bytes;
  }
  KJ_IF_MAYBE(settling, request.tryGet<SettleRequest>()) {
    return REQUEST_BYTES + settling->value.size();
  }
  return REQUEST_BYTES;
}

bool isSettledIn(const kj::Maybe<Record>& record) {
  KJ_IF_MAYBE(r, record) return r->isSettled();
  return false;
}

}  // namespace

size_t PgLane::byteCount() const {
  size_t total = 0;
  for (auto& entry: entries) total += byteCountOf(entry.ticket.request);
  return total;
}

bool PgLane::startsWithCreation() const { return entries.front().ticket.request.is<Creation>(); }

PgLane::Step PgLane::plan(kj::Date now) {
  KJ_IREQUIRE(!isUnderWay() && !isEmpty());
  covered = entries.size();
  guessing = knowledge == Knowledge::NONE && startsWithCreation();
  if (knowledge == Knowledge::BELIEVED || guessing) {
    bool wasSettled = isSettledIn(believed);
    if (carryOut(believed, covered, now)) {
      settling = !wasSettled && isSettledIn(believed);
      return versionBelieved == 0 ? Step::INSERT : Step::UPDATE;
    }
  }
  // Nothing to write: what is only believed is not told to anybody.
  forget();
  return Step::READ;
}

// Carries out the first `count` requests on `record`. Returns whether that changed it.
bool PgLane::carryOut(kj::Maybe<Record>& record, size_t count, kj::Date now) {
  bool changed = false;
  replies = kj::Vector<Reply>(count);
  for (size_t i = 0; i < count; ++i) {
    auto verdict = transition(record, entries[i].ticket.request, now);
    changed = changed || verdict.write != Verdict::Write::NONE;
    KJ_IF_MAYBE(refusal, verdict.refusal) {
      replies.add(kj::mv(*refusal));
    } else if (i + 1 == count) {
      replies.add(Final());
    } else {
      replies.add(cloned(record));
    }
  }
  return changed;
}

kj::Vector<kj::StringPtr> PgLane::partsWaitedFor() const {
  kj::Vector<kj::StringPtr> parts;
  if (!draft().isParked()) return parts;
  for (size_t i = 0; i < covered; ++i) {
    KJ_IF_MAYBE(parking, entries[i].ticket.request.tryGet<ParkRequest>()) {
      for (auto& part: parking->parts) parts.add(part);
    }
  }
  return parts;
}

bool PgLane::isMakingDue() const {
  auto& record = draft();
  return !record.isSettled() && record.lease == nullptr && record.due != nullptr;
}

void PgLane::written() {
  if (isSettledIn(believed)) {
    auto record = kj::mv(believed);
    forget();
    return tell(kj::mv(record));
  }
  ++versionBelieved;
  knowledge = Knowledge::BELIEVED;
  tell(cloned(believed));
}

void PgLane::refuted() {
  ++refutations;
  covered = 0;
  forget();
  knowledge = Knowledge::REFUTED;
}

void PgLane::found(kj::Maybe<Record> record, uint64_t version, kj::Date now) {
  auto after = cloned(record);
  if (!carryOut(after, covered, now)) {
    forget();
    return tell(kj::mv(after));
  }
  knowledge = Knowledge::BELIEVED;
  believed = kj::mv(record);
  versionBelieved = version;
  covered = 0;
}

void PgLane::rejected(const kj::Exception& why) {
  forget();
  replies.clear();
  for (size_t i = 0; i < covered; ++i) replies.add(kj::cp(why));
  tell(nullptr);
}

void PgLane::lost(PgCommit commit) {
  if (commit == PgCommit::IN_DOUBT) {
    for (size_t i = 0; i < covered; ++i) entries[i].inDoubt = true;
  }
  covered = 0;
  forget();
  knowledge = Knowledge::REFUTED;
}

void PgLane::rejectAll(const kj::Exception& why) {
  covered = entries.size();
  rejected(why);
}

void PgLane::believe(Record record, uint64_t version) {
  knowledge = Knowledge::BELIEVED;
  believed = kj::mv(record);
  versionBelieved = version;
}

void PgLane::giveUp(kj::TimePoint now, kj::StringPtr reason) {
  std::vector<Entry> rest;
  for (auto& entry: entries) {
    if (entry.giveUp > now) {
      rest.push_back(kj::mv(entry));
    } else if (entry.inDoubt) {
      entry.ticket.waiter->reject(KJ_EXCEPTION(DISCONNECTED,
          "the connection to the database was lost, and it cannot be reached again: the request "
          "may or may not have been carried out; repeat it",
          id, reason));
    } else {
      entry.ticket.waiter->reject(KJ_EXCEPTION(OVERLOADED,
          "the database cannot be reached: nothing was done; repeat the request later", id,
          reason));
    }
  }
  entries = kj::mv(rest);
}

bool PgLane::isPending() const {
  if (knowledge != Knowledge::BELIEVED || versionBelieved == 0) return false;
  KJ_IF_MAYBE(record, believed) return !record->isSettled();
  return false;
}

bool PgLane::isWorthKeeping() const {
  return isPending() && draft().call.params.size() <= KEPT_BYTES_MAX;
}

void PgLane::tell(kj::Maybe<Record> record) {
  refutations = 0;
  for (size_t i = 0; i < replies.size(); ++i) {
    auto& waiter = *entries[i].ticket.waiter;
    KJ_SWITCH_ONEOF(replies[i]) {
      KJ_CASE_ONEOF(last, Final) { waiter.fulfill(kj::mv(record)); }
      KJ_CASE_ONEOF(earlier, kj::Maybe<Record>) { waiter.fulfill(kj::mv(earlier)); }
      KJ_CASE_ONEOF(refusal, kj::Exception) { waiter.reject(kj::mv(refusal)); }
    }
  }
  entries.erase(entries.begin(), entries.begin() + replies.size());
  replies.clear();
  covered = 0;
}

void PgLane::forget() {
  knowledge = Knowledge::NONE;
  believed = nullptr;
  versionBelieved = 0;
}

}  // namespace troth
