#pragma once
// A Carrier takes one call to its object and tells its outcome: the seam between the call graph and
// whatever carries calls.
//
// The graph knows nothing of transports: it hands over a request, asks for objects in results that
// do not exist yet, and is told the outcome once. This carrier goes through capnp::ClientHook, so
// it reaches objects behind Cap'n Proto's RPC system, local objects, and membranes alike.

#include <capnp/capability.h>
#include <kj/async.h>

namespace troth::_ {

// Where a carrier delivers the outcome of a call: exactly one of these is called, exactly once,
// never before send() has returned.
class OutcomeSink {
public:
  virtual void fulfill(capnp::Response<capnp::AnyPointer>&& response) = 0;
  virtual void fulfillStream() = 0;
  virtual void reject(kj::Exception&& exception) = 0;

protected:
  ~OutcomeSink() = default;
};

class Carrier final: private kj::_::Event {
public:
  using Request = capnp::Request<capnp::AnyPointer, capnp::AnyPointer>;

  // PLAIN: the outcome is the results. STREAMING: the outcome is that there is room to send more.
  enum class Kind { PLAIN, STREAMING };

  // Sends `request`. The outcome goes to `sink`, which must outlive the carrier; destroying the
  // carrier cancels the call, unless an object from getPipelined() still depends on it.
  Carrier(Request&& request, Kind kind, OutcomeSink& sink);

  // The object at `operations` in the results, before or after they exist.
  kj::Own<capnp::ClientHook> getPipelined(kj::ArrayPtr<const capnp::PipelineOp> operations);

private:
  OutcomeSink& sink;
  Kind kind;
  kj::Maybe<kj::Own<capnp::PipelineHook>> pipeline;
  kj::_::OwnPromiseNode outcome;

  kj::Maybe<kj::Own<kj::_::Event>> fire() override;
  void traceEvent(kj::_::TraceBuilder& builder) override;

  kj::_::OwnPromiseNode send(Request&& request);
};

}  // namespace troth::_
