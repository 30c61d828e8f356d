// How a body that was recorded is sent, and how it is run here: see schema/troth/object.capnp.

#include <kj/debug.h>
#include <troth/object.capnp.h>
#include <troth/promise.h>
#include <troth/recorder.h>

#include "call-deadline.h"
#include "invoke-form.h"

namespace troth::_ {

using wire::Object;

namespace {

constexpr uint16_t MAP = 1;
constexpr Method MAP_METHOD{capnp::typeId<Object>(), MAP, "List", "map"};

using OwnPath = kj::Maybe<kj::Own<Path>>;

// A copy of `path` for another call, where what it starts at is at the end of `base`. Paths
// remember the lists that they lead to, and so are shared only among users of one call.
OwnPath putOn(const OwnPath& path, const OwnPath& base) {
  KJ_IF_MAYBE(p, path) {
    auto& last = **p;
    auto parent = putOn(last.parent, base);
    if (last.step == Path::Step::ELEMENT) {
      return kj::refcounted<Path>(kj::mv(parent), last.field.index, last.intoElement);
    }
    return kj::refcounted<Path>(kj::mv(parent), last.field, last.into, last.intoList, last.check);
  }
  return Path::share(base);
}

// The object that a step is called on, if the body made it.
kj::Maybe<Source> recordedFrom(capnp::ClientHook& target) {
  KJ_IF_MAYBE(promised, PromisedRef::from(target)) {
    return promised->getRecordedSource();
  }
  return nullptr;
}

// Who `object` belongs to, as far as that is known.
const void* peerOf(capnp::ClientHook& object) { return innermostOf(object).getBrand(); }

WireValue readValue(wire::Value::Reader value) {
  using Kind = WireValue::Kind;
  switch (value.which()) {
    case wire::Value::VOID: return {};
    case wire::Value::BOOL: return {.kind = Kind::NUMBER, .number = value.getBool()};
    case wire::Value::INT:
      return {.kind = Kind::NUMBER, .number = static_cast<uint64_t>(value.getInt())};
    case wire::Value::UINT: return {.kind = Kind::NUMBER, .number = value.getUint()};
    case wire::Value::ENUM: return {.kind = Kind::NUMBER, .number = value.getEnum()};
    case wire::Value::FLOAT: return {.kind = Kind::REAL, .real = value.getFloat()};
    case wire::Value::POINTER: return {.kind = Kind::POINTER, .pointer = value.getPointer()};
    case wire::Value::LIST: return {.kind = Kind::LIST, .list = value.getList()};
  }
  KJ_FAIL_REQUIRE("a result of map is of a kind that is not known");
}

capnp::Response<capnp::AnyPointer> toResponse(kj::Own<Mapped> mapped) {
  auto list = mapped->getList().asReader();
  return {list, kj::mv(mapped)};
}

}  // namespace

WireValue WireValue::getElement(uint index) const {
  return readValue(list.as<capnp::List<wire::Value>>()[index]);
}

// The body, on one element.
class Plan::Run {
public:
  Run(Plan& plan, uint index): plan(plan), index(index) {
    Inherited::Scope scope(plan.inherited);
    for (auto& step: plan.body->steps) start(*step);
  }
  KJ_DISALLOW_COPY_AND_MOVE(Run);

  // Notes in `broken` the first step that breaks.
  kj::Promise<void> whenDone(kj::Maybe<uint>& broken) {
    auto done = KJ_MAP(i, kj::indices(calls))->kj::Promise<void> {
      return calls[i]->whenSettled().catch_([&broken, i](kj::Exception&& exception) {
        if (broken == nullptr) broken = i;
        kj::throwFatalException(kj::mv(exception));
      });
    };
    return kj::joinPromisesFailFast(kj::mv(done));
  }

  void writeResult(Mapped& mapped) {
    plan.types.results.setFromSource(mapped.getList(), index,
        substitute(KJ_ASSERT_NONNULL(plan.body->result)), plan.types.readResult);
  }

  // What `source` is for this element.
  Source substitute(const Source& source) {
    if (source.call.get() == plan.body->element.get()) {
      auto element = plan.list.getElement(index, plan.types.intoElement);
      return {kj::mv(element.call), putOn(source.path, element.path)};
    }
    KJ_IF_MAYBE(step, plan.body->findStep(*source.call)) {
      return {kj::addRef(*calls[*step]), putOn(source.path, nullptr)};
    }
    return plan.resolve(source);
  }

private:
  Plan& plan;
  uint index;
  kj::Vector<kj::Own<PendingCall>> calls;

