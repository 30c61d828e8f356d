#include <kj/debug.h>
#include <troth/durable-call.h>
#include <troth/server.h>

#include "call-deadline.h"

namespace troth::_ {
namespace {

thread_local DurableContext* currentContext = nullptr;

kj::Own<DurableContext> share(DurableContext& context) { return kj::addRef(context); }

// The call of a method that is made for a durable call, whose caller may be gone.
class RunContext final: public capnp::CallContextHook, public kj::Refcounted {
public:
  RunContext(kj::Own<Message> params, Message& results): params(kj::mv(params)), results(results) {}

  capnp::AnyPointer::Reader getParams() override {
    return contentOf(*KJ_REQUIRE_NONNULL(params, "the parameters were released")).asReader();
  }
  void releaseParams() override { params = nullptr; }
  capnp::AnyPointer::Builder getResults(kj::Maybe<capnp::MessageSize>) override {
    return contentOf(results);
  }
  kj::Promise<void> tailCall(kj::Own<capnp::RequestHook>&& request) override {
    return directTailCall(kj::mv(request)).promise;
  }
  capnp::ClientHook::VoidPromiseAndPipeline directTailCall(
      kj::Own<capnp::RequestHook>&& request) override {
    auto sent = request->send();
    auto tail = sent.releasePipelineHook();
    auto done = sent.then([self = kj::addRef(*this)](
                              auto&& response) mutable { contentOf(self->results).set(response); });
    return {kj::mv(done), kj::mv(tail)};
  }
  // What is pipelined on a durable call waits until its method is done.
  void setPipeline(kj::Own<capnp::PipelineHook>&&) override {}
  kj::Promise<capnp::AnyPointer::Pipeline> onTailCall() override { return kj::NEVER_DONE; }
  kj::Own<CallContextHook> addRef() override { return kj::addRef(*this); }

private:
  kj::Maybe<kj::Own<Message>> params;
  Message& results;
};

}  // namespace

// =======================================================================================
// DurableCallBase

kj::Maybe<DurableContext&> DurableContext::current() {
  if (currentContext == nullptr) return nullptr;
  return *currentContext;
}

DurableCallBase::DurableCallBase(): context(DurableContext::current().map(share)) {}
DurableCallBase::DurableCallBase(const DurableCallBase& other)
    : context(other.durableContext().map(share)) {}
DurableCallBase& DurableCallBase::operator=(const DurableCallBase& other) {
  context = other.durableContext().map(share);
  return *this;
}

kj::Maybe<DurableContext&> DurableCallBase::durableContext() const {
  return context.map([](const kj::Own<DurableContext>& c) -> DurableContext& {
    return const_cast<DurableContext&>(*c);
  });
}

DurableContext& DurableCallBase::requireContext() const {
  return KJ_REQUIRE_NONNULL(durableContext(),
      "this call is not durable: its caller says .durable(id), or its schema $Troth.durable");
}

kj::StringPtr DurableCallBase::id() const {
  KJ_IF_MAYBE(c, context) return (*c)->getId();
  return "";
}
uint32_t DurableCallBase::tries() const { return requireContext().getTry(); }
uint32_t DurableCallBase::version() const { return requireContext().getVersion(); }

// =======================================================================================
// Running

kj::Promise<void> runMethod(capnp::ClientHook& object, uint64_t interfaceId, uint16_t methodId,
    kj::Own<Message> params, Message& results, DurableContext& context,
    kj::Maybe<kj::TimePoint> deadline) {
  auto& server = KJ_REQUIRE_NONNULL(findServer(object), "the object of a durable call is not here");
  auto call = kj::refcounted<RunContext>(kj::mv(params), results);
  auto inherited = deadline.map([](kj::TimePoint end) { return Inherited(end); }).orDefault({});
  auto work = kj::evalNow([&]() {
    Inherited::Scope scope(inherited);
    auto outer = currentContext;
    currentContext = &context;
    KJ_DEFER(currentContext = outer);
    capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> untyped(*call);
    return server.dispatchCall(interfaceId, methodId, untyped).promise;
  });
  auto end = kj::defer([inherited]() mutable { inherited.close(); });
  return bounded(kj::mv(work), inherited).attach(kj::mv(call), kj::mv(end), object.addRef());
}

}  // namespace troth::_
