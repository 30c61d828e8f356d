// A client that speaks Object by hand, and so can say what our own would not.

#include <troth/object.capnp.h>

#include "desk.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

// The ordinals of Desk's methods, and where their parameters and results are.
enum Method : uint16_t {
  ADD = 0,
  MAKE = 1,
  KINDS = 2,
  PAIR = 3,
  JOIN = 4,
  FAIL = 5,
  HOLD = 7,
  MOVE = 8,
  ASK = 9
};
constexpr uint16_t TEXT_KIND = 13;
constexpr uint16_t SHADE_KIND = 11;

struct Hole {
  uint16_t param;
  mutable wire::Answer::Client source;
  std::vector<uint16_t> path = {0};
};

class Hostile {
public:
  Hostile(): object(desk::Desk::Client(desks.desk).castAs<wire::Object>()) {}

  using Invoked = capnp::RemotePromise<wire::Object::InvokeResults>;

  template <typename Fill>
  Invoked invoke(
      uint64_t interfaceId, uint16_t method, Fill&& fill, std::initializer_list<Hole> holes = {}) {
    auto request = object.invokeRequest();
    request.setInterfaceId(interfaceId);
    request.setMethodId(method);
    request.setNamed(true);
    fill(request.getParams());
    auto list = request.initHoles(holes.size());
    uint i = 0;
    for (auto& hole: holes) {
      auto to = list[i++];
      to.setParam(hole.param);
      to.setSource(wire::Answer::Client(hole.source));
      to.setPath(kj::arrayPtr(hole.path.data(), hole.path.size()));
    }
    return request.send();
  }
  Invoked invoke(uint16_t method, std::initializer_list<Hole> holes = {}) {
    return invoke(
        capnp::typeId<desk::Desk>(), method, [](auto) {}, holes);
  }

  Invoked add(int64_t a, int64_t b) {
    return invoke(capnp::typeId<desk::Desk>(), ADD, [&](capnp::AnyPointer::Builder params) {
      params.initAs<desk::Desk::AddParams>().setA(a);
      params.getAs<desk::Desk::AddParams>().setB(b);
    });
  }

  std::string failure(Invoked promise) { return describe(failureOf(kj::mv(promise), desks)); }

  // The server is well after whatever happened.
  void expectWell() {
    EXPECT_EQ(desks.desk.add(desks.desk.add(1, 1).sum(), 1).sum().wait(desks), 3);
  }

  World& world() { return desks.world; }

  Desks desks;
  wire::Object::Client object;
};

TEST(HostileInvoke, AParameterThatDoesNotExistIsRefused) {
  Hostile hostile;
  auto source = hostile.add(1, 2);
  for (uint16_t param: {2, 99, 65534}) {
    EXPECT_MENTIONS(hostile.failure(hostile.invoke(ADD, {{param, source.getAnswer()}})),
        "a hole is in a parameter that does not exist");
  }
  hostile.expectWell();
}

TEST(HostileInvoke, AValueOfAnotherTypeIsRefused) {
  Hostile hostile;
  auto number = hostile.add(1, 2);
  auto kinds = hostile.invoke(KINDS);
  for (uint16_t from: {11, 12, 14, 15, 16, 17, 18}) {
    hostile.failure(hostile.invoke(JOIN, {{0, kinds.getAnswer(), {from}}}));
  }
  for (uint16_t to: {13, 14, 15, 16, 17, 18, 19}) {
    hostile.failure(hostile.invoke(KINDS, {{to, number.getAnswer()}}));
  }
  EXPECT_EQ(hostile.world().delivered["join"], 0);
  EXPECT_EQ(hostile.world().delivered["kinds"], 1);
  hostile.expectWell();
}

TEST(HostileInvoke, ANumberThatDoesNotFitIsRefused) {
  Hostile hostile;
  auto number = hostile.add(1000, -3);
  auto negative = hostile.add(-1000, 0);
  hostile.failure(hostile.invoke(KINDS, {{1, number.getAnswer()}}));
  hostile.failure(hostile.invoke(KINDS, {{5, number.getAnswer()}}));
  hostile.failure(hostile.invoke(KINDS, {{8, negative.getAnswer()}}));
  EXPECT_EQ(hostile.world().delivered["kinds"], 0);
}