  void start(PendingCall& step) {
    KJ_IF_MAYBE(inner, step.plan) {
      auto& template_ = **inner;
      calls.add(Plan::pend(kj::heap<Plan>(
          kj::addRef(*template_.body), substitute(template_.list), template_.types, *this)));
    } else {
      calls.add(startCall(step));
    }
  }

  kj::Own<PendingCall> startCall(PendingCall& step) {
    auto hint = SizeHint::of(capnp::MessageSize{0, 0});
    hint.setPromised();
    auto results =
        step.hints.noPromisePipelining ? PendingCall::Results::DATA : PendingCall::Results::OBJECTS;
    auto call = kj::refcounted<PendingCall>(step.method, targetOf(step), hint, results);
    call->params().set(step.params().asReader());
    for (auto& hole: step.holes) {
      call->addHole(hole->param, substitute(hole->source),
          [&hole = *hole](capnp::AnyPointer::Builder params, const Source& source) {
            hole.fill(params, source);
          });
    }
    call->pend(PendingCall::Kind::PLAIN);
    return call;
  }

  kj::Own<capnp::ClientHook> targetOf(PendingCall& step) {
    KJ_IF_MAYBE(source, recordedFrom(*step.target)) {
      return substitute(*source).getObject();
    }
    return step.target->addRef();
  }
};

// =======================================================================================
// Plan

Source Plan::start(kj::Own<Body> body, Source list, Types types) {
  return {pend(kj::heap<Plan>(kj::mv(body), kj::mv(list), types)), nullptr};
}

kj::Own<PendingCall> Plan::pend(kj::Own<Plan> plan) {
  auto& from = *plan->list.call;
  auto target = from.target.get() == nullptr ? capnp::newBrokenCap("the list is here already")
                                             : from.target->addRef();
  auto hint = SizeHint::of(capnp::MessageSize{0, 0});
  hint.setPromised();
  auto call =
      kj::refcounted<PendingCall>(MAP_METHOD, kj::mv(target), hint, PendingCall::Results::DATA);
  auto leave = [](capnp::AnyPointer::Builder, const Source&) {};
  call->addHole({0, "list"}, plan->list.clone(), leave);
  for (auto& captured: plan->captured) {
    call->addHole({0, "captured"}, Source{kj::addRef(*captured), nullptr}, leave);
  }
  call->plan = kj::mv(plan);
  call->pend(PendingCall::Kind::PLAIN);
  return call;
}

Plan::Plan(kj::Own<Body> bodyParam, Source listParam, Types types, kj::Maybe<Run&> outer)
    : body(kj::mv(bodyParam)), list(kj::mv(listParam)), types(types), outer(outer) {
  for (auto& step: body->steps) {
    for (auto& hole: step->holes) capture(hole->source);
    KJ_IF_MAYBE(source, recordedFrom(*step->target)) {
      if (resolve(*source).call->isRecorded()) capture(*source);
    }
  }
}

Source Plan::resolve(const Source& source) const {
  KJ_IF_MAYBE(run, outer) {
    return run->substitute(source);
  }
  return source.clone();
}

// Whether the list is what a map gives.
bool Plan::isOfMap(const Plan& root) const { return root.resolve(list).call->plan != nullptr; }

// Whether `source`, which the body uses, has a name where the body runs.
bool Plan::canName(const Source& source, const Plan& root) const {
  if (source.call.get() == body->element.get()) return source.path == nullptr || !isOfMap(root);
  if (body->findStep(*source.call) != nullptr) return true;
  auto resolved = root.resolve(source);
  auto& call = *resolved.call;
  return call.isSettled() || call.isRecorded() || call.canName(Path::refer(resolved.path));
}

bool Plan::canNameAll(const Plan& root) {
  if (isOfMap(root) && list.path != nullptr) return false;
  for (auto& step: body->steps) {
    if (step->plan != nullptr && isOfMap(root)) return false;
    for (auto& hole: step->holes) {
      if (!canName(hole->source, root)) return false;
    }
    KJ_IF_MAYBE(source, recordedFrom(*step->target)) {
      if (!canName(*source, root)) return false;
    }
  }
  return canName(KJ_ASSERT_NONNULL(body->result), root);
}

bool Plan::canTravel(const Plan& root, const void* peer) {
  if (!canNameAll(root)) return false;
  for (auto& call: captured) {
    if (isInDoubt(*call, peer)) return false;
  }
  for (auto& step: body->steps) {
    KJ_IF_MAYBE(inner, step->plan) {
      auto& list = inner->get()->list;
      if (!body->owns(*list.call)) {
        auto& call = *root.resolve(list).call;
        if (call.isSettled() || (!call.isRecorded() && call.peer != peer)) return false;
      }
      if (!inner->get()->canTravel(root, peer)) return false;
    } else if (!canBeCalled(*step, root, peer)) {
      return false;
    }
  }
  return true;
}

// A map that has begun to run cannot be sent once more, and so takes nothing along that may yet be
// replaced because of another peer.
bool Plan::isInDoubt(PendingCall& call, const void* peer) {
  return !call.isSettled() && call.inDoubt && (call.inDoubtElsewhere || call.peer != peer);
}

bool Plan::isInDoubt(capnp::ClientHook& object, const void* peer) {
  KJ_IF_MAYBE(promised, PromisedRef::from(object)) {
    KJ_IF_MAYBE(call, promised->getCall()) {
      return isInDoubt(*call, peer);
    }
  }
  return false;
}

bool Plan::canBeCalled(PendingCall& step, const Plan& root, const void* peer) {
  for (auto& argument: step.arguments) {
    if (isInDoubt(*argument.ref, peer)) return false;
  }
  if (isInDoubt(*step.target, peer)) return false;
  KJ_IF_MAYBE(source, recordedFrom(*step.target)) {
    auto resolved = root.resolve(*source);
    return resolved.call->isRecorded() || peerOf(*resolved.getObject()) == peer;
  }
  return peerOf(*step.target) == peer;
}

void Plan::capture(const Source& source) {
  if (body->owns(*source.call)) return;
  auto resolved = resolve(source);
  for (auto& known: captured) {
    if (known.get() == resolved.call.get()) return;
  }
  captured.add(kj::mv(resolved.call));
}

// =======================================================================================
// On the wire

// Writes a body, and those inside it.
class Plan::Writer {
public:
  explicit Writer(Plan& plan, kj::Maybe<Writer&> parent = nullptr): plan(plan), parent(parent) {}

