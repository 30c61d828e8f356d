#include "transition.h"

#include <kj/debug.h>
#include <kj/encoding.h>

#include "micros.h"

namespace troth {
namespace {

using Write = Verdict::Write;

kj::Exception failed(kj::String text) {
  return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::mv(text));
}

Verdict accepted(Write write) { return {write, nullptr}; }
Verdict refused(Write write, kj::String text) { return {write, failed(kj::mv(text))}; }

Verdict notFound(kj::StringPtr id) {
  return refused(Write::NONE, kj::str("there is no promise \"", id, "\""));
}

kj::String describeCall(const CallRequest& call, kj::ArrayPtr<const kj::byte> digest,
    const kj::Maybe<kj::String>& parent) {
  auto what = call.target.size() == 0 ? kj::str("settled from outside")
                                      : kj::str("method ", call.methodId, " of interface 0x",
                                            kj::hex(call.interfaceId), " on \"", call.target, "\"");
  kj::StringPtr within = "";
  KJ_IF_MAYBE(p, parent) within = *p;
  return kj::str(what, within.size() == 0 ? "" : ", part of \"", within,
      within.size() == 0 ? "" : "\"", ", ", call.params.size(), " bytes of parameters, digest ",
      kj::encodeHex(digest.slice(0, kj::min(digest.size(), 8u))));
}

Verdict idTaken(const Record& record, const Creation& creation) {
  auto& request = creation.request;
  return refused(Write::NONE,
      kj::str("the id \"", record.id, "\" is taken: it stands for ",
          describeCall(record.call, record.digest, record.parent), "; asked for was ",
          describeCall(request.call, creation.digest, request.parent)));
}

Verdict leaseLost(const Record& record, uint64_t epoch, Write write) {
  auto holder = kj::str("nobody holds it");
  KJ_IF_MAYBE(lease, record.lease) holder = kj::str("\"", lease->owner, "\" holds it");
  return refused(write,
      kj::str("the lease on \"", record.id, "\" is lost: epoch ", epoch,
          " is over, the record is at ", record.epoch, " and ", holder));
}

void lend(Record& record, const LeaseRequest& request, kj::Date now) {
  auto expires = wholeMicros(now + request.duration);
  record.lease = Lease{kj::str(request.owner), expires};
  record.due = expires;
}

void take(Record& record, const LeaseRequest& request, kj::Date now) {
  lend(record, request, now);
  ++record.epoch;
}

void settle(Record& record, PromiseState state, kj::Date when) {
  record.state = state;
  record.settled = when;
  record.lease = nullptr;
  record.due = nullptr;
}

// Settles it as `how` says.
void settle(Record& record, const Settlement& how, kj::Date when) {
  auto outcome = how.clone();
  settle(record, outcome.state, when);
  record.value = kj::mv(outcome.value);
  record.error = kj::mv(outcome.error);
}

bool isHeldBy(const Record& record, kj::StringPtr owner) {
  KJ_IF_MAYBE(lease, record.lease) return lease->owner == owner;
  return false;
}

// ---- Each request, on a record that is as of now ----

Record newRecord(const Creation& creation, kj::Date now) {
  auto& request = creation.request;
  Record record;
  record.id = kj::str(request.id);
  record.call = request.call.clone();
  record.digest = kj::heapArray<kj::byte>(creation.digest);
  record.parent = request.parent.map([](const kj::String& s) { return kj::str(s); });
  record.root = creation.root.map([](const kj::String& s) { return kj::str(s); });
  record.deadline = request.deadline;
  record.tags = KJ_MAP(tag, request.tags) { return kj::str(tag); };
  record.created = now;
  KJ_IF_MAYBE(deadline, record.deadline) {
    if (*deadline <= now) {
      settle(record, PromiseState::TIMEDOUT, now);
      return record;
    }
  }
  if (record.call.target.size() > 0) record.due = now;
  KJ_IF_MAYBE(lease, request.lease) take(record, *lease, now);
  KJ_IF_MAYBE(settlement, request.settlement) settle(record, *settlement, now);
  return record;
}

Verdict rule(Record& record, const Creation& creation, Write projected, kj::Date now) {
  auto& request = creation.request;
  bool same = record.digest.asPtr() == creation.digest.asPtr();
  if (record.isSettled()) {
    if (same || request.repetition == Repetition::CONVERGE) return accepted(projected);
    auto verdict = idTaken(record, creation);
    verdict.write = projected;
    return verdict;
  }
  if (!same) return idTaken(record, creation);
  KJ_IF_MAYBE(lease, request.lease) {
    if (isDue(record, now)) {
      take(record, *lease, now);
      return accepted(Write::UPDATE);
    }
  }
  KJ_IF_MAYBE(settlement, request.settlement) {
    if (record.call.target.size() == 0 || isDue(record, now)) {
      settle(record, *settlement, now);
      return accepted(Write::UPDATE);
    }
  }
  return accepted(Write::NONE);
}

Verdict rule(Record& record, const SettleRequest& request, Write projected, kj::Date now) {
  if (record.isSettled()) {
    if (request.repetition == Repetition::CONVERGE ||
        hasOutcome(record, request.state, request.value, request.error)) {
      return accepted(projected);
    }
    return refused(projected,
        kj::str("the promise \"", record.id, "\" is ", nameOf(record.state),
            " already, and cannot be ", nameOf(request.state),
            record.state == request.state ? " otherwise" : ""));
  }
  KJ_IF_MAYBE(epoch, request.epoch) {
    if (*epoch != record.epoch) return leaseLost(record, *epoch, Write::NONE);
  }
  settle(record, request.state, now);
  record.value = kj::heapArray<kj::byte>(request.value);
  record.error = request.error.map([](const PromiseError& e) { return e.clone(); });
  return accepted(Write::UPDATE);
}

// What a reader sees is the same whether or not anybody writes it down.
Verdict rule(Record&, const FindRequest&, Write, kj::Date) { return accepted(Write::NONE); }

Verdict rule(Record&, const ExpireRequest&, Write projected, kj::Date) {
  return accepted(projected);
}

Verdict rule(Record& record, const AwaitRequest&, Write projected, kj::Date) {
  if (record.isSettled() || record.awaited) return accepted(projected);
  record.awaited = true;
  return accepted(Write::UPDATE);
}

Verdict rule(Record& record, const TakeRequest& request, Write projected, kj::Date now) {
  if (!isDue(record, now)) {
    return refused(projected, kj::str("the promise \"", record.id, "\" is not due"));
  }
  take(record, request.lease, now);
  return accepted(Write::UPDATE);
}

Verdict rule(Record& record, const RenewRequest& request, Write projected, kj::Date now) {
  if (record.isSettled()) return accepted(projected);
  if (request.epoch != record.epoch || !isHeldBy(record, request.lease.owner)) {
    return leaseLost(record, request.epoch, Write::NONE);
  }
  lend(record, request.lease, now);
  return accepted(Write::UPDATE);
}

Verdict rule(Record& record, const ReleaseRequest& request, Write projected, kj::Date now) {
  if (record.isSettled()) return accepted(projected);
  if (request.epoch != record.epoch) return leaseLost(record, request.epoch, Write::NONE);
  if (record.lease == nullptr) return accepted(Write::NONE);
  if (!isHeldBy(record, request.owner)) return leaseLost(record, request.epoch, Write::NONE);
  record.lease = nullptr;
  record.due = wholeMicros(now + request.delay);
  return accepted(Write::UPDATE);
}

Verdict rule(Record& record, const ParkRequest& request, Write projected, kj::Date now) {
  if (record.isSettled()) return accepted(projected);
  if (record.isParked() && record.epoch == epochAfterParking(request.epoch)) {
    return accepted(Write::NONE);
  }
  if (request.epoch != record.epoch || !isHeldBy(record, request.owner)) {
    return leaseLost(record, request.epoch, Write::NONE);
  }
  record.lease = nullptr;
  record.due = wholeMicros(now + request.delay);
  record.epoch = epochAfterParking(record.epoch);
  return accepted(Write::UPDATE);
}

Verdict rule(Record& record, const WakeRequest&, Write projected, kj::Date now) {
  if (!record.isParked() || isDue(record, now)) return accepted(projected);
  record.due = now;
  return accepted(Write::UPDATE);
}

// ---- Each request, where there is no record ----

Verdict ruleForNothing(kj::Maybe<Record>& record, const Creation& creation, kj::Date now) {
  record = newRecord(creation, now);
  return accepted(Write::INSERT);
}
Verdict ruleForNothing(kj::Maybe<Record>&, const FindRequest&, kj::Date) {
  return accepted(Write::NONE);
}
Verdict ruleForNothing(kj::Maybe<Record>&, const ExpireRequest&, kj::Date) {
  return accepted(Write::NONE);
}
Verdict ruleForNothing(kj::Maybe<Record>&, const WakeRequest&, kj::Date) {
  return accepted(Write::NONE);
}
template <typename R>
Verdict ruleForNothing(kj::Maybe<Record>&, const R& request, kj::Date) {
  return notFound(request.id);
}

template <typename R>
Verdict carryOut(kj::Maybe<Record>& record, const R& request, kj::Date now) {
  KJ_IF_MAYBE(r, record) {
    auto projected = project(*r, now) == Projected::TIMEDOUT ? Write::UPDATE : Write::NONE;
    return rule(*r, request, projected, now);
  }
  return ruleForNothing(record, request, now);
}

// Calls `use` with what `request` is.
template <typename Use>
auto visit(const Request& request, Use&& use) {
  KJ_SWITCH_ONEOF(request) {
    KJ_CASE_ONEOF(r, Creation) return use(r);
    KJ_CASE_ONEOF(r, SettleRequest) return use(r);
    KJ_CASE_ONEOF(r, FindRequest) return use(r);
    KJ_CASE_ONEOF(r, AwaitRequest) return use(r);
    KJ_CASE_ONEOF(r, ExpireRequest) return use(r);
    KJ_CASE_ONEOF(r, TakeRequest) return use(r);
    KJ_CASE_ONEOF(r, RenewRequest) return use(r);
    KJ_CASE_ONEOF(r, ReleaseRequest) return use(r);
    KJ_CASE_ONEOF(r, ParkRequest) return use(r);
    KJ_CASE_ONEOF(r, WakeRequest) return use(r);
  }
  KJ_UNREACHABLE;
}

kj::StringPtr requestId(const Creation& creation) { return creation.request.id; }
template <typename R>
kj::StringPtr requestId(const R& request) {
  return request.id;
}

}  // namespace