TEST(HostileInvoke, APathThatLeadsNowhereIsRefused) {
  Hostile hostile;
  auto number = hostile.add(1, 2);
  auto pair = hostile.invoke(PAIR);
  auto into = [&](Hostile::Invoked& source, std::vector<uint16_t> path) {
    return hostile.failure(hostile.invoke(ADD, {{0, source.getAnswer(), path}}));
  };
  EXPECT_MENTIONS(into(number, std::vector<uint16_t>(33, 0)), "too many steps");
  EXPECT_MENTIONS(into(number, {0, 0}), "neither a struct nor a list");
  EXPECT_MENTIONS(into(number, {7}), "names a field that does not exist");
  EXPECT_MENTIONS(into(pair, {0, 65535}), "names a field that does not exist");
  EXPECT_MENTIONS(into(pair, {0, 0, 0}), "neither a struct nor a list");
  EXPECT_MENTIONS(into(pair, {0, 3}), "Pair.middle is not the member that is set");
  EXPECT_NE(into(number, {}), "");
  EXPECT_NE(into(pair, {0}), "");
  auto kinds = hostile.invoke(KINDS);
  EXPECT_MENTIONS(into(kinds, {16, 0}), "the list has no such element");
  EXPECT_MENTIONS(into(kinds, {19, 0}), "neither a struct nor a list");
  EXPECT_EQ(hostile.world().delivered["add"], 1);
  hostile.expectWell();
}

TEST(HostileInvoke, ASourceThatIsNoAnswerIsRefused) {
  Hostile hostile;
  auto desk = desk::Desk::Client(hostile.desks.desk);
  auto failure = failureOf(hostile.invoke(ADD, {{0, desk.castAs<wire::Answer>()}}), hostile.desks);
  EXPECT_EQ(failure.getType(), Type::UNIMPLEMENTED);
  EXPECT_MENTIONS(hostile.failure(hostile.invoke(ADD, {{0, nullptr}})), "a hole has no source");
  auto broken = wire::Answer::Client(KJ_EXCEPTION(FAILED, "broken on purpose"));
  EXPECT_MENTIONS(hostile.failure(hostile.invoke(ADD, {{0, broken}})), "broken on purpose");
  EXPECT_EQ(hostile.world().delivered["add"], 0);
  hostile.expectWell();
}

TEST(HostileInvoke, AnOutcomeThatWasNotNamedIsNoSource) {
  Hostile hostile;
  auto request = hostile.object.invokeRequest();
  request.setInterfaceId(capnp::typeId<desk::Desk>());
  auto unnamed = request.send();
  hostile.failure(hostile.invoke(ADD, {{0, unnamed.getAnswer()}}));
  EXPECT_EQ(hostile.world().delivered["add"], 1);
  hostile.world().delivered.clear();
  hostile.expectWell();
}

TEST(HostileInvoke, TooManyHolesAreRefused) {
  Hostile hostile;
  auto source = hostile.add(1, 2);
  auto request = hostile.object.invokeRequest();
  request.setInterfaceId(capnp::typeId<desk::Desk>());
  request.initHoles(65);
  auto failure = failureOf(request.send(), hostile.desks);
  EXPECT_EQ(failure.getType(), Type::OVERLOADED);
  EXPECT_MENTIONS(
      hostile.failure(hostile.invoke(ADD, {{0, source.getAnswer()}, {0, source.getAnswer()}})),
      "two holes are in one parameter");
  hostile.expectWell();
}

