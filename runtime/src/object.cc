// How a served object answers the wire extension: see schema/troth/object.capnp.

#include <capnp/persistent.capnp.h>
#include <kj/debug.h>
#include <kj/map.h>
#include <troth/object.capnp.h>
#include <troth/server.h>

#include "call-deadline.h"
#include "invoke-form.h"
#include "outcome.h"

namespace troth {
namespace {

using InvokeContext = capnp::CallContext<wire::Object::InvokeParams, wire::Object::InvokeResults>;

using _::HOLES_MAX;

// The objects in the results of a call that is not done yet.
class ResultsPipeline final: public capnp::PipelineHook, public kj::Refcounted {
public:
  explicit ResultsPipeline(kj::Own<Outcome> outcome): outcome(kj::mv(outcome)) {}

  kj::Own<PipelineHook> addRef() override { return kj::addRef(*this); }
  kj::Own<capnp::ClientHook> getPipelinedCap(
      kj::ArrayPtr<const capnp::PipelineOp> operations) override {
    return outcome->getResults().asReader().getPipelinedCap(operations);
  }

private:
  kj::Own<Outcome> outcome;
};

// The call of the method inside a call of invoke.
class InnerCall final: public capnp::CallContextHook, public kj::Refcounted {
public:
  InnerCall(InvokeContext outer, kj::Own<Outcome> outcome)
      : outer(outer),
        outerRef(capnp::CallContextHook::from(outer).addRef()),
        outcome(kj::mv(outcome)),
        pipeline(kj::newPromiseAndFulfiller<kj::Own<capnp::PipelineHook>>()) {}

  // The parameters, to fill the holes in them.
  capnp::AnyPointer::Builder copyParams() {
    auto& copy = *filled.emplace(kj::heap<_::Draft>());
    auto builder = copy.capabilities.imbue(copy.message.getRoot<capnp::AnyPointer>());
    builder.set(outer.getParams().getParams());
    return builder;
  }

  // The parameters with their holes filled, for who goes on without this.
  kj::Own<_::Draft> takeParams() { return kj::mv(KJ_ASSERT_NONNULL(filled)); }

  kj::Promise<kj::Own<capnp::PipelineHook>> takePipeline() { return kj::mv(pipeline.promise); }

  // What can be pipelined on once the call is done, unless it said so before.
  void finish() {
    if (pipeline.fulfiller->isWaiting()) {
      pipeline.fulfiller->fulfill(kj::refcounted<ResultsPipeline>(kj::addRef(*outcome)));
    }
  }
  void fail(const kj::Exception& exception) {
    if (pipeline.fulfiller->isWaiting()) pipeline.fulfiller->reject(kj::cp(exception));
  }

  capnp::AnyPointer::Reader getParams() override {
    KJ_IF_MAYBE(f, filled) {
      return f->get()
          ->capabilities.imbue(f->get()->message.getRoot<capnp::AnyPointer>())
          .asReader();
    }
    return outer.getParams().getParams();
  }
  void releaseParams() override {
    filled = nullptr;
    outer.releaseParams();
  }
  capnp::AnyPointer::Builder getResults(kj::Maybe<capnp::MessageSize>) override {
    return outcome->getResults();
  }
  kj::Promise<void> tailCall(kj::Own<capnp::RequestHook>&& request) override {
    auto call = directTailCall(kj::mv(request));
    setPipeline(kj::mv(call.pipeline));
    return kj::mv(call.promise);
  }
  capnp::ClientHook::VoidPromiseAndPipeline directTailCall(
      kj::Own<capnp::RequestHook>&& request) override {
    auto sent = request->send();
    auto tail = sent.releasePipelineHook();
    auto done = sent.then([self = kj::addRef(*this)](auto&& response) mutable {
      self->outcome->getResults().set(response);
    });
    return {kj::mv(done), kj::mv(tail)};
  }
  void setPipeline(kj::Own<capnp::PipelineHook>&& hook) override {
    pipeline.fulfiller->fulfill(kj::mv(hook));
  }
  kj::Promise<capnp::AnyPointer::Pipeline> onTailCall() override { return kj::NEVER_DONE; }
  kj::Own<CallContextHook> addRef() override { return kj::addRef(*this); }

private:
  InvokeContext outer;
  kj::Own<CallContextHook> outerRef;
  kj::Own<Outcome> outcome;
  kj::PromiseFulfillerPair<kj::Own<capnp::PipelineHook>> pipeline;
  kj::Maybe<kj::Own<_::Draft>> filled;
};

// What is pipelined on a durable call.
class WantedPipeline final: public capnp::PipelineHook, public kj::Refcounted {
public:
  WantedPipeline(kj::Own<PipelineHook> inner, kj::Own<Outcome> outcome)
      : inner(kj::mv(inner)), outcome(kj::mv(outcome)) {}

