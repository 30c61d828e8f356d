#include "pg-kept-step.h"

#include <kj/debug.h>

namespace troth::pg {
namespace {

bool isSame(const kj::Maybe<kj::Date>& a, const kj::Maybe<kj::Date>& b) {
  KJ_IF_MAYBE(left, a) {
    KJ_IF_MAYBE(right, b) return *left == *right;
    return false;
  }
  return b == nullptr;
}

bool is(const kj::Maybe<kj::String>& text, kj::StringPtr wanted) {
  KJ_IF_MAYBE(t, text) return *t == wanted;
  return false;
}

kj::StringPtr rootOf(const Record& record) {
  KJ_IF_MAYBE(root, record.root) return *root;
  return record.id;
}

// Whether `record` was made with its outcome, and asks nobody for anything.
bool isBareStep(const Record& record) {
  return record.state == PromiseState::FULFILLED && isSame(record.settled, record.created) &&
      record.call.target.size() == 0 && record.call.interfaceId == 0 && record.call.methodId == 0 &&
      record.tags.size() == 0 && record.epoch == 0 && !record.awaited;
}

kj::StringPtr afterLastDot(kj::StringPtr id) {
  KJ_IF_MAYBE(dot, id.findLast('.')) return id.slice(*dot + 1);
  return "";
}

}  // namespace

kj::Maybe<kj::String> findKeeper(kj::StringPtr id) {
  auto digits = afterLastDot(id);
  KJ_IF_MAYBE(number, digits.tryParseAs<int32_t>()) {
    bool isCanonical = *number > 0 && kj::str(*number) == digits;
    if (isCanonical) return kj::heapString(id.slice(0, id.size() - digits.size() - 1));
  }
  return nullptr;
}

int32_t stepNumberOf(kj::StringPtr id) { return afterLastDot(id).parseAs<int32_t>(); }

bool canKeep(const Record& call, const Record& step) {
  return call.state == PromiseState::FULFILLED && call.epoch == 1 && isBareStep(step) &&
      is(step.parent, call.id) && is(step.root, rootOf(call)) && is(findKeeper(step.id), call.id) &&
      isSame(step.deadline, call.deadline) && step.created >= call.created &&
      step.created - call.created <= KEPT_STEP_AGE_MAX;
}

}  // namespace troth::pg
