// How a served object runs the body of a map: see schema/troth/object.capnp.

#include <kj/debug.h>
#include <string.h>
#include <troth/object.capnp.h>
#include <troth/server.h>

#include "call-deadline.h"
#include "invoke-form.h"
#include "outcome.h"

namespace troth {
namespace {

using MapContext = capnp::CallContext<wire::Object::MapParams, wire::Object::MapResults>;

constexpr uint ELEMENTS_MAX = 65536;

// How many elements are mapped by one call, with those of the maps inside it.
constexpr uint ELEMENTS_IN_ALL_MAX = 1 << 20;
constexpr uint STEPS_MAX = 64;
constexpr uint CAPTURES_MAX = 64;
constexpr uint NESTING_MAX = 4;

// How many elements of one list are worked on at once: of the outermost one, of one that is mapped
// for each of its elements, and so on.
constexpr uint FAN_OUT_MAX[NESTING_MAX] = {64, 8, 2, 1};

void requireAtMost(uint count, uint max, const char* what) {
  if (count > max) {
    kj::throwFatalException(KJ_EXCEPTION(OVERLOADED, "a map has too many", what, count, max));
  }
}

// An object that has no invoke cannot be used in a body: earlier steps may have run, so nothing is
// tried again.
void explainRefusal(kj::Exception& exception) {
  if (exception.getType() != kj::Exception::Type::UNIMPLEMENTED) return;
  if (strstr(exception.getDescription().cStr(), _::INVOKED.cStr()) != nullptr) return;
  exception.setDescription(
      kj::str("the body of a map calls an object that does not implement Object: ",
          exception.getDescription()));
}

// An answer, and where it was given.
struct Named {
  wire::Answer::Client answer;

  // An object of the vat that gave the answer, if it may be another than this one.
  kj::Maybe<wire::Object::Client> home;
};

// One map: a body, and the elements that it runs for.
class MapRun {
public:
  // Makes the list of results.
  using Init = kj::Function<capnp::List<wire::Value>::Builder(uint size)>;

  MapRun(wire::Body::Reader body, kj::Array<Named> captures, const _::Inherited& inherited)
      : body(body), captures(kj::mv(captures)), inherited(inherited) {}

  // One inside the body of `outer`.
  MapRun(wire::Body::Reader body, kj::Array<Named> captures, MapRun& outer)
      : MapRun(body, kj::mv(captures), outer.inherited) {
    nesting = outer.nesting + 1;
    elementsInAll = outer.elementsInAll;
  }
  KJ_DISALLOW_COPY_AND_MOVE(MapRun);

  kj::Promise<void> run(Named answer, capnp::List<uint16_t>::Reader path, Init init) {
    requireAtMost(body.getSteps().size(), STEPS_MAX, "steps");
    requireAtMost(captures.size(), CAPTURES_MAX, "captures");
    requireAtMost(nesting, NESTING_MAX, "maps inside it");
    // A caller that finds a capture to have no answer tries again: nothing may have run by then.
    for (auto& capture: captures) co_await _::boundedWait(capture.answer.whenResolved());
    auto outcome = co_await findOutcome(answer.answer);
    KJ_IF_MAYBE(own, outcome) {
      co_await runHere(kj::mv(*own), path, kj::mv(init));
    } else {
      co_await runThere(kj::mv(answer), path, kj::mv(init));
    }
  }

private:
  struct Nested;

  // What one element has come to so far. A step that is a map has no answer, others have no list.
  struct Element {
    Named element;
    kj::Vector<Named> steps;
    kj::Vector<kj::Own<Nested>> maps;

    // The first step that broke.
    kj::Maybe<uint> broken;
  };

  wire::Body::Reader body;
  kj::Array<Named> captures;
  _::Inherited inherited;
  uint nesting = 1;
  kj::Own<Outcome> list;
  capnp::DynamicList::Reader elements;
  capnp::List<wire::Value>::Builder values;
  uint next = 0;

  // Shared with the maps inside.
  uint ownElements = 0;
  uint* elementsInAll = &ownElements;

  kj::Promise<void> runHere(
      kj::Own<Outcome> outcome, capnp::List<uint16_t>::Reader path, Init init) {
    list = kj::mv(outcome);
    co_await _::boundedWait(list->whenDone());
    auto value = list->get(path);
    KJ_REQUIRE(value.getType() == capnp::DynamicValue::LIST, "what is to be mapped is not a list");
    elements = value.as<capnp::DynamicList>();
    requireAtMost(elements.size(), ELEMENTS_MAX, "elements");
    requireAtMost(*elementsInAll += elements.size(), ELEMENTS_IN_ALL_MAX, "elements in all");
    values = init(elements.size());
    co_await runAll();
  }

  template <typename Request>
  void passDeadlineOn(Request& request) {
    KJ_IF_MAYBE(end, inherited.getEnd()) {
      request.initOptions().setTimeLeft(_::timeLeftUntil(*end));
    }
  }

