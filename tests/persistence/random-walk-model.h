#pragma once
// A model of a store: one promise, and what docs/reference/promise-states.md says of each request,
// in the simplest way that says it. It shares no code with the stores.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "records.h"

namespace troth {

// Microseconds since 1970.
using Micros = int64_t;

struct ModelPromise {
  std::string id;
  std::string target;
  std::string params;
  std::string parent;
  std::string root;
  std::string tag;
  std::optional<Micros> deadline;
  Micros created = 0;
  PromiseState state = PromiseState::PENDING;
  std::string outcome;
  std::optional<Micros> settled;
  std::string owner;
  std::optional<Micros> leaseEnd;
  uint64_t epoch = 0;
  std::optional<Micros> due;

  bool isPending() const { return state == PromiseState::PENDING; }
  bool isDue(Micros now) const { return isPending() && due && *due <= now; }
};

struct ModelRequest {
  enum Kind { CREATE, SETTLE, FIND, RENEW, RELEASE, TAKE } kind = FIND;
  std::string id;
  bool isStrict = false;

  // CREATE: what is asked for. `parent` and all that follows from it are filled in.
  ModelPromise wanted;
  bool isParentMissing = false;

  // Who takes, renews or releases the lease, and for how long, or later; CREATE: empty for no
  // lease.
  std::string owner;
  Micros duration = 0;

  // CREATE: whether it settles at once, which it does without a lease.
  bool isSettled = false;

  // SETTLE, and CREATE if it settles: what the promise comes to.
  PromiseState state = PromiseState::FULFILLED;
  std::string outcome;

  // SETTLE, RENEW, RELEASE
  std::optional<uint64_t> epoch;
};

struct ModelReply {
  // No promise, if none is there.
  std::optional<ModelPromise> promise;

  // What the error has to mention; empty if there is none.
  std::string refusal;
};

// What the deadline does.
void passTime(std::optional<ModelPromise>& promise, Micros now);

// Carries out `request` on the promise with its id.
ModelReply carryOut(std::optional<ModelPromise>& promise, const ModelRequest& request, Micros now);

std::string describe(const ModelRequest& request);

// Like show() of the record without its digest.
std::string show(const ModelPromise& promise);

// A request, and what was seen of its answer.
struct Observation {
  ModelRequest request;

  // As of show(), or "no record"; the error's words after "refused: "; nothing if no answer came.
  std::optional<std::string> answer;
};

// Whether there is an order of the observations, which were made at once, that explains all
// answers, `last` among them, which was made after the others. Leaves the promise as it then is.
// Those without an answer may or may not have happened.
bool explain(std::optional<ModelPromise>& promise, const std::vector<Observation>& observations,
    const Observation& last, Micros now);

}  // namespace troth
