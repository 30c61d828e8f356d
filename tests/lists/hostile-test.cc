// A client that writes the bodies of maps by hand, and so can say what our own would not.

#include <troth/object.capnp.h>

#include "folder.h"

namespace troth {
namespace {

using Step = wire::Step::Builder;

class HostileMap {
public:
  HostileMap()
      : folder(s.connect()), object(folder::Folder::Client(folder).castAs<wire::Object>()) {}

  // Maps the list of method `method` of Folder, which has 2 elements, with what `fill` makes of the
  // parameters.
  template <typename Fill>
  std::string failureOf(uint16_t method, Fill&& fill) {
    auto invoke = object.invokeRequest();
    invoke.setInterfaceId(capnp::typeId<folder::Folder>());
    invoke.setMethodId(method);
    invoke.setNamed(true);
    invoke.getParams().initAs<folder::Folder::ListParams>().setCount(2);
    auto list = invoke.send();
    auto request = object.mapRequest();
    request.setList(list.getAnswer());
    request.setPath({0});
    request.initBody();
    fill(wire::Object::MapParams::Builder(request));
    auto words = troth::failureOf(kj::Promise<void>(request.send().ignoreResult()), s);
    EXPECT_EQ(folder.add(1, 1).sum().wait(s), 2);
    return words;
  }

  // One step that calls File.size on `target`.
  template <typename Target>
  std::string failureOfStep(Target&& target) {
    return failureOf(FILES, [&](auto params) {
      auto step = params.getBody().initSteps(1)[0];
      step.setInterfaceId(capnp::typeId<folder::File>());
      target(step);
    });
  }

  static constexpr uint16_t LIST = 0;
  static constexpr uint16_t FILES = 1;
  static constexpr uint16_t NUMBERS = 2;

  Setting s;
  Ref<folder::Folder> folder;
  wire::Object::Client object;
};

TEST(HostileMap, NamesNoListOfThisVat) {
  HostileMap h;
  auto none = [](auto params) { params.disownList(); };
  auto deep = [](auto params) { params.setPath({0, 7}); };
  auto scalar = [](auto params) { params.setPath({0, 0}); };
  auto noField = [](auto params) { params.setPath({9}); };
  EXPECT_NE(h.failureOf(HostileMap::FILES, none), "");
  EXPECT_MENTIONS(h.failureOf(HostileMap::FILES, deep), "no such element");
  EXPECT_MENTIONS(h.failureOf(HostileMap::NUMBERS, scalar), "not a list");
  EXPECT_MENTIONS(h.failureOf(HostileMap::NUMBERS, noField), "does not exist");
}

TEST(HostileMap, ResultsAreWholes) {
  HostileMap h;
  auto mapped = h.object.mapRequest();
  auto invoke = h.object.invokeRequest();
  invoke.setInterfaceId(capnp::typeId<folder::Folder>());
  invoke.setMethodId(HostileMap::NUMBERS);
  invoke.setNamed(true);
  invoke.getParams().initAs<folder::Folder::NumbersParams>().setCount(2);
  auto list = invoke.send();
  mapped.setList(list.getAnswer());
  mapped.setPath({0});
  mapped.initBody().initResult().setElement();
  mapped.setNamed(true);
  auto sent = mapped.send();
  auto ask = [&](std::initializer_list<uint16_t> path) {
    auto request = sent.getAnswer().getRequest();
    request.setPath(path);
    return request.send();
  };
  EXPECT_EQ(ask({0}).wait(h.s).getValue().getList().size(), 2u);
  EXPECT_EQ(ask({0, 1}).wait(h.s).getValue().getInt(), 1);
  auto failureOf = [&](std::initializer_list<uint16_t> path) {
    return troth::failureOf(kj::Promise<void>(ask(path).ignoreResult()), h.s);
  };
  EXPECT_MENTIONS(failureOf({0, 1, 0}), "goes into a result of a map");
  EXPECT_MENTIONS(failureOf({0, 2}), "no such element");
  auto again = h.object.mapRequest();
  again.setList(sent.getAnswer());
  again.setPath({0, 1});
  again.initBody().initResult().setElement();
  EXPECT_MENTIONS(
      troth::failureOf(kj::Promise<void>(again.send().ignoreResult()), h.s), "not a list");
}

TEST(HostileMap, GivesWhatIsNotThereAsResult) {
  HostileMap h;
  EXPECT_MENTIONS(
      h.failureOf(HostileMap::FILES, [](auto params) { params.getBody().initResult().setStep(5); }),
      "does not come before");
  EXPECT_MENTIONS(h.failureOf(HostileMap::FILES,
                      [](auto params) { params.getBody().initResult().setCapture(0); }),
      "not captured");
  EXPECT_MENTIONS(h.failureOf(HostileMap::LIST,
                      [](auto params) { params.getBody().initResult().setPath({77}); }),
      "does not exist");
  EXPECT_MENTIONS(h.failureOf(HostileMap::LIST,
                      [](auto params) {
                        auto path = params.getBody().initResult().initPath(33);
                        for (uint i = 0; i < path.size(); ++i) path.set(i, 0);
                      }),
      "steps");
}

TEST(HostileMap, CallsWhatIsNoObject) {
  HostileMap h;
  EXPECT_MENTIONS(h.failureOfStep([](Step step) { step.getTarget().initOperand().setStep(0); }),
      "does not come before");
  EXPECT_NE(h.failureOfStep([](Step step) { step.getTarget().initObject(); }), "");
  EXPECT_NE(h.failureOfStep([](Step step) {
    step.getTarget().initOperand().setElement();
    step.setMethodId(400);
  }),
      "");
  EXPECT_NE(h.failureOf(HostileMap::NUMBERS,
                [](auto params) {
                  params.getBody().initSteps(1)[0].getTarget().initOperand().setElement();
                }),
      "");
  EXPECT_NE(h.failureOf(HostileMap::LIST,
                [](auto params) {
                  params.getBody().initSteps(1)[0].getTarget().initOperand().setPath({0});
                }),
      "");
}

TEST(HostileMap, HasTooMuchOfEverything) {
  HostileMap h;
  EXPECT_MENTIONS(
      h.failureOf(HostileMap::FILES, [](auto params) { params.getBody().initSteps(65); }), "steps");
  EXPECT_MENTIONS(
      h.failureOf(HostileMap::FILES, [](auto params) { params.initCaptures(65); }), "captures");
  EXPECT_MENTIONS(h.failureOf(HostileMap::LIST,
                      [](auto params) {
                        auto body = params.getBody();
                        params.initCaptures(1).set(0, params.getList());
                        for (uint i = 0; i < 5; ++i) {
                          auto step = body.initSteps(1)[0].initMap();
                          step.initList().setCapture(0);
                          step.getList().setPath({0});
                          step.initCaptures(1)[0].setCapture(0);
                          body = step.initBody();
                        }
                      }),
      "maps inside it");
}

TEST(HostileMap, UsesWhatAMapInItGives) {
  HostileMap h;
  EXPECT_MENTIONS(h.failureOf(HostileMap::LIST,
                      [](auto params) {
                        auto steps = params.getBody().initSteps(2);
                        auto inner = steps[0].initMap();
                        inner.initList().setPath({5});
                        inner.initBody();
                        steps[1].getTarget().initOperand().setStep(0);
                      }),
      "only be its result");
  EXPECT_MENTIONS(h.failureOf(HostileMap::LIST,
                      [](auto params) {
                        auto inner = params.getBody().initSteps(1)[0].initMap();
                        inner.initList().setPath({0});
                        inner.initBody();
                      }),
      "not a list");
}

}  // namespace
}  // namespace troth