  void write(Object::MapParams::Builder params) {
    params.setList(answerOf(*plan.list.call));
    params.setPath(plan.list.call->pathInAnswer(Path::refer(plan.list.path)));
    auto captures = params.initCaptures(plan.captured.size());
    for (uint i = 0; i < captures.size(); ++i) {
      if (!plan.captured[i]->isSettled()) captures.set(i, answerOf(*plan.captured[i]));
    }
    write(params.initBody());
  }

private:
  Plan& plan;
  kj::Maybe<Writer&> parent;

  static wire::Answer::Client answerOf(PendingCall& call) {
    return wire::Answer::Client(KJ_ASSERT_NONNULL(call.getAnswer()));
  }

  void write(wire::Body::Builder body) {
    auto steps = body.initSteps(plan.body->steps.size());
    for (uint i = 0; i < steps.size(); ++i) write(steps[i], *plan.body->steps[i]);
    write(body.initResult(), KJ_ASSERT_NONNULL(plan.body->result));
  }

  void write(wire::Step::Builder step, PendingCall& call) {
    KJ_IF_MAYBE(inner, call.plan) {
      return writeMap(step.initMap(), **inner);
    }
    step.setInterfaceId(call.method.interfaceId);
    step.setMethodId(call.method.id);
    step.getParams().set(call.params().asReader());
    writeTarget(step.getTarget(), call);
    kj::Vector<Hole*> open;
    for (auto& hole: call.holes) {
      auto source = resolve(hole->source);
      if (source.call->isSettled()) {
        hole->fill(step.getParams(), source);
      } else {
        open.add(hole.get());
      }
    }
    auto holes = step.initHoles(open.size());
    for (uint i = 0; i < open.size(); ++i) {
      holes[i].setParam(open[i]->param.index);
      write(holes[i].initSource(), open[i]->source);
    }
  }

  // What is settled is written where it is used, and so need not be captured.
  void writeMap(wire::StepMap::Builder step, Plan& inner) {
    write(step.initList(), inner.list);
    auto captures = step.initCaptures(inner.captured.size());
    for (uint i = 0; i < captures.size(); ++i) {
      Source source{kj::addRef(*inner.captured[i]), nullptr};
      if (!resolve(source).call->isSettled()) write(captures[i], source);
    }
    Writer(inner, *this).write(step.initBody());
  }

  void writeTarget(wire::Step::Target::Builder target, PendingCall& call) {
    auto object = call.target->addRef();
    KJ_IF_MAYBE(source, recordedFrom(*call.target)) {
      auto resolved = resolve(*source);
      if (resolved.call->isRecorded()) return write(target.initOperand(), *source);
      object = resolved.getObject();
    }
    target.initObject().setAs<capnp::Capability>(capnp::Capability::Client(kj::mv(object)));
  }