  // Has the list mapped by the vat that it is in.
  kj::Promise<void> runThere(Named answer, capnp::List<uint16_t>::Reader path, Init init) {
    auto& home = KJ_REQUIRE_NONNULL(answer.home,
        "a list is mapped only by the vat that made it, or through one of its objects");
    auto request = home.mapRequest();
    request.setList(answer.answer);
    request.setPath(path);
    request.setBody(body);
    passDeadlineOn(request);
    auto sent = request.initCaptures(captures.size());
    for (uint i = 0; i < captures.size(); ++i) sent.set(i, captures[i].answer);
    auto results = co_await request.send();
    auto given = results.getValues();
    requireAtMost(*elementsInAll += given.size(), ELEMENTS_IN_ALL_MAX, "elements in all");
    auto values = init(given.size());
    for (uint i = 0; i < given.size(); ++i) values.setWithCaveats(i, given[i]);
  }

  kj::Promise<void> runAll() {
    kj::Vector<kj::Promise<void>> workers;
    auto count = kj::min(elements.size(), FAN_OUT_MAX[nesting - 1]);
    for (uint i = 0; i < count; ++i) workers.add(work());
    return kj::joinPromisesFailFast(workers.releaseAsArray());
  }

  kj::Promise<void> work() {
    while (next < elements.size()) {
      auto index = next++;
      co_await runOne(index);
    }
  }

  kj::Promise<void> runOne(uint index);
  kj::Promise<void> runSteps(uint index, Element& state);
  kj::Promise<void> startMap(wire::StepMap::Reader step, Element& state);

  // The list that is the result of the body, if that is what a map in it gives.
  kj::Maybe<Nested&> findMapped(Element& state);

  kj::Promise<void> start(wire::Step::Reader step, Element& state) {
    if (step.hasMap()) return startMap(step.getMap(), state);
    auto target = targetOf(step.getTarget(), state).castAs<wire::Object>();
    auto request = target.invokeRequest();
    request.setInterfaceId(step.getInterfaceId());
    request.setMethodId(step.getMethodId());
    request.setNamed(true);
    request.getParams().set(step.getParams());
    passDeadlineOn(request);
    auto holes = request.initHoles(step.getHoles().size());
    for (uint i = 0; i < holes.size(); ++i) {
      auto hole = step.getHoles()[i];
      holes[i].setParam(hole.getParam());
      holes[i].setSource(namedBy(hole.getSource(), state).answer);
      holes[i].setPath(hole.getSource().getPath());
    }
    auto sent = request.send();
    state.steps.add(Named{sent.getAnswer(), kj::mv(target)});
    state.maps.add();
    return sent.ignoreResult().catch_([](kj::Exception&& exception) {
      explainRefusal(exception);
      kj::throwFatalException(kj::mv(exception));
    });
  }

  capnp::Capability::Client targetOf(wire::Step::Target::Reader target, Element& state) {
    if (target.isObject()) return target.getObject().getAs<capnp::Capability>();
    auto operand = target.getOperand();
    return _::getObjectIn(namedBy(operand, state).answer, operand.getPath());
  }

  Named namedBy(wire::Operand::Reader operand, Element& state) {
    switch (operand.which()) {
      case wire::Operand::ELEMENT: return state.element;
      case wire::Operand::STEP:
        KJ_REQUIRE(operand.getStep() < state.steps.size(),
            "a step of a map uses one that does not come before it", operand.getStep());
        return state.steps[operand.getStep()];
      case wire::Operand::CAPTURE:
        KJ_REQUIRE(operand.getCapture() < captures.size(),
            "a step of a map uses what was not captured", operand.getCapture());
        return captures[operand.getCapture()];
    }
    KJ_FAIL_REQUIRE("a step of a map uses something of a kind that is not known");
  }
};

// A map inside a body, for one element of the outer list.
struct MapRun::Nested {
  Nested(wire::Body::Reader body, kj::Array<Named> captures, MapRun& outer)
      : run(body, kj::mv(captures), outer) {}

  wire::Value::Builder getValue() {
    return capabilities.imbue(message.getRoot<capnp::AnyPointer>()).getAs<wire::Value>();
  }