  kj::Own<PipelineHook> addRef() override { return kj::addRef(*this); }
  kj::Own<capnp::ClientHook> getPipelinedCap(
      kj::ArrayPtr<const capnp::PipelineOp> operations) override {
    outcome->want();
    return inner->getPipelinedCap(operations);
  }

private:
  kj::Own<PipelineHook> inner;
  kj::Own<Outcome> outcome;
};

void setResults(InvokeContext& context, capnp::AnyPointer::Reader own,
    kj::Maybe<wire::Answer::Client>& answer) {
  auto size = own.targetSize();
  size.wordCount += capnp::sizeInWords<wire::Object::InvokeResults>();
  size.capCount += 1;
  auto results = context.getResults(size);
  results.getResults().set(own);
  KJ_IF_MAYBE(a, answer) results.setAnswer(*a);
}

// One caller of a durable call. What others need of its outcome they get as soon as it is there;
// the caller itself, who is not in this vat, when it is recorded.
class DurableInvocation {
public:
  DurableInvocation(
      kj::Own<_::DurableCaller> caller, kj::Own<InnerCall> inner, kj::Own<Outcome> outcomeParam)
      : caller(kj::mv(caller)), inner(kj::mv(inner)), outcome(kj::mv(outcomeParam)) {
    outcome->onWanted(kj::Function<void()>([this]() {
      wanted = true;
      if (early != nullptr) release();
    }));
  }
  ~DurableInvocation() noexcept(false) { outcome->onWanted(nullptr); }
  KJ_DISALLOW_COPY_AND_MOVE(DurableInvocation);

  kj::Promise<void> run() {
    return caller->call(inner->takeParams())
        .then(
            [this](kj::Own<_::Message>&& results) {
              early = kj::mv(results);
              if (wanted) release();
            },
            [](kj::Exception&&) {})
        .then([this]() { return caller->whenRecorded(); })
        .then([this](kj::Own<_::Message>&& results) { finish(*results); });
  }

  void fail(kj::Exception& exception) {
    _::addInvokedMark(exception);
    if (released) return;
    inner->fail(exception);
    outcome->fail(kj::cp(exception));
  }

private:
  kj::Own<_::DurableCaller> caller;
  kj::Own<InnerCall> inner;
  kj::Own<Outcome> outcome;
  bool wanted = false;
  bool released = false;

  // The results, from when they are there until others may have them.
  kj::Maybe<kj::Own<_::Message>> early;

  // Unless it is to be waited for what stands.
  void release() {
    auto results = kj::mv(early);
    early = nullptr;
    if (caller->expose()) finish(*KJ_ASSERT_NONNULL(results));
  }