TEST(HostileInvoke, WhatTheObjectDoesNotHaveIsUnimplemented) {
  Hostile hostile;
  auto nothing = [](auto) {};
  auto expectUnimplemented = [&](uint64_t interfaceId, uint16_t method) {
    auto failure = failureOf(hostile.invoke(interfaceId, method, nothing), hostile.desks);
    EXPECT_EQ(failure.getType(), Type::UNIMPLEMENTED);
    EXPECT_MENTIONS(describe(failure), "invoked: ");
  };
  expectUnimplemented(0, 0);
  expectUnimplemented(capnp::typeId<desk::Desk>(), 999);
  expectUnimplemented(capnp::typeId<desk::Desk>(), 65535);
  expectUnimplemented(capnp::typeId<wire::Answer>(), 0);
  expectUnimplemented(capnp::typeId<wire::Object>(), 0);
  hostile.expectWell();
}

TEST(HostileInvoke, ParametersOfAnotherShapeAreRefusedOrReadAsAbsent) {
  Hostile hostile;
  auto source = hostile.add(1, 2);
  auto with = [&](auto fill, std::initializer_list<Hole> holes) {
    auto promise = hostile.invoke(capnp::typeId<desk::Desk>(), ADD, fill, holes);
    kj::runCatchingExceptions([&]() { promise.wait(hostile.desks); });
  };
  for (bool hole: {false, true}) {
    std::initializer_list<Hole> one = {{0, source.getAnswer()}};
    std::initializer_list<Hole> none = {};
    auto holes = hole ? one : none;
    with([](auto params) { params.template setAs<capnp::Text>("not a struct"); }, holes);
    with([](auto params) { params.template initAs<capnp::List<bool>>(100); }, holes);
    with([](auto params) { params.template initAs<capnp::List<desk::Pair>>(3); }, holes);
    with(
        [&](auto params) {
          params.template setAs<desk::Desk>(desk::Desk::Client(hostile.desks.desk));
        },
        holes);
    with([](auto params) { params.initAsAnyStruct(0, 0); }, holes);
    with([](auto params) { params.initAsAnyStruct(100, 100); }, holes);
  }
  hostile.expectWell();
}

TEST(HostileInvoke, EveryMethodIsCalledWithEveryHoleFromEveryField) {
  Hostile hostile;
  std::vector<Hostile::Invoked> sources;
  for (uint16_t method: {ADD, MAKE, KINDS, PAIR, JOIN, MOVE}) {
    sources.push_back(hostile.invoke(method));
  }
  for (auto& source: sources) {
    for (uint16_t method: {ADD, MAKE, KINDS, PAIR, JOIN, FAIL, MOVE, ASK}) {
      for (uint16_t param = 0; param < 21; ++param) {
        std::vector<Hostile::Invoked> calls;
        for (uint16_t step = 0; step < 20; ++step) {
          calls.push_back(hostile.invoke(method, {{param, source.getAnswer(), {step}}}));
        }
        for (auto& call: calls) {
          kj::runCatchingExceptions([&]() { call.wait(hostile.desks); });
        }
      }
    }
  }
  hostile.expectWell();
}

TEST(HostileInvoke, CyclesWaitUntilTheirCallerGoes) {
  Hostile hostile;
  {
    auto later = kj::newPromiseAndFulfiller<wire::Answer::Client>();
    wire::Answer::Client promised(kj::mv(later.promise));
    auto itself = hostile.invoke(ADD, {{0, promised}});
    later.fulfiller->fulfill(itself.getAnswer());

    auto second = kj::newPromiseAndFulfiller<wire::Answer::Client>();
    auto one = hostile.invoke(ADD, {{0, wire::Answer::Client(kj::mv(second.promise))}});
    auto other = hostile.invoke(ADD, {{0, one.getAnswer()}});
    second.fulfiller->fulfill(other.getAnswer());
    hostile.desks.settle();
    hostile.expectWell();
    hostile.world().delivered.clear();
  }
  hostile.desks.settle();
  hostile.expectWell();
  EXPECT_EQ(hostile.world().delivered["add"], 2);
}

