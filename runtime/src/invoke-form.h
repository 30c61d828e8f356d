#pragma once
// A call in the form of Object.invoke: where its results are, and where its answer is.

#include <capnp/any.h>
#include <capnp/capability.h>
#include <kj/vector.h>

namespace troth::_ {

// The results of the method in the results of invoke.
capnp::AnyPointer::Reader resultsOfInvoke(capnp::AnyPointer::Reader response);

// The way to an object in the results of the method, from the results of invoke.
kj::Array<capnp::PipelineOp> operationsInInvoke(kj::ArrayPtr<const capnp::PipelineOp> operations);

// The way to the answer.
kj::Array<capnp::PipelineOp> operationsToAnswer();

}  // namespace troth::_