  void write(wire::Operand::Builder operand, const Source& source) {
    auto& call = *source.call;
    if (&call == plan.body->element.get()) {
      operand.setElement();
      operand.setPath(listSteps(Path::refer(source.path)));
    } else KJ_IF_MAYBE(step, plan.body->findStep(call)) {
      operand.setStep(*step);
      operand.setPath(listSteps(Path::refer(source.path)));
    } else {
      auto resolved = plan.resolve(source);
      operand.setCapture(findCapture(*resolved.call));
      operand.setPath(resolved.call->pathInAnswer(Path::refer(resolved.path)));
    }
  }

  // What `source` is here, if one of the bodies around this one runs here.
  Source resolve(const Source& source) {
    if (plan.body->owns(*source.call)) return source.clone();
    KJ_IF_MAYBE(p, parent) {
      return p->resolve(source);
    }
    return plan.resolve(source);
  }

  uint findCapture(const PendingCall& call) {
    for (uint i = 0; i < plan.captured.size(); ++i) {
      if (plan.captured[i].get() == &call) return i;
    }
    KJ_FAIL_ASSERT("not captured");
  }
};

void Plan::write(capnp::AnyPointer::Builder params) {
  Writer(*this).write(params.initAs<Object::MapParams>());
}

capnp::Response<capnp::AnyPointer> Plan::read(capnp::AnyPointer::Reader results) {
  auto values = results.getAs<Object::MapResults>().getValues();
  KJ_REQUIRE(values.size() <= ELEMENTS_MAX, "map has too many results", values.size());
  auto mapped = kj::heap<Mapped>();
  types.results.init(mapped->getList(), values.size());
  for (uint i = 0; i < values.size(); ++i) {
    types.results.setFromWire(mapped->getList(), i, readValue(values[i]));
  }
  return toResponse(kj::mv(mapped));
}

// =======================================================================================
// Here

kj::Promise<void> Plan::runFrom(uint& next, uint size, Mapped& mapped) {
  while (next < size) {
    auto index = next++;
    kj::Maybe<uint> broken;
    auto done = kj::evalNow([&]() { return runOne(index, mapped, broken); });
    co_await done.catch_([&](kj::Exception&& exception) {
      auto step = broken.map([this](uint number) { return body->describe(*body->steps[number]); });
      addElementLine(exception, index, step.orDefault(kj::String()));
      kj::throwFatalException(kj::mv(exception));
    });
  }
}

kj::Promise<void> Plan::runOne(uint index, Mapped& mapped, kj::Maybe<uint>& broken) {
  Run run(*this, index);
  co_await run.whenDone(broken);
  run.writeResult(mapped);
}

kj::Promise<capnp::Response<capnp::AnyPointer>> Plan::evaluate() {
  auto size = list.readList().size();
  KJ_REQUIRE(size <= ELEMENTS_MAX, "the list is too long to be mapped", size);
  auto mapped = kj::heap<Mapped>();
  types.results.init(mapped->getList(), size);
  uint next = 0;
  kj::Vector<kj::Promise<void>> workers;
  for (uint i = 0; i < size && i < LOCAL_FAN_OUT_MAX; ++i) {
    workers.add(runFrom(next, size, *mapped));
  }
  co_await kj::joinPromisesFailFast(workers.releaseAsArray());
  co_return toResponse(kj::mv(mapped));
}

// =======================================================================================
// PendingCall

void PendingCall::sendMap(Plan& plan) {
  named = nameable;
  inDoubt = true;
  auto how = named ? capnp::Capability::Client::CallHints() : hints;
  auto request = resolveTarget().newCall(method.interfaceId, method.id, nullptr, how);
  plan.write(request);
  auto params = request.getAs<Object::MapParams>();
  params.setNamed(named);
  KJ_IF_MAYBE(left, timeLeft()) {
    params.initOptions().setTimeLeft(*left);
  }
  form = Form::INVOKE;
  carrier.emplace(kj::mv(request), Kind::PLAIN, static_cast<OutcomeSink&>(*this));
}

// Not at once: this may be the flush, in the body of another map.
void PendingCall::evaluateMap(Plan& plan) {
  form = Form::PLAIN;
  KJ_IF_MAYBE(d, deadline) {
    plan.inherited = Inherited(d->get()->getEnd());
  }
  plan.evaluation = kj::evalLater([&plan]() {
    return plan.evaluate();
  }).then([this](capnp::Response<capnp::AnyPointer>&& list) {
      fulfill(kj::mv(list));
    }).eagerlyEvaluate([this](kj::Exception&& exception) { reject(kj::mv(exception)); });
}

}  // namespace troth::_