bool hasOutcome(const Record& record, PromiseState state, kj::ArrayPtr<const kj::byte> value,
    const kj::Maybe<PromiseError>& error) {
  if (record.state != state || record.value.asPtr() != value) return false;
  KJ_IF_MAYBE(mine, record.error) {
    KJ_IF_MAYBE(theirs, error) return mine->type == theirs->type && mine->text == theirs->text;
    return false;
  }
  return error == nullptr;
}

kj::StringPtr idOf(const Request& request) {
  return visit(request, [](auto& r) { return requestId(r); });
}

Verdict transition(kj::Maybe<Record>& record, const Request& request, kj::Date now) {
  return visit(request, [&](auto& r) { return carryOut(record, r, now); });
}

Verdict transition(kj::Maybe<Record>& record, const Creation& creation, kj::Date now) {
  return carryOut(record, creation, now);
}

bool wouldFulfill(const kj::Maybe<Record>& record, const Creation& creation, kj::Date now) {
  auto after = record.map([](const Record& r) { return r.clone(); });
  auto verdict = transition(after, creation, now);
  if (verdict.refusal != nullptr || verdict.write == Write::NONE) return false;
  return KJ_ASSERT_NONNULL(after).state == PromiseState::FULFILLED;
}

void requireLease(const kj::Maybe<Record>& record, const LeaseFence& fence, kj::Date now) {
  auto verdict = notFound(fence.id);
  KJ_IF_MAYBE(r, record) {
    auto projected = r->clone();
    project(projected, now);
    bool isHeld = !projected.isSettled() && projected.epoch == fence.epoch;
    if (isHeld && isHeldBy(projected, fence.owner)) return;
    verdict = leaseLost(projected, fence.epoch, Write::NONE);
  }
  kj::throwFatalException(kj::mv(KJ_ASSERT_NONNULL(verdict.refusal)));
}

Projected project(Record& record, kj::Date now) {
  if (record.isSettled()) return Projected::SAME;
  KJ_IF_MAYBE(deadline, record.deadline) {
    if (*deadline <= now) {
      settle(record, PromiseState::TIMEDOUT, *deadline);
      return Projected::TIMEDOUT;
    }
  }
  return Projected::SAME;
}

kj::Maybe<kj::StringPtr> findParked(const Record& record) {
  if (!record.isSettled() || !record.awaited) return nullptr;
  return record.parent.map([](const kj::String& parent) -> kj::StringPtr { return parent; });
}

bool isDue(const Record& record, kj::Date now) {
  if (record.isSettled()) return false;
  KJ_IF_MAYBE(due, record.due) return *due <= now;
  return false;
}

void adopt(Creation& creation, const Record& parent) {
  KJ_IF_MAYBE(root, parent.root) {
    creation.root = kj::str(*root);
  } else {
    creation.root = kj::str(parent.id);
  }
  KJ_IF_MAYBE(bound, parent.deadline) {
    auto& deadline = creation.request.deadline;
    KJ_IF_MAYBE(own, deadline) {
      deadline = kj::min(*own, *bound);
    } else {
      deadline = *bound;
    }
  }
}

}  // namespace troth
