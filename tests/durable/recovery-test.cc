// How calls are taken up that were left pending.

#include "desks.h"

namespace troth {
namespace {

using WorkCall = Server<Desk>::Work;

class Recovery: public DurableTest {
public:
  ~Recovery() noexcept override = default;

  // Has calls recorded that make one step and do not end before the vat gives them back.
  void leavePending(int count) {
    scene.work = [](WorkCall call) -> kj::Promise<void> {
      co_await call.step("first", []() { return 1; });
      co_await kj::Promise<void>(kj::NEVER_DONE);
    };
    for (int i = 0; i < count; ++i) start(kj::str("w-", i));
    for (int i = 0; i < count; ++i) {
      waitUntil([&]() { return find(kj::str("w-", i, ".1")) != nullptr; });
    }
    wait(office->vat->shutdown(0 * kj::SECONDS));
    kill();
  }
};

TEST_F(Recovery, CostsNoQueryForEachCall) {
  constexpr int CALLS = 200;
  leavePending(CALLS);
  int repeated = 0, ended = 0;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    co_await call.step("first", [&]() { return ++repeated; });
    ++ended;
    call.fulfill("done");
  };
  open();
  kj::Vector<kj::Promise<void>> settled;
  for (int i = 0; i < CALLS; ++i) {
    settled.add(office->store.whenSettled(kj::str("w-", i)).ignoreResult());
  }
  wait(kj::joinPromises(settled.releaseAsArray()));
  EXPECT_EQ(CALLS, ended);
  EXPECT_EQ(0, repeated);
  EXPECT_LT(transactions(), uint64_t(CALLS / 4));
}

TEST_F(Recovery, ReadsAllChildrenOfACallThatHasMany) {
  constexpr int STEPS = Store::CLAIM_CHILDREN_MAX * 3;
  std::vector<int> runs(STEPS);
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++scene.runs;
    for (int i = 0; i < STEPS; ++i) co_await call.step("s", [&]() { ++runs[i]; });
    if (scene.runs == 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    call.fulfill("done");
  };
  start("w");
  waitUntil([&]() { return find(kj::str("w.", STEPS)) != nullptr; });
  restart();
  EXPECT_EQ("done", wait(desk().work("x").durable("w").text()));
  EXPECT_EQ(std::vector<int>(STEPS, 1), runs);
}

TEST_F(Recovery, CancelsWhatAnEarlierStartHasAskedForAndTheLastHasNot) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    if (++scene.runs == 1) co_await call.promise<capnp::Text>("approval");
    call.fulfill("without");
  };
  start("w");
  waitUntil([&]() { return find("w.approval") != nullptr; });
  restart();
  EXPECT_EQ("without", wait(desk().work("x").durable("w").text()));
  waitUntil([&]() { return get("w.approval").isSettled(); });
  EXPECT_EQ(PromiseState::CANCELED, get("w.approval").state);
}

TEST_F(Recovery, GoesOnWhileManyOfThoseThatWereTakenUpSleep) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    auto text = kj::str(call.text());
    if (text == "sleepy") co_await call.sleep(1 * kj::HOURS);
    if (text == "asks") co_await call.promise<capnp::Text>("answer");
    if (++scene.runs == 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    call.fulfill("awake");
  };
  for (auto [id, text]: {std::pair("s-1", "sleepy"), {"s-2", "sleepy"}, {"a", "asks"}}) {
    auto dropped = desk().work(text).durable(id);
    while (find(kj::str(id, text == "asks"_kj ? ".answer" : ".1")) == nullptr) settle();
  }
  start("w");
  durable.recoveringMax = 2;
  restart();
  EXPECT_EQ("awake", wait(desk().work("x").durable("w").text()));
}

TEST_F(Recovery, DoesNotHoldUpNewCalls) {
  leavePending(3);
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    if (call.text() == "x"_kj) co_await kj::Promise<void>(kj::NEVER_DONE);
    call.fulfill("new");
  };
  durable.recoveringMax = 1;
  open();
  EXPECT_EQ("new", wait(desk().work("y").durable("n").text()));
}

}  // namespace
}  // namespace troth
