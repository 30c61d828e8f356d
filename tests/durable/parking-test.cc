// Calls that wait for long, in a vat whose time is the test's.

#include <kj/timer.h>
#include <troth/algebra.h>

#include "desks.h"
#include "durable-calls.h"
#include "hosted-objects.h"
#include "store-contract.h"

namespace troth {
namespace {

using WorkCall = Server<Desk>::Work;

// Far from the time of the machine, by which a vat tells that it has stood still.
constexpr auto AWAY_FROM_REAL_TIME = 1000 * kj::HOURS;

// Longer than a call is not parked.
constexpr auto LEASE = 10 * kj::MINUTES;

// More requests than ever follow from one another.
constexpr int CHAIN_MAX = 20;

class HalfJitter final: public JitterSource {
public:
  double next() override { return 0.5; }
};

// What there is of a vat that serves a desk while it is up.
struct Place {
  Place(Scene& scene, kj::Own<Store> storeParam, kj::Timer& timer, const DurableOptions& options)
      : store(kj::mv(storeParam)),
        objects(kj::refcounted<HostedObjects>(HostedObjects::Options{},
            [](kj::StringPtr, kj::StringPtr) { return capnp::newBrokenCap("nowhere"); })) {
    auto make = [&scene](kj::StringPtr key) { return kj::heap<DrawerServer>(scene, key); };
    Restorer<Drawer> drawers(objects->addRestorer("drawer", _::toMakeServer<Drawer>(kj::mv(make))));
    objects->serve("desk", kj::heap<DeskServer>(scene, drawers));
    durability = newDurableCalls(*store, *objects, timer, options, jitter);
    objects->setDurability(*durability);
  }
  ~Place() noexcept(false) {
    objects->setDurability(nullptr);
    durability = nullptr;
    objects->close();
  }

  Ref<Desk> desk() { return Ref<Desk>(capnp::ClientHook::from(objects->getObject("desk"))); }

  HalfJitter jitter;
  kj::Own<Store> store;
  kj::Own<HostedObjects> objects;
  kj::Own<Durability> durability;
};

class Parking: public testing::Test {
public:
  Parking() { open(); }
  ~Parking() noexcept override = default;

  TemporaryFolder folder;
  Loop loop;
  ManualClock clock;
  kj::TimerImpl timer{loop.timer().now() + AWAY_FROM_REAL_TIME};
  DurableOptions durable{.lease = LEASE};
  Scene scene;
  std::optional<Place> place;

  // Coroutines of methods that are there.
  int alive = 0;

  kj::Own<Store> newStore(kj::StringPtr name) {
    StoreOptions options;
    options.clock = clock;
    options.timer = timer;
    return newSqliteStore(folder.file(name), options);
  }

  void open() { place.emplace(scene, newStore("promises.db"), timer, durable); }

  // As a process ends that is killed.
  void kill() {
    place = std::nullopt;
    settle();
  }

  // That of another place, while there is one.
  kj::Maybe<Store&> farStore;

  // What the stores were asked for is done, and all that follows from it.
  void settle() {
    for (int quiet = 0; quiet < CHAIN_MAX; ++quiet) {
      if (place) wait(place->store->find("nothing"));
      KJ_IF_MAYBE(store, farStore) wait(store->find("nothing"));
      while (loop.waitScope().poll() > 0) quiet = 0;
    }
  }

  void advance(kj::Duration time) {
    clock.advance(time);
    timer.advanceTo(timer.now() + time);
    settle();
  }

  // As long as it takes until what waits is parked, in steps in which leases are renewed.
  void waitForParking() {
    for (int i = 0; i < 6; ++i) advance(LEASE / 6);
  }

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(loop.waitScope());
  }

  Record get(kj::StringPtr id) {
    auto record = wait(place->store->find(id));
    return kj::mv(KJ_ASSERT_NONNULL(record, id));
  }

  void approve(Store& store, kj::StringPtr id) {
    StoredMessageBuilder message;
    message.content().setAs<capnp::Text>("yes");
    wait(store.settle({.id = kj::str(id), .value = message.finish()}));
    settle();
  }

  // A method that makes a step and asks for an approval.
  void serveApprovals() {
    scene.work = [this](WorkCall call) -> kj::Promise<void> {
      ++alive;
      KJ_DEFER(--alive);
      ++scene.runs;
      co_await call.step("first", [this]() { ++steps; });
      auto answer = co_await call.promise<capnp::Text>("approval");
      call.fulfill(kj::str(answer, " in try ", call.tries()));
    };
  }
  int steps = 0;

  // A call whose caller waits.
  kj::Promise<kj::String> call(kj::StringPtr id) {
    auto text = place->desk().work("x").durable(id).text();
    return text.then([](auto text) { return kj::str(text); }).eagerlyEvaluate(nullptr);
  }