TEST(HostileInvoke, CyclesEndWhenTheyHaveWaitedForTooLong) {
  Hostile hostile;
  auto options = hostile.desks.options();
  options.limits.argumentWait = 1 * kj::MILLISECONDS;
  Vat impatient(kj::mv(options));
  auto second = kj::newPromiseAndFulfiller<wire::Answer::Client>();
  auto one = hostile.invoke(ADD, {{0, wire::Answer::Client(kj::mv(second.promise))}});
  auto other = hostile.invoke(ADD, {{0, one.getAnswer()}});
  second.fulfiller->fulfill(other.getAnswer());
  auto held = hostile.invoke(HOLD);
  auto onHeld = hostile.invoke(ADD, {{0, held.getAnswer()}});
  for (auto call: {&one, &other, &onHeld}) {
    auto failure = failureOf(kj::mv(*call), hostile.desks);
    EXPECT_EQ(failure.getType(), Type::OVERLOADED);
    EXPECT_MENTIONS(describe(failure), "limit: argumentWait");
  }
  EXPECT_EQ(hostile.world().waiting, 1);
  hostile.world().open();
  held.wait(hostile.desks);
  EXPECT_EQ(hostile.world().delivered["add"], 0);
  hostile.expectWell();
}

TEST(HostileInvoke, AllParametersAreAStructOfTheirType) {
  Hostile hostile;
  constexpr uint16_t ALL = 65535;
  auto number = hostile.add(1, 2);
  auto pair = hostile.invoke(PAIR);
  auto with = [&](Hostile::Invoked& source, std::vector<uint16_t> path) {
    return hostile.failure(hostile.invoke(JOIN, {{ALL, source.getAnswer(), path}}));
  };
  EXPECT_MENTIONS(with(number, {}), "the parameters are of another type");
  EXPECT_MENTIONS(with(pair, {0}), "the parameters are of another type");
  EXPECT_NE(with(number, {0}), "");
  EXPECT_NE(with(pair, {0, 0}), "");
  EXPECT_MENTIONS(hostile.failure(hostile.invoke(
                      ADD, {{ALL, number.getAnswer(), {}}, {0, number.getAnswer()}})),
      "a hole is in a parameter that does not exist");
  EXPECT_MENTIONS(
      hostile.failure(hostile.invoke(ADD, {{ALL, nullptr, {}}})), "a hole has no source");
  EXPECT_EQ(hostile.world().delivered["join"], 0);
  hostile.expectWell();
}

TEST(HostileInvoke, CyclesEndWithTheirConnection) {
  Hostile hostile;
  auto second = kj::newPromiseAndFulfiller<wire::Answer::Client>();
  auto one = hostile.invoke(ADD, {{0, wire::Answer::Client(kj::mv(second.promise))}});
  auto other = hostile.invoke(ADD, {{0, one.getAnswer()}});
  second.fulfiller->fulfill(other.getAnswer());
  auto never = hostile.invoke(HOLD);
  auto onNever = hostile.invoke(ADD, {{0, never.getAnswer()}});
  hostile.desks.settle();
  hostile.desks.client = nullptr;
  hostile.desks.settle();
  EXPECT_EQ(hostile.world().delivered["add"], 0);
}

// An answer in the caller's vat that gives whatever its test likes.
class LyingAnswer final: public wire::Answer::Server {
public:
  using Fill = kj::Function<void(wire::Value::Builder)>;
  explicit LyingAnswer(Fill fill): fill(kj::mv(fill)) {}

  kj::Promise<void> get(GetContext context) override {
    fill(context.getResults().initValue());
    return kj::READY_NOW;
  }

private:
  Fill fill;
};

