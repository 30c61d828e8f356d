#include <kj/debug.h>
#include <troth/recorder.h>

#include "invoke-form.h"

namespace troth::_ {

namespace {

constexpr Method ELEMENT{0, 0, "List", "map"};

thread_local Recorder* recording = nullptr;

// Parameters may hold what a body made only where a hole can be.
void requireNoneRecorded(capnp::BuilderCapabilityTable& capabilities) {
  for (auto& slot: capabilities.getTable()) {
    KJ_IF_MAYBE(hook, slot) {
      KJ_IF_MAYBE(promised, PromisedRef::from(**hook)) {
        KJ_REQUIRE(promised->getRecordedSource() == nullptr,
            "in the body of map, an object can be a parameter but not a part of one");
      }
    }
  }
}

}  // namespace

kj::Exception recordedOnly() {
  return KJ_EXCEPTION(FAILED,
      "the body of map is only recorded: its values are neither awaited in it nor used outside");
}

bool Body::owns(const PendingCall& call) const {
  return &call == element.get() || findStep(call) != nullptr;
}

kj::Maybe<uint> Body::findStep(const PendingCall& call) const {
  for (uint i = 0; i < steps.size(); ++i) {
    if (steps[i].get() == &call) return i;
  }
  return nullptr;
}

// What a map inside the body gives has no name on the wire.
void Recorder::requireReturnedOnly(PendingCall& call) {
  auto require = [](const Source& source) {
    KJ_REQUIRE(!source.call->isRecorded() || source.call->plan == nullptr,
        "the list that a map in the body of map gives can only be returned from there");
  };
  for (auto& hole: call.holes) require(hole->source);
  KJ_IF_MAYBE(promised, PromisedRef::from(*call.target)) {
    KJ_IF_MAYBE(source, promised->getRecordedSource()) {
      require(*source);
    }
  }
}

Recorder::Recorder(): body(kj::refcounted<Body>()), outer(recording) {
  uint nesting = 1;
  for (auto at = outer; at != nullptr; at = at->outer) ++nesting;
  KJ_REQUIRE(nesting <= Body::NESTING_MAX, "too many maps inside each other", nesting);
  recording = this;
  auto hint = SizeHint::of(capnp::MessageSize{0, 0});
  body->element = kj::refcounted<PendingCall>(
      ELEMENT, capnp::newBrokenCap(recordedOnly()), hint, PendingCall::Results::OBJECTS);
  body->element->state = PendingCall::State::RECORDED;
}

Recorder::~Recorder() noexcept(false) { recording = outer; }

kj::Maybe<Recorder&> Recorder::current() {
  if (recording == nullptr) return nullptr;
  return *recording;
}

Source Recorder::getElement() { return {kj::addRef(*body->element), nullptr}; }

void Recorder::add(PendingCall& call) {
  KJ_REQUIRE(call.kind == PendingCall::Kind::PLAIN,
      "a streaming method cannot be called in the body of map", call.method.name);
  requireReturnedOnly(call);
  KJ_REQUIRE(
      body->steps.size() < Body::STEPS_MAX, "the body of map has too many steps", Body::STEPS_MAX);
  requireNoneRecorded(KJ_ASSERT_NONNULL(call.draft)->capabilities);
  body->steps.add(kj::addRef(call));
}

kj::Own<Body> Recorder::finish(Source result) {
  if (awaited) kj::throwFatalException(recordedOnly());
  KJ_REQUIRE(result.call.get() == body->element.get() || body->findStep(*result.call) != nullptr,
      "the body of map must return something that it made from the element");
  KJ_REQUIRE(result.call->plan == nullptr || result.path == nullptr,
      "the list that a map in the body of map gives can only be returned as a whole");
  body->result = kj::mv(result);
  return kj::addRef(*body);
}

kj::Own<Body> Recorder::finish(capnp::ClientHook& result) {
  KJ_IF_MAYBE(promised, PromisedRef::from(result)) {
    KJ_IF_MAYBE(source, promised->getRecordedSource()) {
      return finish(kj::mv(*source));
    }
  }
  KJ_FAIL_REQUIRE("the body of map must return something that it made from the element");
}

bool PendingCall::recordArgument(Field param, capnp::ClientHook& ref) {
  if (Recorder::current() == nullptr) return false;
  KJ_IF_MAYBE(promised, PromisedRef::from(ref)) {
    KJ_IF_MAYBE(source, promised->getRecordedSource()) {
      auto fill = [pointer = param.pointer](
                      capnp::AnyPointer::Builder params, const Source& source) {
        params.getAs<capnp::AnyStruct>().getPointerSection()[pointer].setAs<capnp::Capability>(
            capnp::Capability::Client(source.getObject()));
      };
      addHole(param, kj::mv(*source), kj::mv(fill));
      return true;
    }
  }
  return false;
}

// A call that is really sent has nothing in it that is only recorded.
void PendingCall::requireOutsideBodies() {
  bool recorded = false;
  KJ_IF_MAYBE(promised, PromisedRef::from(*target)) {
    recorded = promised->getRecordedSource() != nullptr;
  }
  for (auto& hole: holes) recorded = recorded || hole->source.call->isRecorded();
  for (auto& argument: arguments) {
    auto& promised = KJ_ASSERT_NONNULL(PromisedRef::from(*argument.ref));
    recorded = recorded || promised.getRecordedSource() != nullptr;
  }
  if (recorded) kj::throwFatalException(recordedOnly());
}

}  // namespace troth::_