  // The same, and it is parked.
  kj::Promise<kj::String> parkedCall(kj::StringPtr id) {
    auto answer = call(id);
    waitForParking();
    EXPECT_EQ(0, alive);
    EXPECT_TRUE(get(id).isParked());
    return answer;
  }
};

TEST_F(Parking, AThousandCallsThatSleepForADayHoldNoCoroutineAndAllEnd) {
  constexpr int CALLS = 1000;
  int ended = 0;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++alive;
    KJ_DEFER(--alive);
    co_await call.sleep(24 * kj::HOURS);
    ++ended;
    call.fulfill("awake");
  };
  {
    kj::Vector<kj::Promise<void>> calls;
    for (int i = 0; i < CALLS; ++i) {
      auto call = place->desk().work("x").durable(kj::str("w-", i)).ignoreResult();
      calls.add(call.eagerlyEvaluate(nullptr));
    }
    settle();
    EXPECT_EQ(CALLS, alive);
  }
  waitForParking();
  EXPECT_EQ(0, alive);
  advance(12 * kj::HOURS);
  EXPECT_EQ(0, alive);
  advance(12 * kj::HOURS);
  while (ended < CALLS) advance(1 * kj::SECONDS);
  settle();
  for (int i = 0; i < CALLS; i += 999) {
    EXPECT_EQ(PromiseState::FULFILLED, get(kj::str("w-", i)).state);
  }
}

TEST_F(Parking, AParkedCallGoesOnWhenItsPromiseIsSettledAndItsCallerGetsTheOutcome) {
  serveApprovals();
  auto answer = parkedCall("w");
  EXPECT_EQ(1, scene.runs);
  approve(*place->store, "w.approval");
  EXPECT_EQ("yes in try 1", wait(kj::mv(answer)));
  EXPECT_EQ(2, scene.runs);
  EXPECT_EQ(1, steps);
}

TEST_F(Parking, AParkedCallGoesOnWhenAnotherProcessSettlesItsPromise) {
  serveApprovals();
  auto answer = parkedCall("w");
  auto other = newStore("promises.db");
  approve(*other, "w.approval");
  advance(1 * kj::SECONDS);
  EXPECT_EQ("yes in try 1", wait(kj::mv(answer)));
}

TEST_F(Parking, AParkedCallGoesOnAfterARestart) {
  serveApprovals();
  { auto detached = parkedCall("w"); }
  kill();
  auto other = newStore("promises.db");
  approve(*other, "w.approval");
  other = nullptr;
  open();
  settle();
  EXPECT_EQ(PromiseState::FULFILLED, wait(place->store->whenSettled("w")).state);
  EXPECT_EQ(1, steps);
}

TEST_F(Parking, AParkedSleepEndsAfterARestart) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++alive;
    KJ_DEFER(--alive);
    co_await call.sleep(2 * kj::HOURS);
    call.fulfill("awake");
  };
  { auto detached = parkedCall("w"); }
  kill();
  clock.advance(2 * kj::HOURS);
  open();
  EXPECT_EQ(PromiseState::FULFILLED, wait(place->store->whenSettled("w")).state);
}

TEST_F(Parking, ACallThatIsAskedForAgainWhileItIsParkedIsNotRun) {
  serveApprovals();
  auto first = parkedCall("w");
  auto second =
      place->desk().work("x").durable("w").text().then([](auto text) { return kj::str(text); });
  EXPECT_FALSE(second.poll(loop.waitScope()));
  settle();
  EXPECT_EQ(1, scene.runs);
  approve(*place->store, "w.approval");
  EXPECT_EQ(wait(kj::mv(first)), wait(kj::mv(second)));
}

TEST_F(Parking, AParkedCallIsCanceledWithItsParts) {
  serveApprovals();
  auto answer = parkedCall("w");
  wait(place->durability->cancel("w", "changed my mind"));
  auto text = failureOf(loop.waitScope(), [&]() { return kj::mv(answer); });
  EXPECT_NE(std::string::npos, text.find("changed my mind")) << text;
  settle();
  EXPECT_EQ(PromiseState::CANCELED, get("w.approval").state);
  EXPECT_EQ(1, scene.runs);
}

// The clock of the database stands nearly still meanwhile, so that the lease seems to last.
TEST_F(Parking, ALeaseThatWasLeftIsNotTakenForThatOfAFirstStart) {
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++scene.runs;
    auto value = co_await call.step("act", [&]() { return ++steps; });
    if (scene.runs == 1) co_await kj::Promise<void>(kj::NEVER_DONE);
    call.fulfill(kj::str(value));
  };
  auto lost = call("w");
  settle();
  EXPECT_EQ(1, steps);
  constexpr int LEASES = 40;
  for (int i = 0; i < LEASES; ++i) {
    timer.advanceTo(timer.now() + LEASE);
    settle();
  }
  clock.advance(1 * kj::SECONDS);
  auto again = call("w");
  EXPECT_EQ("1", wait(kj::mv(again)));
  EXPECT_EQ(1, steps);
}

