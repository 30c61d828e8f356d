#pragma once
// Requests that the tests of stores make, each as short as what it is about.

#include "records.h"

namespace troth {

// A promise that is settled from outside.
inline CreateRequest outside(kj::StringPtr id) {
  CreateRequest request;
  request.id = kj::str(id);
  return request;
}

// A promise that a worker settles.
inline CreateRequest work(kj::StringPtr id, kj::StringPtr target = "bank") {
  auto request = outside(id);
  request.call = {kj::str(target), 0xfedcba9876543210, 7, bytesOf("params")};
  return request;
}

inline CreateRequest leased(kj::StringPtr id, kj::StringPtr owner) {
  auto request = work(id);
  request.lease = LeaseRequest{kj::str(owner)};
  return request;
}

inline CreateRequest child(kj::StringPtr id, kj::StringPtr parent) {
  auto request = outside(id);
  request.parent = kj::str(parent);
  return request;
}

inline CreateRequest withDeadline(CreateRequest request, kj::Date deadline) {
  request.deadline = deadline;
  return request;
}

inline CreateRequest strictly(CreateRequest request) {
  request.repetition = Repetition::STRICT;
  return request;
}

inline SettleRequest fulfill(kj::StringPtr id, kj::StringPtr value = "value") {
  return {.id = kj::str(id), .value = bytesOf(value)};
}

inline SettleRequest fail(kj::StringPtr id, PromiseState state, kj::StringPtr why) {
  SettleRequest request{.id = kj::str(id), .state = state};
  request.error = PromiseError{kj::Exception::Type::FAILED, kj::str(why)};
  return request;
}

inline SettleRequest reject(kj::StringPtr id, kj::StringPtr why = "because") {
  return fail(id, PromiseState::REJECTED, why);
}

inline SettleRequest cancel(kj::StringPtr id, kj::StringPtr why = "because") {
  return fail(id, PromiseState::CANCELED, why);
}

inline SettleRequest strictly(SettleRequest request) {
  request.repetition = Repetition::STRICT;
  return request;
}

inline SettleRequest atEpoch(SettleRequest request, uint64_t epoch) {
  request.epoch = epoch;
  return request;
}

inline RenewRequest renewal(kj::StringPtr id, uint64_t epoch, kj::StringPtr owner) {
  return {kj::str(id), epoch, {kj::str(owner)}};
}

inline ReleaseRequest releasing(
    kj::StringPtr id, uint64_t epoch, kj::StringPtr owner, kj::Duration delay = 0 * kj::SECONDS) {
  return {kj::str(id), epoch, kj::str(owner), delay};
}

// A claim's promises, without their children.
inline constexpr auto recordsOf = [](kj::Array<Claimed> claimed) {
  return KJ_MAP(one, claimed) { return kj::mv(one.record); };
};

// The ids of records, with commas between them.
template <typename Records>
std::string idsOf(const Records& records) {
  return kj::strArray(
      KJ_MAP(record, records) { return kj::str(record.id); }, ",")
      .cStr();
}

// Texts that mean something to a database, if they ever get where they do not belong.
extern const kj::ArrayPtr<const kj::StringPtr> TRICKY_TEXTS;

}  // namespace troth
