#include <troth/pending-call.h>

namespace troth::_ {

namespace {

// Drops calls one after the other: where each depends on the next, they must not recurse.
void dropCall(kj::Own<PendingCall> call) {
  using Calls = kj::Vector<kj::Own<PendingCall>>;
  static thread_local Calls* dropping = nullptr;
  if (call->isShared()) return;
  if (dropping != nullptr) {
    dropping->add(kj::mv(call));
    return;
  }
  Calls calls;
  dropping = &calls;
  KJ_DEFER(dropping = nullptr);
  while (call.get() != nullptr) {
    call = nullptr;
    if (!calls.empty()) {
      call = kj::mv(calls.back());
      calls.removeLast();
    }
  }
}

}  // namespace

const uint PromisedRef::BRAND = 0;

PromisedRef::PromisedRef(
    kj::Own<PendingCall> call, kj::Array<capnp::PipelineOp> operations, Field field)
    : source(call->getMethod()), field(field), operations(kj::mv(operations)) {
  auto& c = *call;
  call_ = kj::mv(call);
  c.addWaiter(*this);
}

PromisedRef::~PromisedRef() noexcept(false) {
  KJ_IF_MAYBE(call, call_) {
    call->get()->removeWaiter(*this);
    dropCall(kj::mv(*call));
  }
}

kj::Maybe<PromisedRef&> PromisedRef::from(capnp::ClientHook& hook) {
  if (hook.getBrand() == &BRAND) return kj::downcast<PromisedRef>(hook);
  return nullptr;
}

kj::Maybe<const kj::Exception&> PromisedRef::getFailure() const {
  KJ_IF_MAYBE(f, failure) {
    return **f;
  }
  return nullptr;
}

kj::Maybe<PendingCall&> PromisedRef::getCall() {
  return call_.map([](kj::Own<PendingCall>& call) -> PendingCall& { return *call; });
}

capnp::Request<capnp::AnyPointer, capnp::AnyPointer> PromisedRef::newCall(uint64_t interfaceId,
    uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint, CallHints hints) {
  return resolve().newCall(interfaceId, methodId, sizeHint, hints);
}

capnp::ClientHook::VoidPromiseAndPipeline PromisedRef::call(uint64_t interfaceId, uint16_t methodId,
    kj::Own<capnp::CallContextHook>&& context, CallHints hints) {
  return resolve().call(interfaceId, methodId, kj::mv(context), hints);
}

kj::Maybe<capnp::ClientHook&> PromisedRef::getResolved() {
  KJ_IF_MAYBE(hook, resolved) {
    return **hook;
  }
  KJ_IF_MAYBE(call, call_) {
    if (call->get()->isSent()) {
      return *resolved.emplace(call->get()->getPipelined(operations));
    }
  }
  return nullptr;
}

kj::Maybe<kj::Promise<kj::Own<capnp::ClientHook>>> PromisedRef::whenMoreResolved() {
  return kj::Promise<kj::Own<capnp::ClientHook>>(resolve().addRef());
}

void PromisedRef::settled(PendingCall& call) {
  if (resolved == nullptr) resolved = call.getPipelined(operations);
  KJ_IF_MAYBE(f, call.getFailure()) {
    failure = kj::heap(kj::cp(*f));
  }
  call_ = nullptr;
}

// What the ref stands for. Sends its call, and all that were made before it, if they still wait.
capnp::ClientHook& PromisedRef::resolve() {
  if (getResolved() == nullptr) CallQueue::current().flush();
  return KJ_ASSERT_NONNULL(getResolved(), "a call was used while it was being built");
}

}  // namespace troth::_
