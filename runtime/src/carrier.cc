#include <troth/carrier.h>

namespace troth::_ {

Carrier Carrier::send(
    capnp::Request<capnp::AnyPointer, capnp::AnyPointer>&& request, OutcomeSink& sink) {
  auto remote = capnp::RequestHook::from(kj::mv(request))->send();
  auto pipeline = remote.releasePipelineHook();
  auto outcome = remote
                     .then([&sink](capnp::Response<capnp::AnyPointer>&& response) {
                       sink.fulfill(kj::mv(response));
                     }, [&sink](kj::Exception&& exception) { sink.reject(kj::mv(exception)); })
                     .eagerlyEvaluate(nullptr);
  return Carrier(kj::mv(outcome), kj::mv(pipeline));
}

Carrier Carrier::sendStreaming(
    capnp::Request<capnp::AnyPointer, capnp::AnyPointer>&& request, OutcomeSink& sink) {
  auto outcome = capnp::RequestHook::from(kj::mv(request))
                     ->sendStreaming()
                     .then([&sink]() { sink.fulfillStream(); },
                         [&sink](kj::Exception&& exception) { sink.reject(kj::mv(exception)); })
                     .eagerlyEvaluate(nullptr);
  return Carrier(kj::mv(outcome), nullptr);
}

kj::Own<capnp::ClientHook> Carrier::getPipelined(kj::ArrayPtr<const capnp::PipelineOp> operations) {
  KJ_IF_MAYBE (hook, pipeline) {
    return hook->get()->getPipelinedCap(operations);
  }
  return capnp::newBrokenCap("a streaming call has no results");
}

}  // namespace troth::_