TEST(HostileInvoke, AnAnswerThatLiesIsRefusedOrBelieved) {
  Hostile hostile;
  auto values = [&]() {
    std::vector<wire::Answer::Client> result;
    auto lie = [&](LyingAnswer::Fill fill) {
      result.push_back(kj::heap<LyingAnswer>(kj::mv(fill)));
    };
    lie([](auto value) { value.setVoid(); });
    lie([](auto value) { value.setBool(true); });
    lie([](auto value) { value.setInt(kj::minValue); });
    lie([](auto value) { value.setUint(kj::maxValue); });
    lie([](auto value) { value.setFloat(kj::nan()); });
    lie([](auto value) { value.setFloat(1e300); });
    lie([](auto value) { value.setEnum(65535); });
    lie([](auto value) { value.initPointer(); });
    lie([](auto value) { value.initPointer().template setAs<capnp::Text>("text"); });
    lie([](auto value) { value.initPointer().template initAs<capnp::List<bool>>(17); });
    lie([](auto value) { value.initPointer().template initAs<capnp::List<capnp::Text>>(17); });
    lie([](auto value) { value.initPointer().template initAs<capnp::List<desk::Pair>>(3); });
    lie([](auto value) { value.initPointer().template initAs<desk::Pair>().setName("name"); });
    lie([](auto value) { value.initPointer().initAsAnyStruct(0, 0); });
    lie([](auto value) { value.initList(3); });
    lie([](auto value) { value.initList(2)[1].initList(2)[0].setInt(7); });
    lie([](auto value) { value.initList(1)[0].initPointer().template initAs<desk::Pair>(); });
    lie([](auto value) { value.initList(1)[0].initPointer().template setAs<capnp::Text>("x"); });
    lie([&](auto value) {
      value.initPointer().template setAs<desk::Desk>(desk::Desk::Client(hostile.desks.desk));
    });
    return result;
  }();
  for (auto& value: values) {
    for (uint16_t param = 0; param < 21; ++param) {
      auto call = hostile.invoke(KINDS, {{param < 20 ? param : uint16_t(65535), value}});
      kj::runCatchingExceptions([&]() { call.wait(hostile.desks); });
    }
    auto call = hostile.invoke(ASK, {{0, value}});
    kj::runCatchingExceptions([&]() { call.wait(hostile.desks); });
  }
  EXPECT_NE(hostile.failure(hostile.invoke(KINDS, {{TEXT_KIND, values[0]}})), "");
  EXPECT_NE(hostile.failure(hostile.invoke(KINDS, {{SHADE_KIND, values[2]}})), "");
  hostile.expectWell();
}

TEST(HostileInvoke, AnAnswerIsAskedForAnyPath) {
  Hostile hostile;
  auto kinds = hostile.invoke(KINDS);
  auto ask = [&](std::vector<uint16_t> path) {
    auto request = kinds.getAnswer().getRequest();
    request.setPath(kj::arrayPtr(path.data(), path.size()));
    auto sent = request.send();
    return kj::runCatchingExceptions([&]() { sent.wait(hostile.desks); }) == nullptr;
  };
  EXPECT_TRUE(ask({}));
  for (uint16_t step = 0; step < 20; ++step) EXPECT_TRUE(ask({step}));
  EXPECT_FALSE(ask({20}));
  EXPECT_FALSE(ask({19, 0}));
  EXPECT_FALSE(ask(std::vector<uint16_t>(33, 0)));
  hostile.expectWell();
}

TEST(HostileInvoke, AnyTimeLeftIsValid) {
  Hostile hostile;
  for (uint64_t timeLeft: {UINT64_MAX, UINT64_MAX / 2, uint64_t(INT64_MAX), uint64_t(1) << 62}) {
    auto request = hostile.object.invokeRequest();
    request.setInterfaceId(capnp::typeId<desk::Desk>());
    request.setMethodId(HOLD);
    request.initOptions().setTimeLeft(timeLeft);
    auto held = request.send();
    hostile.desks.settle();
    EXPECT_EQ(hostile.world().waiting, 1);
    hostile.world().open();
    held.wait(hostile.desks);
  }
  auto request = hostile.object.invokeRequest();
  request.setInterfaceId(capnp::typeId<desk::Desk>());
  request.setMethodId(HOLD);
  request.initOptions().setTimeLeft(1);
  auto failure = describe(failureOf(request.send(), hostile.desks));
  EXPECT_MENTIONS(failure, "the deadline of the caller passed");
  EXPECT_EQ(hostile.world().waiting, 0);
  hostile.expectWell();
}

}  // namespace
}  // namespace troth
