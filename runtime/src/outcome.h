#pragma once
// An Outcome is what a call came to, or will come to, under a name that other calls can use.
//
// It lives as long as somebody may ask for it, which can be longer than the call: its caller may
// have finished with the call and still need a value from it elsewhere.

#include <capnp/capability.h>
#include <capnp/dynamic.h>
#include <kj/async.h>
#include <kj/function.h>
#include <troth/object.capnp.h>
#include <troth/pending-call.h>

namespace troth {

class Outcome final: public kj::Refcounted {
public:
  explicit Outcome(capnp::StructSchema type): Outcome(type, kj::newPromiseAndFulfiller<void>()) {}

  // An outcome that is there: `value`, which is a part of `owner`.
  Outcome(capnp::DynamicValue::Reader value, kj::Own<Outcome> owner)
      : Outcome(capnp::StructSchema(), kj::newPromiseAndFulfiller<void>()) {
    part = Part{value, kj::mv(owner)};
    finish();
  }
  KJ_DISALLOW_COPY_AND_MOVE(Outcome);

  // Where the call writes its results.
  capnp::AnyPointer::Builder getResults();

  // The results are written, or the call broke. One of these is to be called once.
  void finish() { fulfiller->fulfill(); }
  void fail(kj::Exception&& exception) { fulfiller->reject(kj::mv(exception)); }

  // Resolves when the call is done; breaks with what broke it.
  kj::Promise<void> whenDone() {
    want();
    return done.addBranch();
  }

  // Somebody else than its caller uses the outcome, or will.
  void want() {
    KJ_IF_MAYBE(tell, wanted) (*tell)();
  }

  // Calls `tell` for each who wants it, from now on. Null for nobody to tell.
  void onWanted(kj::Maybe<kj::Function<void()>> tell) { wanted = kj::mv(tell); }

  // The value at `path`: without a step, the results themselves. The call must be done.
  capnp::DynamicValue::Reader get(capnp::List<uint16_t>::Reader path);

private:
  struct Part {
    capnp::DynamicValue::Reader value;
    kj::Own<Outcome> owner;
  };

  capnp::StructSchema type;
  kj::Maybe<Part> part;
  _::Draft draft;
  kj::Own<kj::PromiseFulfiller<void>> fulfiller;
  kj::ForkedPromise<void> done;
  kj::Maybe<kj::Function<void()>> wanted;

  capnp::DynamicValue::Reader getRoot();

  Outcome(capnp::StructSchema type, kj::PromiseFulfillerPair<void> pair)
      : type(type), fulfiller(kj::mv(pair.fulfiller)), done(pair.promise.fork()) {}
};

// What can be pipelined on a call that may name its outcome: the first of its results, on which
// `results` is what can be, and the answer, which is the second.
kj::Own<capnp::PipelineHook> newNamedPipeline(
    kj::Maybe<wire::Answer::Client> answer, kj::Own<capnp::PipelineHook> results);

// A reference to `outcome` that can be sent to other vats.
wire::Answer::Client newAnswer(kj::Own<Outcome> outcome);

// What `answer` names, if it is of this vat.
kj::Promise<kj::Maybe<kj::Own<Outcome>>> findOutcome(wire::Answer::Client answer);

// The parameters of a call, which have holes.
struct Parameters {
  // What their type is a struct of, and where they are.
  capnp::StructSchema type;
  capnp::AnyPointer::Builder root;
};

// Fills parameter `param` with the value at `path` of what `source` came to, as soon as it is
// there: all of them if there is no `param`. The promise must be dropped before they go.
kj::Promise<void> fillHole(Parameters params, kj::Maybe<capnp::StructSchema::Field> param,
    wire::Answer::Client source, capnp::List<uint16_t>::Reader path);

}  // namespace troth