TEST_F(Parking, AParkedCallTimesOut) {
  serveApprovals();
  auto text = place->desk().work("x").durable("w").within(2 * kj::HOURS).text();
  auto answer = text.ignoreResult().eagerlyEvaluate(nullptr);
  waitForParking();
  EXPECT_EQ(0, alive);
  advance(2 * kj::HOURS);
  auto failure = failureOf(loop.waitScope(), [&]() { return kj::mv(answer); });
  EXPECT_NE(std::string::npos, failure.find("deadline")) << failure;
  EXPECT_EQ(PromiseState::TIMEDOUT, get("w").state);
  EXPECT_EQ(PromiseState::TIMEDOUT, get("w.approval").state);
}

TEST_F(Parking, ACallThatWasParkedOftenIsNotRejected) {
  kill();
  durable.triesMax = 2;
  open();
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    for (auto name: {"a", "b", "c", "d", "e"}) co_await call.promise<capnp::Text>(name);
    call.fulfill(kj::str("try ", call.tries()));
  };
  auto answer = parkedCall("w");
  for (auto id: {"w.a", "w.b", "w.c", "w.d", "w.e"}) {
    EXPECT_TRUE(get("w").isParked());
    approve(*place->store, id);
    waitForParking();
  }
  EXPECT_EQ("try 1", wait(kj::mv(answer)));
}

TEST_F(Parking, ACallIsParkedWhileItsChildIsAndGoesOnWithIt) {
  scene.number = [&](Server<Desk>::Number call) -> kj::Promise<void> {
    ++alive;
    KJ_DEFER(--alive);
    co_await call.promise<capnp::Text>("approval");
    call.fulfill(7);
  };
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++alive;
    KJ_DEFER(--alive);
    auto n = co_await place->desk().number(1).durable(call).n();
    call.fulfill(kj::str(n));
  };
  auto answer = parkedCall("w");
  EXPECT_TRUE(get("w.1").isParked());
  approve(*place->store, "w.1.approval");
  EXPECT_EQ("7", wait(kj::mv(answer)));
}

TEST_F(Parking, ACallThatWaitsForAnotherStoreIsNotParked) {
  Scene farScene;
  auto gate = kj::newPromiseAndFulfiller<void>();
  farScene.number = [&](Server<Desk>::Number call) -> kj::Promise<void> {
    co_await gate.promise;
    call.fulfill(7);
  };
  Place far(farScene, newStore("far.db"), timer, durable);
  farStore = *far.store;
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++alive;
    KJ_DEFER(--alive);
    auto n = co_await far.desk().number(1).durable(call).n();
    call.fulfill(kj::str(n));
  };
  auto answer = call("w");
  waitForParking();
  EXPECT_EQ(1, alive);
  gate.fulfiller->fulfill();
  EXPECT_EQ("7", wait(kj::mv(answer)));
  place = std::nullopt;
}

TEST_F(Parking, ACallWithAnOpenStepIsNotParked) {
  auto gate = kj::newPromiseAndFulfiller<void>();
  scene.work = [&](WorkCall call) -> kj::Promise<void> {
    ++alive;
    KJ_DEFER(--alive);
    auto slept = call.sleep(1 * kj::HOURS).eagerlyEvaluate(nullptr);
    co_await call.step("long", [&]() { return kj::mv(gate.promise); });
    call.fulfill("done");
  };
  auto answer = call("w");
  waitForParking();
  EXPECT_EQ(1, alive);
  gate.fulfiller->fulfill();
  EXPECT_EQ("done", wait(kj::mv(answer)));
}

using RetryDelay = Parking;

TEST_F(RetryDelay, DoublesUpToItsBound) {
  durable.retryDelayFirst = 1 * kj::SECONDS;
  durable.retryDelayMax = 3 * kj::SECONDS;
  kill();
  open();
  scene.work = [&](WorkCall) -> kj::Promise<void> {
    ++scene.runs;
    return KJ_EXCEPTION(OVERLOADED, "not now");
  };
  auto dropped = place->desk().work("x").durable("w");
  settle();
  int runs = 1;
  for (auto delay: {500, 1000, 1500, 1500}) {
    advance((delay - 10) * kj::MILLISECONDS);
    EXPECT_EQ(runs, scene.runs);
    advance(20 * kj::MILLISECONDS);
    EXPECT_EQ(++runs, scene.runs);
  }
}

}  // namespace
}  // namespace troth
