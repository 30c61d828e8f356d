#include "random-walk-model.h"

namespace troth {
namespace {

using Promise = std::optional<ModelPromise>;

ModelReply refuse(const Promise& promise, std::string why) { return {promise, kj::mv(why)}; }

void lend(ModelPromise& promise, const ModelRequest& request, Micros now) {
  promise.owner = request.owner;
  promise.leaseEnd = now + request.duration;
  promise.due = promise.leaseEnd;
}

void endLease(ModelPromise& promise) {
  promise.owner.clear();
  promise.leaseEnd.reset();
  promise.due.reset();
}

void settle(ModelPromise& promise, PromiseState state, Micros when) {
  promise.state = state;
  promise.settled = when;
  endLease(promise);
}

void settle(ModelPromise& promise, const ModelRequest& request, Micros now) {
  settle(promise, request.state, now);
  promise.outcome = request.outcome;
}

ModelReply create(Promise& promise, const ModelRequest& request, Micros now) {
  if (request.isParentMissing) return refuse(promise, "does not exist");
  auto& wanted = request.wanted;
  if (promise) {
    bool differs = wanted.target != promise->target || wanted.params != promise->params;
    if (differs && (promise->isPending() || request.isStrict)) return refuse(promise, "is taken");
    if (!request.owner.empty() && promise->isDue(now)) {
      lend(*promise, request, now);
      promise->epoch++;
    }
    bool isFree = promise->target.empty() ? promise->isPending() : promise->isDue(now);
    if (request.isSettled && isFree) settle(*promise, request, now);
    return {promise, ""};
  }
  promise = wanted;
  promise->created = now;
  if (wanted.deadline && *wanted.deadline <= now) {
    settle(*promise, PromiseState::TIMEDOUT, now);
    return {promise, ""};
  }
  if (!wanted.target.empty()) promise->due = now;
  if (!request.owner.empty()) {
    lend(*promise, request, now);
    promise->epoch = 1;
  }
  if (request.isSettled) settle(*promise, request, now);
  return {promise, ""};
}

ModelReply settle(Promise& promise, const ModelRequest& request, Micros now) {
  if (!promise->isPending()) {
    bool same = promise->state == request.state && promise->outcome == request.outcome;
    if (request.isStrict && !same) return refuse(promise, "already, and cannot be");
    return {promise, ""};
  }
  if (request.epoch && *request.epoch != promise->epoch) return refuse(promise, "is lost");
  settle(*promise, request, now);
  return {promise, ""};
}

ModelReply renew(Promise& promise, const ModelRequest& request, Micros now) {
  if (!promise->isPending()) return {promise, ""};
  if (request.epoch != promise->epoch || promise->owner != request.owner) {
    return refuse(promise, "is lost");
  }
  lend(*promise, request, now);
  return {promise, ""};
}

ModelReply release(Promise& promise, const ModelRequest& request, Micros now) {
  if (!promise->isPending()) return {promise, ""};
  if (request.epoch != promise->epoch) return refuse(promise, "is lost");
  if (promise->owner.empty()) return {promise, ""};
  if (promise->owner != request.owner) return refuse(promise, "is lost");
  endLease(*promise);
  promise->due = now + request.duration;
  return {promise, ""};
}

ModelReply take(Promise& promise, const ModelRequest& request, Micros now) {
  if (!promise->isDue(now)) return refuse(promise, "is not due");
  lend(*promise, request, now);
  promise->epoch++;
  return {promise, ""};
}

kj::Date toDate(Micros micros) { return kj::UNIX_EPOCH + micros * kj::MICROSECONDS; }

kj::Maybe<kj::Date> toDate(std::optional<Micros> micros) {
  if (micros) return toDate(*micros);
  return nullptr;
}

kj::Maybe<kj::String> toName(const std::string& name) {
  if (name.empty()) return nullptr;
  return kj::str(name.c_str());
}

Record toRecord(const ModelPromise& promise) {
  Record record;
  record.id = kj::str(promise.id.c_str());
  record.call.target = kj::str(promise.target.c_str());
  record.call.params = bytesOf(promise.params.c_str());
  record.parent = toName(promise.parent);
  record.root = toName(promise.root);
  record.deadline = toDate(promise.deadline);
  if (!promise.tag.empty()) record.tags = kj::arr(kj::str(promise.tag.c_str()));
  record.created = toDate(promise.created);
  record.state = promise.state;
  if (promise.state == PromiseState::FULFILLED) {
    record.value = bytesOf(promise.outcome.c_str());
  } else if (!promise.isPending() && promise.state != PromiseState::TIMEDOUT) {
    record.error = PromiseError{kj::Exception::Type::FAILED, kj::str(promise.outcome.c_str())};
  }
  record.settled = toDate(promise.settled);
  if (promise.leaseEnd) {
    record.lease = Lease{kj::str(promise.owner.c_str()), toDate(*promise.leaseEnd)};
  }
  record.epoch = promise.epoch;
  record.due = toDate(promise.due);
  return record;
}

bool matches(const std::string& answer, const ModelReply& reply) {
  constexpr char REFUSED[] = "refused: ";
  if (answer.compare(0, strlen(REFUSED), REFUSED) == 0) {
    return !reply.refusal.empty() && answer.find(reply.refusal) != std::string::npos;
  }
  return reply.refusal.empty() &&
      answer == (reply.promise ? show(*reply.promise) : std::string("no record"));
}

// The search for an order.
class Explanation {
public:
  Explanation(const std::vector<Observation>& observations, const Observation& last, Micros now)
      : observations(observations), last(last), now(now), used(observations.size()) {}