  capnp::MallocMessageBuilder message;
  capnp::BuilderCapabilityTable capabilities;
  MapRun run;
};

kj::Promise<void> MapRun::runOne(uint index) {
  auto element = newAnswer(kj::refcounted<Outcome>(elements[index], kj::addRef(*list)));
  Element state{{kj::mv(element), nullptr}, {}, {}, nullptr};
  auto done = kj::evalNow([&]() { return runSteps(index, state); });
  co_await done.catch_([&](kj::Exception&& exception) {
    auto step = state.broken.map([](uint number) { return kj::str("step ", number); });
    _::addElementLine(exception, index, step.orDefault(kj::String()));
    kj::throwFatalException(kj::mv(exception));
  });
}

kj::Promise<void> MapRun::runSteps(uint index, Element& state) {
  kj::Vector<kj::Promise<void>> steps;
  for (auto step: body.getSteps()) {
    auto number = steps.size();
    steps.add(kj::evalNow([&]() {
      return start(step, state);
    }).catch_([&state, number](kj::Exception&& exception) {
      if (state.broken == nullptr) state.broken = number;
      kj::throwFatalException(kj::mv(exception));
    }));
  }
  KJ_IF_MAYBE(mapped, findMapped(state)) {
    co_await kj::joinPromisesFailFast(steps.releaseAsArray());
    values.setWithCaveats(index, mapped->getValue());
    co_return;
  }
  auto request = namedBy(body.getResult(), state).answer.getRequest();
  request.setPath(body.getResult().getPath());
  auto result = request.send();
  co_await kj::joinPromisesFailFast(steps.releaseAsArray());
  auto value = co_await result;
  values.setWithCaveats(index, value.getValue());
}

kj::Promise<void> MapRun::startMap(wire::StepMap::Reader step, Element& state) {
  auto inner = KJ_MAP(capture, step.getCaptures()) { return namedBy(capture, state); };
  auto nested = kj::heap<Nested>(step.getBody(), kj::mv(inner), *this);
  auto init = [&nested = *nested](uint size) { return nested.getValue().initList(size); };
  auto done =
      nested->run.run(namedBy(step.getList(), state), step.getList().getPath(), kj::mv(init));
  auto none = capnp::Capability::Client(
      KJ_EXCEPTION(FAILED, "what a map in a body gives can only be its result"));
  state.steps.add(Named{none.castAs<wire::Answer>(), nullptr});
  state.maps.add(kj::mv(nested));
  return done;
}

kj::Maybe<MapRun::Nested&> MapRun::findMapped(Element& state) {
  auto result = body.getResult();
  if (!result.isStep() || result.getStep() >= state.maps.size() || result.getPath().size() > 0) {
    return nullptr;
  }
  auto& nested = state.maps[result.getStep()];
  if (nested.get() == nullptr) return nullptr;
  return *nested;
}

// The results of a map under a name, which may be used longer than the call lasts.
class MapOutcome {
public:
  explicit MapOutcome(MapContext context)
      : context(context),
        outcome(kj::refcounted<Outcome>(capnp::Schema::from<wire::Object::MapResults>())),
        answer(newAnswer(kj::addRef(*outcome))),
        results(outcome->getResults().initAs<wire::Object::MapResults>()) {
    auto none = capnp::newBrokenPipeline(KJ_EXCEPTION(FAILED, "values are not an object"));
    capnp::CallContextHook::from(this->context).setPipeline(newNamedPipeline(answer, kj::mv(none)));
  }

  KJ_DISALLOW_COPY_AND_MOVE(MapOutcome);

  capnp::List<wire::Value>::Builder init(uint size) { return results.initValues(size); }

  kj::Promise<void> settle(kj::Promise<void> work) {
    return work.then(
        [this]() {
          outcome->finish();
          context.getResults().setValues(results.asReader().getValues());
          context.getResults().setAnswer(answer);
        },
        [this](kj::Exception&& exception) {
          outcome->fail(kj::cp(exception));
          kj::throwFatalException(kj::mv(exception));
        });
  }

private:
  MapContext context;
  kj::Own<Outcome> outcome;
  wire::Answer::Client answer;
  wire::Object::MapResults::Builder results;
};

}  // namespace

ServerBase::Dispatched ServerBase::map(Context untyped) {
  MapContext context(capnp::CallContextHook::from(untyped));
  auto params = context.getParams();
  auto captures = KJ_MAP(capture, params.getCaptures()) { return Named{capture, nullptr}; };
  auto deadline = _::readDeadline(params.getOptions());
  auto run = kj::heap<MapRun>(params.getBody(), kj::mv(captures), deadline);
  auto runWith = [&](MapRun::Init init) {
    auto work = kj::evalNow([&]() {
      return run->run(Named{params.getList(), nullptr}, params.getPath(), kj::mv(init));
    });
    return _::bounded(kj::mv(work), deadline).catch_([](kj::Exception&& exception) {
      _::addInvokedMark(exception);
      kj::throwFatalException(kj::mv(exception));
    });
  };
  kj::Promise<void> done = nullptr;
  if (params.getNamed()) {
    auto outcome = kj::heap<MapOutcome>(context);
    auto work = runWith([&outcome = *outcome](uint size) { return outcome.init(size); });
    done = outcome->settle(kj::mv(work)).attach(kj::mv(outcome));
  } else {
    done = runWith([context](uint size) mutable { return context.getResults().initValues(size); });
  }
  return {done.attach(kj::mv(run), thisCap()), false, true};
}

}  // namespace troth
