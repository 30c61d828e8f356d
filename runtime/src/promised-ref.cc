#include <troth/pending-call.h>

namespace troth::_ {

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

const uint PromisedRef::BRAND = 0;

PromisedRef::PromisedRef(kj::Own<PendingCall> call, kj::Maybe<kj::Own<Path>> path)
    : source(call->getMethod()), path(kj::mv(path)) {
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

const char* PromisedRef::getFieldName() const {
  KJ_IF_MAYBE(p, path) {
    return (*p)->field.name;
  }
  return "element";
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

kj::Maybe<Source> PromisedRef::getRecordedSource() {
  KJ_IF_MAYBE(call, getCall()) {
    if (!call->isRecorded()) return nullptr;
    return Source{kj::addRef(*call), Path::share(path)};
  }
  return nullptr;
}

capnp::Request<capnp::AnyPointer, capnp::AnyPointer> PromisedRef::newCall(uint64_t interfaceId,
    uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint, CallHints hints) {
  return resolve().newCall(interfaceId, methodId, sizeHint, hints);
}

capnp::ClientHook::VoidPromiseAndPipeline PromisedRef::call(uint64_t interfaceId, uint16_t methodId,
    kj::Own<capnp::CallContextHook>&& context, CallHints hints) {
  return resolve().call(interfaceId, methodId, kj::mv(context), hints);
}

// Where calls of this thread go now.
kj::Maybe<capnp::ClientHook&> PromisedRef::getCurrent() {
  KJ_IF_MAYBE(hook, resolved) {
    return **hook;
  }
  KJ_IF_MAYBE(call, call_) {
    if (call->get()->isSent()) {
      return *resolved.emplace(call->get()->getObject(Path::refer(path)));
    }
  }
  return nullptr;
}

bool PromisedRef::mayBeReplaced() {
  KJ_IF_MAYBE(call, call_) {
    return call->get()->isRetried() && !resolvedForGood;
  }
  return false;
}

kj::Maybe<capnp::ClientHook&> PromisedRef::getResolved() {
  if (mayBeReplaced()) return nullptr;
  return getCurrent();
}

kj::Maybe<kj::Promise<kj::Own<capnp::ClientHook>>> PromisedRef::whenMoreResolved() {
  if (mayBeReplaced()) {
    return KJ_ASSERT_NONNULL(call_)->whenSettled().then(
        [self = kj::addRef(*this)]() mutable { return self->resolveNow().addRef(); });
  }
  return kj::Promise<kj::Own<capnp::ClientHook>>(resolve().addRef());
}

void PromisedRef::settled(PendingCall& call) {
  // A call that was taken back breaks here, whatever its peer may still say.
  bool takenBack = call.getFailure() != nullptr && !call.isCarried();
  if (resolved == nullptr || takenBack) resolved = call.getObject(Path::refer(path));
  KJ_IF_MAYBE(f, call.getFailure()) {
    failure = kj::heap(kj::cp(*f));
  }
  call_ = nullptr;
}

capnp::ClientHook& PromisedRef::resolve() {
  if (getCurrent() == nullptr) CallQueue::current().flush();
  return mayBeReplaced() ? resolveForGood() : resolveNow();
}

capnp::ClientHook& PromisedRef::resolveNow() {
  KJ_IF_MAYBE(hook, getCurrent()) {
    return *hook;
  }
  return resolveForGood();
}

// Something that waits until the object can no longer be another.
capnp::ClientHook& PromisedRef::resolveForGood() {
  auto& call = *KJ_ASSERT_NONNULL(call_);
  auto object =
      call.whenSentForGood().then([call = kj::addRef(call), path = Path::share(path)]() mutable {
        return call->getObject(Path::refer(path));
      });
  // Calls queue there: later ones must not go another way.
  resolvedForGood = true;
  return *resolved.emplace(capnp::newLocalPromiseClient(kj::mv(object)));
}

}  // namespace troth::_