  void finish(_::Message& results) {
    if (released) return;
    released = true;
    outcome->getResults().set(_::contentOf(results).asReader());
    inner->finish();
    outcome->finish();
  }
};

// Finds the method that a caller means, in the interface of the object or what it extends.
capnp::InterfaceSchema::Method findMethod(
    capnp::InterfaceSchema schema, uint64_t interfaceId, uint16_t methodId) {
  KJ_IF_MAYBE(interface, schema.findSuperclass(interfaceId)) {
    auto methods = interface->getMethods();
    if (methodId < methods.size()) return methods[methodId];
  }
  auto exception = KJ_EXCEPTION(UNIMPLEMENTED, "this object has no such method",
      schema.getShortDisplayName(), kj::hex(interfaceId), methodId);
  _::addInvokedMark(exception);
  kj::throwFatalException(kj::mv(exception));
}

kj::Promise<void> fillHoles(
    capnp::List<wire::Hole>::Reader holes, InnerCall& call, capnp::StructSchema type) {
  Parameters params{type, call.copyParams()};
  if (holes.size() == 1 && holes[0].getParam() == Field::ALL) {
    KJ_REQUIRE(holes[0].hasSource(), "a hole has no source", type.getShortDisplayName());
    return fillHole(params, nullptr, holes[0].getSource(), holes[0].getPath());
  }
  auto fields = type.getFields();
  // Filling a parameter twice would leave the first value behind in the message.
  kj::HashSet<uint16_t> seen;
  auto filling = KJ_MAP(hole, holes) {
    auto param = hole.getParam();
    KJ_REQUIRE(param < fields.size(), "a hole is in a parameter that does not exist",
        type.getShortDisplayName(), param);
    KJ_REQUIRE(!seen.contains(param), "two holes are in one parameter",
        fields[param].getProto().getName());
    KJ_REQUIRE(hole.hasSource(), "a hole has no source", fields[param].getProto().getName());
    seen.insert(param);
    return fillHole(params, fields[param], hole.getSource(), hole.getPath());
  };
  return kj::joinPromisesFailFast(kj::mv(filling));
}

// A call that is recorded. Its caller may go: then the call goes on without.
kj::Promise<void> invokeDurably(InvokeContext context, capnp::InterfaceSchema::Method method,
    kj::Own<_::DurableCaller> caller, kj::Own<InnerCall> inner, kj::Own<Outcome> outcome,
    kj::Maybe<wire::Answer::Client> answer) {
  auto& call = *inner;
  auto& out = *outcome;
  auto holes = context.getParams().getHoles();
  kj::Promise<void> filled = kj::READY_NOW;
  if (holes.size() > 0) {
    filled = _::bounded(_::boundedWait(kj::evalNow(
                            [&]() { return fillHoles(holes, call, method.getParamType()); })),
        _::readDeadline(context.getParams().getOptions()));
  } else {
    call.copyParams();
  }
  auto invocation = kj::heap<DurableInvocation>(kj::mv(caller), kj::mv(inner), kj::mv(outcome));
  auto& invoking = *invocation;
  return filled.then([&invoking]() { return invoking.run(); })
      .then([&out, context,
                answer]() mutable { setResults(context, out.getResults().asReader(), answer); },
          [&invoking](kj::Exception&& exception) {
            invoking.fail(exception);
            kj::throwFatalException(kj::mv(exception));
          })
      .attach(kj::mv(invocation));
}

// Gives the promise of a dispatched call. A method whose calls may not be cancelled goes on without
// it.
kj::Promise<void> takeDispatched(capnp::Capability::Server::DispatchCallResult&& dispatched,
    InnerCall& call, capnp::Capability::Client self) {
  if (dispatched.allowCancellation) return kj::mv(dispatched.promise);
  auto fork = dispatched.promise.attach(call.addRef(), kj::mv(self)).fork();
  auto result = fork.addBranch();
  fork.addBranch().detach([](kj::Exception&&) {});
  return result;
}

}  // namespace

ServerBase::Dispatched ServerBase::dispatchOther(
    const char* interfaceName, uint64_t interfaceId, uint16_t methodId, Context context) {
  if (interfaceId == capnp::typeId<wire::Object>() && methodId == 0) return invoke(context);
  if (interfaceId == capnp::typeId<wire::Object>() && methodId == 1) return map(context);
  if (interfaceId == capnp::typeId<capnp::Persistent<>>() && methodId == 0)
    return dispatchSave(context);
  return internalUnimplemented(interfaceName, interfaceId);
}

// Calls a method, for a caller that is told of whatever it throws.
ServerBase::Dispatched ServerBase::dispatchBounded(
    _::Inherited deadline, uint64_t interfaceId, uint16_t methodId, Context context) {
  bool cancelable = true;
  auto work = kj::evalNow([&]() {
    _::Inherited::Scope scope(deadline);
    auto dispatched = dispatchCall(interfaceId, methodId, context);
    cancelable = dispatched.allowCancellation;
    return kj::mv(dispatched.promise);
  });
  if (deadline.getEnd() != nullptr) {
    auto end = kj::defer([deadline]() mutable { deadline.close(); });
    work = _::bounded(kj::mv(work), deadline).attach(kj::mv(end));
  }
  return {kj::mv(work), false, cancelable};
}

// =======================================================================================
// Durable calls

namespace {

constexpr uint64_t RECORD_FIRST = 0xfcf21705814fa6cf;
constexpr size_t CANCEL_REASON_BYTES_MAX = 4096;

using Start = _::Arrival::Start;

Start startOf(capnp::InterfaceSchema::Method method) {
  for (auto annotation: method.getProto().getAnnotations()) {
    if (annotation.getId() == RECORD_FIRST) return Start::AFTER_RECORD;
  }
  return Start::AHEAD_OF_RECORD;
}

_::DurableRequest readDurable(wire::CallOptions::Reader options) {
  _::DurableRequest request{.id = options.getDurable(), .parent = options.getParent()};
  if (request.id.size() > 0) request.cancelReason = options.getCancelReason();
  KJ_REQUIRE(request.cancelReason.size() <= CANCEL_REASON_BYTES_MAX,
      "the reason why a call is canceled is too long", request.cancelReason.size(),
      CANCEL_REASON_BYTES_MAX);
  constexpr uint64_t MAX = _::DEADLINE_MAX / kj::NANOSECONDS;
  if (options.getTimeLeft() > 0) {
    request.timeLeft = kj::min(options.getTimeLeft(), MAX) * kj::NANOSECONDS;
  }
  return request;
}

}  // namespace

// Tells the vat of a durable call. Throws if it cannot be one.
kj::Own<_::DurableCaller> ServerBase::arrive(
    capnp::InterfaceSchema::Method method, _::DurableRequest request) {
  auto& home = KJ_REQUIRE_NONNULL(getHome(),
      "this object cannot be called durably, because nobody could restore it after a crash: serve "
      "it under a name, or hand it out through a restorer");
  auto& durability = KJ_REQUIRE_NONNULL(home.host.getDurability(),
      "this vat has no store, and so no durable calls; give it one (VatOptions::store)");
  KJ_REQUIRE(!method.isStreaming(), "a streaming call cannot be durable");
  return durability.arrive({.request = request,
      .object = capnp::ClientHook::from(thisCap()),
      .name = home.name,
      .key = home.key,
      .schema = interfaceSchema(),
      .interfaceId = method.getContainingInterface().getProto().getId(),
      .methodId = static_cast<uint16_t>(method.getIndex()),
      .start = startOf(method)});
}

ServerBase::Dispatched ServerBase::dispatchDurable(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  auto caller = arrive(findMethod(interfaceSchema(), interfaceId, methodId), _::DurableRequest());
  auto params = kj::heap<_::Message>();
  _::contentOf(*params).set(context.getParams());
  auto& waiting = *caller;
  auto work = waiting.call(kj::mv(params))
                  .then([](auto&&) {}, [](kj::Exception&&) {})
                  .then([&waiting]() { return waiting.whenRecorded(); })
                  .then([context](kj::Own<_::Message>&& results) mutable {
                    auto own = _::contentOf(*results).asReader();
                    context.getResults(own.targetSize()).set(own);
                  });
  return {work.attach(kj::mv(caller), thisCap()), false, true};
}

ServerBase::Dispatched ServerBase::invoke(Context untyped) {
  InvokeContext context(capnp::CallContextHook::from(untyped));
  auto params = context.getParams();
  auto method = findMethod(interfaceSchema(), params.getInterfaceId(), params.getMethodId());
  auto holes = params.getHoles();
  if (holes.size() > HOLES_MAX) {
    kj::throwFatalException(
        KJ_EXCEPTION(OVERLOADED, "a call has too many holes", holes.size(), HOLES_MAX));
  }

  auto outcome = kj::refcounted<Outcome>(method.getResultType());
  kj::Maybe<wire::Answer::Client> answer;
  if (params.getNamed()) answer = newAnswer(kj::addRef(*outcome));
  auto inner = kj::refcounted<InnerCall>(context, kj::addRef(*outcome));
  if (params.getOptions().hasDurable()) {
    auto caller = arrive(method, readDurable(params.getOptions()));
    auto pipeline = kj::refcounted<WantedPipeline>(
        capnp::newLocalPromisePipeline(inner->takePipeline()), kj::addRef(*outcome));
    capnp::CallContextHook::from(untyped).setPipeline(newNamedPipeline(answer, kj::mv(pipeline)));
    bool cancelable =
        answer == nullptr && !method.getResultType().getProto().getStruct().getPointerCount();
    auto work =
        invokeDurably(context, method, kj::mv(caller), kj::mv(inner), kj::mv(outcome), answer);
    return {work.attach(thisCap()), false, cancelable};
  }
  capnp::CallContextHook::from(untyped).setPipeline(
      newNamedPipeline(answer, capnp::newLocalPromisePipeline(inner->takePipeline())));

  // A call that waits for its holes may be cancelled, whatever its method.
  bool cancelable = true;
  auto deadline = _::readDeadline(params.getOptions());
  auto dispatch = [this, deadline, interfaceId = params.getInterfaceId(),
                      methodId = params.getMethodId()](InnerCall& call) {
    return dispatchBounded(deadline, interfaceId, methodId, Context(call));
  };
  kj::Promise<void> work = kj::READY_NOW;
  if (holes.size() == 0) {
    auto dispatched = dispatch(*inner);
    cancelable = dispatched.allowCancellation;
    work = kj::mv(dispatched.promise);
  } else {
    auto filled = kj::evalNow([&]() { return fillHoles(holes, *inner, method.getParamType()); });
    work = _::bounded(_::boundedWait(kj::mv(filled)), deadline)
               .then([dispatch, &call = *inner, self = thisCap()]() mutable {
                 return takeDispatched(dispatch(call), call, kj::mv(self));
               });
  }
  auto done = work.then(
      [&call = *inner, &outcome = *outcome, context, answer]() mutable {
        call.finish();
        outcome.finish();
        setResults(context, outcome.getResults().asReader(), answer);
      },
      [&call = *inner, &outcome = *outcome](kj::Exception&& exception) {
        _::addInvokedMark(exception);
        call.fail(exception);
        outcome.fail(kj::cp(exception));
        kj::throwFatalException(kj::mv(exception));
      });
  return {done.attach(kj::mv(inner), kj::mv(outcome), thisCap()), false, cancelable};
}

}  // namespace troth
