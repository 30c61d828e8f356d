#pragma once
// A Record is a durable promise as a store keeps it.
//
// It has an id chosen by its maker, says what was asked for, and starts pending. It settles once,
// for good: what a record says of the request, and its outcome once it has one, never change.
//
// Times are the store's, in whole microseconds.

#include <kj/array.h>
#include <kj/exception.h>
#include <kj/string.h>
#include <kj/time.h>

#include <cstdint>

namespace troth {

// PENDING, then for ever one of the others.
enum class PromiseState : uint8_t { PENDING, FULFILLED, REJECTED, CANCELED, TIMEDOUT };

constexpr size_t DIGEST_BYTES = 32;

constexpr PromiseState PROMISE_STATES[] = {PromiseState::PENDING, PromiseState::FULFILLED,
    PromiseState::REJECTED, PromiseState::CANCELED, PromiseState::TIMEDOUT};

// The word for a state in SQL, on the command line and in messages: "pending", "timedout".
kj::StringPtr nameOf(PromiseState state);
kj::Maybe<PromiseState> findState(kj::StringPtr name);

// What a durable promise waits for. A promise that is settled from outside names no target.
struct CallRequest {
  // The sturdy ref of the object that is called, or its name. Whoever serves it claims the call.
  kj::String target;

  uint64_t interfaceId = 0;
  uint16_t methodId = 0;

  // A message in Cap'n Proto's standard framing, whose root is a Message of
  // schema/troth/stored.capnp; empty if there are no parameters.
  kj::Array<const kj::byte> params;

  CallRequest clone() const;
};

// Why a promise was rejected or canceled.
struct PromiseError {
  kj::Exception::Type type = kj::Exception::Type::FAILED;
  kj::String text;

  PromiseError clone() const;
};

// How a promise settles, other than by its deadline.
struct Settlement {
  // FULFILLED with `value`, or REJECTED or CANCELED with `error`.
  PromiseState state = PromiseState::FULFILLED;
  kj::Array<const kj::byte> value = nullptr;
  kj::Maybe<PromiseError> error = nullptr;

  Settlement clone() const;
};

// The right of one vat, for a limited time, to work on a pending promise.
struct Lease {
  kj::String owner;
  kj::Date expires = kj::UNIX_EPOCH;

  Lease clone() const;
};

// How often a promise was leased since it was made, or parked last: how often its code was started.
// The lower half of an epoch; the upper one is how often it was parked.
constexpr uint32_t triesOf(uint64_t epoch) { return static_cast<uint32_t>(epoch); }
constexpr uint64_t epochAfterParking(uint64_t epoch) { return ((epoch >> 32) + 1) << 32; }

struct Record {
  kj::String id;
  CallRequest call;

  // SHA-256 of what was asked for: target, method, parameters and parent. Two requests are the same
  // if these are.
  kj::Array<const kj::byte> digest;

  // The promise that this one is a part of, and the one at the top of that tree. A promise at the
  // top has neither.
  kj::Maybe<kj::String> parent;
  kj::Maybe<kj::String> root;

  // When it settles as timedout. At that time, and later, nothing else can settle it.
  kj::Maybe<kj::Date> deadline;

  // Sorted, without repetitions.
  kj::Array<kj::String> tags;
  kj::Date created = kj::UNIX_EPOCH;

  PromiseState state = PromiseState::PENDING;

  // The outcome, once it has settled: a message like `call.params` if it is fulfilled, an error if
  // it is rejected or canceled.
  kj::Array<const kj::byte> value;
  kj::Maybe<PromiseError> error;
  kj::Maybe<kj::Date> settled;

  // Who works on it, if anybody does; a pending promise only.
  kj::Maybe<Lease> lease;

  // Grows whenever it is leased or parked, and fences: whoever knows an earlier one has lost the
  // lease. See triesOf().
  uint64_t epoch = 0;

  // When a worker may claim it: at once, after its lease, or after a delay. Null if none ever may.
  kj::Maybe<kj::Date> due;

  // Whether another process may be waiting for it to settle.
  bool awaited = false;

  bool isSettled() const { return state != PromiseState::PENDING; }

  // Whether nobody is to claim it before it is due, or one of its parts settles.
  bool isParked() const {
    return !isSettled() && lease == nullptr && epoch > 0 && triesOf(epoch) == 0;
  }

  Record clone() const;
};

}  // namespace troth
