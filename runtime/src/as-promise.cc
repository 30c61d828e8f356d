#include <troth/as-promise.h>
#include <troth/peers.h>

namespace troth::_ {
namespace {

constexpr Method VALUE{0, 0, "kj::Promise", "value"};
constexpr Field IN_BOX{0, "value", 0};

// Answers one call with a value that is to come.
class ValueServer final: public capnp::Capability::Server {
public:
  explicit ValueServer(kj::Promise<WriteValue> value): value(kj::mv(value)) {}

  DispatchCallResult dispatchCall(uint64_t interfaceId, uint16_t methodId,
      capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> context) override {
    if (interfaceId != VALUE.interfaceId) {
      return internalUnimplemented("a promised value", interfaceId, methodId);
    }
    auto answered =
        value.then([context](WriteValue&& write) mutable { write(context.getResults()); });
    return {kj::mv(answered), false, true};
  }

private:
  kj::Promise<WriteValue> value;
};

// Stands before a ValueServer, to be told from the objects of this vat, which understand calls with
// holes.
class ValueHook final: public capnp::ClientHook, public kj::Refcounted {
public:
  static constexpr uint BRAND = 0;

  explicit ValueHook(kj::Own<capnp::ClientHook> inner): inner(kj::mv(inner)) {}

  capnp::Request<capnp::AnyPointer, capnp::AnyPointer> newCall(uint64_t interfaceId,
      uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint, CallHints hints) override {
    return inner->newCall(interfaceId, methodId, sizeHint, hints);
  }
  VoidPromiseAndPipeline call(uint64_t interfaceId, uint16_t methodId,
      kj::Own<capnp::CallContextHook>&& context, CallHints hints) override {
    return inner->call(interfaceId, methodId, kj::mv(context), hints);
  }
  kj::Maybe<capnp::ClientHook&> getResolved() override { return nullptr; }
  kj::Maybe<kj::Promise<kj::Own<capnp::ClientHook>>> whenMoreResolved() override { return nullptr; }
  kj::Own<capnp::ClientHook> addRef() override { return kj::addRef(*this); }
  const void* getBrand() override { return &BRAND; }
  kj::Maybe<int> getFd() override { return nullptr; }

private:
  kj::Own<capnp::ClientHook> inner;
};

capnp::AnyList::Reader listInBox(capnp::AnyStruct::Reader box, const char*) {
  return box.getPointerSection()[0].getAs<capnp::AnyList>();
}

}  // namespace

kj::Own<PendingCall> callFor(kj::Promise<WriteValue> value) {
  CallQueue::current().peers.set(&ValueHook::BRAND, Peers::Support::NO);
  auto server =
      capnp::ClientHook::from(capnp::Capability::Client(kj::heap<ValueServer>(kj::mv(value))));
  auto call = kj::refcounted<PendingCall>(VALUE, kj::refcounted<ValueHook>(kj::mv(server)),
      SizeHint::of(capnp::MessageSize{1, 0}), PendingCall::Results::OBJECTS);
  call->params();
  call->pend(PendingCall::Kind::PLAIN);
  return call;
}

capnp::AnyStruct::Builder initBox(capnp::AnyPointer::Builder results) {
  return results.initAsAnyStruct(1, 1);
}

Source inBox(kj::Own<PendingCall> call) {
  return Source{kj::mv(call), nullptr}.getField(IN_BOX, nullptr, &listInBox);
}

}  // namespace troth::_
