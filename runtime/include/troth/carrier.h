#pragma once
// A Carrier takes one call to its object and tells its outcome: the seam between the call graph and whatever
// carries calls.
//
// The graph knows nothing of transports: it hands over a request, asks for objects in results that do not exist
// yet, and is told the outcome once. This carrier goes through capnp::ClientHook, so it reaches objects behind
// Cap'n Proto's RPC system, local objects, and membranes alike.

#include <capnp/capability.h>

namespace troth::_ {

// Where a carrier delivers the outcome of a call: exactly one of these is called, exactly once, never before
// send() has returned.
class OutcomeSink {
public:
  virtual void fulfill(capnp::Response<capnp::AnyPointer>&& response) = 0;
  virtual void fulfillStream() = 0;
  virtual void reject(kj::Exception&& exception) = 0;

protected:
  ~OutcomeSink() = default;
};

class Carrier {
public:
  // Sends `request`. The outcome goes to `sink`, which must outlive the carrier; destroying the carrier cancels
  // the call, unless an object from getPipelined() still depends on it.
  static Carrier send(capnp::Request<capnp::AnyPointer, capnp::AnyPointer>&& request,
      OutcomeSink& sink);

  // The same for a streaming method, whose outcome is that there is room to send more.
  static Carrier sendStreaming(capnp::Request<capnp::AnyPointer, capnp::AnyPointer>&& request,
      OutcomeSink& sink);

  // The object at `operations` in the results, before or after they exist.
  kj::Own<capnp::ClientHook> getPipelined(kj::ArrayPtr<const capnp::PipelineOp> operations);

private:
  Carrier(kj::Promise<void> outcome, kj::Maybe<kj::Own<capnp::PipelineHook>> pipeline)
      : outcome(kj::mv(outcome)), pipeline(kj::mv(pipeline)) {}

  kj::Promise<void> outcome;
  kj::Maybe<kj::Own<capnp::PipelineHook>> pipeline;
};

}  // namespace troth::_
