#pragma once
// A call in the form of Object.invoke: where its results are, and where its answer is.

#include <capnp/any.h>
#include <capnp/capability.h>
#include <kj/exception.h>
#include <kj/vector.h>
#include <troth/object.capnp.h>
#include <troth/pending-call.h>

namespace troth::_ {

// What a peer accepts; see schema/troth/object.capnp.
constexpr kj::uint HOLES_MAX = 64;
constexpr kj::uint PATH_MAX_STEPS = 32;

// The results of the method in the results of invoke.
capnp::AnyPointer::Reader resultsOfInvoke(capnp::AnyPointer::Reader response);

// The way to an object in the results of the method, from the results of invoke.
kj::Array<capnp::PipelineOp> operationsInInvoke(kj::ArrayPtr<const capnp::PipelineOp> operations);

// How the reason of an UNIMPLEMENTED starts that does not say that the peer has no invoke: the
// method, or something that it needed, broke with it.
constexpr kj::StringPtr INVOKED = "invoked: "_kj;

// Marks `exception` so, or removes the mark.
void addInvokedMark(kj::Exception& exception);
void removeInvokedMark(kj::Exception& exception);

// The way to the answer.
kj::Array<capnp::PipelineOp> operationsToAnswer();

// A path as it is written.
kj::Array<uint16_t> listSteps(kj::Maybe<const Path&> path);

// The object at `path` in what `answer` names, before it is there. A pipeline of ours does not do,
// because it is a member of a union that holds the object.
template <typename Path>
capnp::Capability::Client getObjectIn(wire::Answer::Client answer, Path&& path) {
  constexpr uint16_t GET = 0;
  constexpr uint16_t VALUE = 0;
  constexpr uint16_t POINTER = 0;
  auto request = capnp::Capability::Client(kj::mv(answer))
                     .typelessRequest(capnp::typeId<wire::Answer>(), GET, nullptr, {});
  request.template initAs<wire::Answer::GetParams>().setPath(path);
  auto object = request.send().getPointerField(VALUE).getPointerField(POINTER).asCap();
  return capnp::Capability::Client(kj::mv(object));
}

// Adds to `exception` that a map broke with it at `element`; `step` tells in which call, and may be
// empty. A peer gives the number of the step, "step 2", and its caller puts the name of the call
// there.
constexpr kj::StringPtr WHILE_MAPPING = "\n  while mapping element "_kj;
constexpr kj::StringPtr STEP = "step "_kj;
void addElementLine(kj::Exception& exception, kj::uint element, kj::StringPtr step);

// Why something in the body of a map cannot be had outside of it.
kj::Exception recordedOnly();

}  // namespace troth::_