  bool find(Promise& promise) {
    if (isEnough()) {
      auto after = promise;
      if (matches(*last.answer, carryOut(after, last.request, now))) {
        promise = after;
        return true;
      }
    }
    for (size_t i = 0; i < observations.size(); ++i) {
      if (!used[i] && tryNext(promise, i)) return true;
    }
    return false;
  }

private:
  const std::vector<Observation>& observations;
  const Observation& last;
  Micros now;
  std::vector<bool> used;

  bool isEnough() const {
    for (size_t i = 0; i < observations.size(); ++i) {
      if (!used[i] && observations[i].answer) return false;
    }
    return true;
  }

  bool tryNext(Promise& promise, size_t i) {
    auto& [request, answer] = observations[i];
    auto after = promise;
    auto reply = carryOut(after, request, now);
    if (answer && !matches(*answer, reply)) return false;
    used[i] = true;
    bool found = find(after);
    used[i] = false;
    if (found) promise = after;
    return found;
  }
};

}  // namespace

void passTime(Promise& promise, Micros now) {
  if (promise && promise->isPending() && promise->deadline && *promise->deadline <= now) {
    settle(*promise, PromiseState::TIMEDOUT, *promise->deadline);
  }
}

ModelReply carryOut(Promise& promise, const ModelRequest& request, Micros now) {
  passTime(promise, now);
  if (request.kind == ModelRequest::CREATE) return create(promise, request, now);
  if (request.kind == ModelRequest::FIND) return {promise, ""};
  if (!promise) return refuse(promise, "there is no promise");
  switch (request.kind) {
    case ModelRequest::SETTLE: return settle(promise, request, now);
    case ModelRequest::RENEW: return renew(promise, request, now);
    case ModelRequest::RELEASE: return release(promise, request, now);
    default: return take(promise, request, now);
  }
}

std::string describe(const ModelRequest& request) {
  static const char* const NAMES[] = {"create", "settle", "find", "renew", "release", "take"};
  auto epoch = request.epoch ? std::to_string(*request.epoch) : "none";
  return kj::str(NAMES[request.kind], ' ', request.id.c_str(), request.isStrict ? ", strict" : "",
      request.isSettled ? ", settled" : "", ", wanted {", show(request.wanted).c_str(),
      request.isParentMissing ? "}, no parent" : "}", ", owner \"", request.owner.c_str(),
      "\" for ", request.duration, ", to ", nameOf(request.state), " \"", request.outcome.c_str(),
      "\" at epoch ", epoch.c_str())
      .cStr();
}

std::string show(const ModelPromise& promise) { return show(toRecord(promise)); }

bool explain(Promise& promise, const std::vector<Observation>& observations,
    const Observation& last, Micros now) {
  passTime(promise, now);
  return Explanation(observations, last, now).find(promise);
}

}  // namespace troth
