// Durable calls as their caller makes them.

#include <kj/debug.h>
#include <string.h>
#include <troth/durability.h>
#include <troth/durable-id.h>
#include <troth/pending-call.h>
#include <troth/retry.h>

#include "invoke-form.h"

namespace troth {
namespace _ {
namespace {

constexpr kj::StringPtr RECORDED = "recorded: "_kj;

// Asks until there is an answer: what bounds the calls that are asked for again is that each is one
// record.
RetryPolicy untilItIsKnown() {
  static thread_local RetryBudget unlimited({.perCall = 0, .perSecond = 1e9, .most = 1e9});
  return {.attemptsMax = kj::maxValue,
      .delayFirst = 50 * kj::MILLISECONDS,
      .delayMax = 5 * kj::SECONDS,
      .timeMax = DEADLINE_MAX,
      .retryBudget = unlimited};
}

}  // namespace

void addRecordedMark(kj::Exception& exception) {
  auto type = exception.getType();
  if (type == kj::Exception::Type::OVERLOADED || type == kj::Exception::Type::DISCONNECTED) {
    exception.setDescription(kj::str(RECORDED, exception.getDescription()));
  }
}

Mark removeRecordedMark(kj::Exception& exception) {
  auto text = exception.getDescription();
  auto mark = strstr(text.cStr(), RECORDED.cStr());
  if (mark == nullptr) return Mark::NONE;
  exception.setDescription(kj::str(text.slice(0, mark - text.begin()), mark + RECORDED.size()));
  return Mark::REMOVED;
}

void PendingCall::makeDurable(kj::String id, kj::String parent) {
  KJ_REQUIRE(!isRecorded(), "a call in the body of a map cannot be durable");
  KJ_REQUIRE(plan == nullptr, "a map cannot be durable; make a call durable that does it");
  KJ_REQUIRE(durable == nullptr, "durable() was asked for twice", id);
  KJ_REQUIRE(id.size() > 0, "a durable call needs an id that is not empty");
  retry(untilItIsKnown());
  durable = kj::heap<Durable>(
      Durable{.id = kj::mv(id), .parent = kj::mv(parent), .cancelReason = nullptr});
}

void PendingCall::cancelDurable(kj::String reason) {
  KJ_ASSERT_NONNULL(durable)->cancelReason = kj::mv(reason);
  // What has not been sent goes out so.
  if (state != State::SENT) return;
  setAside();
  queueAgain();
}

// Where the target does not take a durable call. Whether the call is to be sent all the same,
// because the target is broken and will say why. If it is not known yet, the call waits for it.
bool PendingCall::requireDurable() {
  auto& object = innermostTarget();
  if (object.isError()) return true;
  KJ_IF_MAYBE(resolved, object.whenMoreResolved()) {
    state = State::WAITING;
    KJ_ASSERT_NONNULL(durable)->resolving = resolved->ignoreResult()
                                                .catch_([](kj::Exception&&) {})
                                                .then([this]() { queueAgain(); })
                                                .eagerlyEvaluate(nullptr);
    return false;
  }
  retried = false;
  kj::throwFatalException(KJ_EXCEPTION(FAILED,
      "a durable call was made on an object whose vat records no calls, because it is not a Troth "
      "server"));
}

}  // namespace _

void DurableId::throwNotDurable() {
  kj::throwFatalException(KJ_EXCEPTION(FAILED,
      "this call is not durable, and so has no ids for calls that it makes: give the call an id of "
      "its own"));
}

void _::applyDurable(PendingCall& call, const DurableId& id) {
  KJ_IF_MAYBE(context, id.getContext()) {
    auto parent = kj::str(context->getId());
    call.makeDurable(context->adopt(kj::addRef(call)), kj::mv(parent));
  } else {
    call.makeDurable(kj::str(id.getText()), kj::String());
  }
}

}  // namespace troth
