#include <troth/record.h>

namespace troth {
namespace {

template <typename T>
kj::Maybe<T> cloned(const kj::Maybe<T>& value) {
  return value.map([](const T& v) { return v.clone(); });
}

kj::Maybe<kj::String> cloned(const kj::Maybe<kj::String>& value) {
  return value.map([](const kj::String& v) { return kj::str(v); });
}

kj::Array<const kj::byte> cloned(const kj::Array<const kj::byte>& bytes) {
  return kj::heapArray<kj::byte>(bytes);
}

}  // namespace

kj::StringPtr nameOf(PromiseState state) {
  switch (state) {
    case PromiseState::PENDING: return "pending";
    case PromiseState::FULFILLED: return "fulfilled";
    case PromiseState::REJECTED: return "rejected";
    case PromiseState::CANCELED: return "canceled";
    case PromiseState::TIMEDOUT: return "timedout";
  }
  KJ_UNREACHABLE;
}

kj::Maybe<PromiseState> findState(kj::StringPtr name) {
  for (auto state: PROMISE_STATES) {
    if (nameOf(state) == name) return state;
  }
  return nullptr;
}

CallRequest CallRequest::clone() const {
  return {kj::str(target), interfaceId, methodId, cloned(params)};
}

PromiseError PromiseError::clone() const { return {type, kj::str(text)}; }

Settlement Settlement::clone() const {
  return {state, kj::heapArray<kj::byte>(value),
      error.map([](const PromiseError& e) { return e.clone(); })};
}

Lease Lease::clone() const { return {kj::str(owner), expires}; }

Record Record::clone() const {
  return {.id = kj::str(id),
      .call = call.clone(),
      .digest = cloned(digest),
      .parent = cloned(parent),
      .root = cloned(root),
      .deadline = deadline,
      .tags = KJ_MAP(tag, tags){return kj::str(tag);
}
, .created = created, .state = state, .value = cloned(value), .error = cloned(error),
  .settled = settled, .lease = cloned(lease), .epoch = epoch, .due = due, .awaited = awaited,
};  // namespace troth
}

}  // namespace troth
