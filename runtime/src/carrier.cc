#include <kj/debug.h>
#include <troth/carrier.h>

namespace troth::_ {

Carrier::Carrier(Request&& request, Kind kind, OutcomeSink& sink)
    : Event(kj::SourceLocation()), sink(sink), kind(kind), outcome(send(kj::mv(request))) {
  outcome->setSelfPointer(&outcome);
  outcome->onReady(this);
}

kj::_::OwnPromiseNode Carrier::send(Request&& request) {
  auto hook = capnp::RequestHook::from(kj::mv(request));
  if (kind == Kind::STREAMING) return kj::_::PromiseNode::from(hook->sendStreaming());
  kj::Promise<capnp::Response<capnp::AnyPointer>> results = nullptr;
  {
    auto remote = hook->send();
    pipeline = remote.releasePipelineHook();
    results = kj::mv(remote);
  }
  return kj::_::PromiseNode::from(kj::mv(results));
}

kj::Maybe<kj::Own<kj::_::Event>> Carrier::fire() {
  auto deliver = [&](auto& result, auto&& fulfill) {
    outcome->get(result);
    outcome = nullptr;
    KJ_IF_MAYBE(exception, result.exception) {
      sink.reject(kj::mv(*exception));
    } else {
      fulfill();
    }
  };
  if (kind == Kind::STREAMING) {
    kj::_::ExceptionOr<kj::_::Void> result;
    deliver(result, [&]() { sink.fulfillStream(); });
  } else {
    kj::_::ExceptionOr<capnp::Response<capnp::AnyPointer>> result;
    deliver(result, [&]() { sink.fulfill(kj::mv(KJ_ASSERT_NONNULL(result.value))); });
  }
  return nullptr;
}

void Carrier::traceEvent(kj::_::TraceBuilder& builder) {
  if (outcome.get() != nullptr) outcome->tracePromise(builder, true);
}

kj::Own<capnp::ClientHook> Carrier::getPipelined(kj::ArrayPtr<const capnp::PipelineOp> operations) {
  KJ_IF_MAYBE(hook, pipeline) {
    return hook->get()->getPipelinedCap(operations);
  }
  return capnp::newBrokenCap("a streaming call has no results");
}

}  // namespace troth::_
