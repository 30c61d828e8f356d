// within(): what ends when a deadline passes, on which side, and what goes on as if there was none.

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/thread.h>
#include <troth/object.capnp.h>
#include <uv.h>

#include "desk.h"

namespace troth {
namespace {

using desk::Desk;
using Type = kj::Exception::Type;

constexpr auto SOON = 1 * kj::MILLISECONDS;
constexpr auto LATE = 1 * kj::HOURS;

kj::TimePoint now() { return KJ_ASSERT_NONNULL(Deadline(0 * kj::SECONDS).getEnd()); }

// Runs the loop until `condition` holds. If it never does, the test runs into its time limit.
template <typename Condition>
void runUntil(Desks& desks, Condition&& condition) {
  while (!condition()) desks.loop.timer().afterDelay(1 * kj::MILLISECONDS).wait(desks);
}

// Makes attempts with longer and longer deadlines, until the server has got a call in time.
template <typename Attempt, typename Arrived>
void tryDeadlines(Attempt&& attempt, Arrived&& arrived) {
  for (auto limit = SOON; !arrived(); limit *= 4) attempt(limit);
}

// A desk whose ask() does what a test says, and that notes the deadlines of its calls.
class Scripted final: public Server<Desk> {
public:
  using Script = kj::Function<kj::Promise<void>(Ask call)>;

  struct Seen {
    std::vector<kj::Maybe<kj::TimePoint>> deadlines;
    int waiting = 0;
  };

  explicit Scripted(Seen& seen): Scripted(seen, [](Ask call) { return call.fulfill(0); }) {}
  Scripted(Seen& seen, Script script): seen(seen), script(kj::mv(script)) {}

  kj::Promise<void> ask(Ask call) override {
    seen.deadlines.push_back(call.deadline());
    return script(kj::mv(call));
  }
  kj::Promise<void> add(Add call) override {
    seen.deadlines.push_back(call.deadline());
    return call.fulfill(plus(call.a(), call.b()));
  }
  kj::Promise<void> hold(Hold call) override {
    seen.deadlines.push_back(call.deadline());
    ++seen.waiting;
    return kj::Promise<void>(kj::NEVER_DONE).attach(kj::defer([this]() { --seen.waiting; }));
  }

private:
  Seen& seen;
  Script script;
};

// The vat of `desks`, a second one that it calls, and a third that the second calls.
struct ThreeVats {
  explicit ThreeVats(Scripted::Script script) {
    auto server = kj::heap<Vat>(desks.options());
    auto pipe = desks.loop.newTwoWayPipe();
    server->serve(kj::heap<Scripted>(middle, kj::mv(script)));
    server->accept(kj::mv(pipe.ends[0]));
    first = desks.client->connect<Desk>(kj::mv(pipe.ends[1]));

    auto far = kj::heap<Vat>(desks.options());
    auto farPipe = desks.loop.newTwoWayPipe();
    far->serve(kj::heap<Scripted>(last));
    far->accept(kj::mv(farPipe.ends[0]));
    second = server->connect<Desk>(kj::mv(farPipe.ends[1]));
    desks.servers.add(kj::mv(server));
    desks.servers.add(kj::mv(far));
  }
  ~ThreeVats() {
    first = nullptr;
    second = nullptr;
  }

  kj::TimePoint middleDeadline() { return KJ_ASSERT_NONNULL(middle.deadlines.at(0)); }
  kj::TimePoint lastDeadline(size_t i = 0) { return KJ_ASSERT_NONNULL(last.deadlines.at(i)); }

  Scripted::Seen middle;
  Scripted::Seen last;
  Desks desks{nullptr};
  // In the second vat, for the first; in the third, for the second.
  Ref<Desk> first = nullptr;
  Ref<Desk> second = nullptr;
};

class DeadlineOnBoth: public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Servers, DeadlineOnBoth, testing::Values(Kind::TROTH, Kind::STOCK),
    [](auto& info) { return info.param == Kind::TROTH ? "Troth" : "Stock"; });

TEST(Deadline, TravelsWithTheCall) {
  auto script = [](Scripted::Ask call) { return call.fulfill(1); };
  ThreeVats vats(script);
  EXPECT_EQ(vats.first.ask(nullptr, 1).within(LATE).sum().wait(vats.desks), 1);
  EXPECT_LE(vats.middleDeadline(), now() + LATE);
  EXPECT_GT(vats.middleDeadline(), now() + LATE / 2);
  vats.first.ask(nullptr, 1).wait(vats.desks);
  EXPECT_TRUE(vats.middle.deadlines.at(1) == nullptr);
}

TEST(Deadline, IsADurationOfEitherKind) {
  Desks desks;
  EXPECT_EQ(desks.desk.add(1, 1).within(std::chrono::minutes(5)).sum().wait(desks), 2);
  EXPECT_EQ(desks.desk.add(1, 1).within(std::chrono::hours::max()).sum().wait(desks), 2);
  EXPECT_EQ(desks.desk.add(1, 1).within(kj::Duration(kj::maxValue)).sum().wait(desks), 2);
  auto held = desks.desk.hold(1).within(std::chrono::duration<double>(0.001));
  EXPECT_MENTIONS(describe(failureOf(kj::mv(held), desks)), "the deadline of 1ms passed");
}

TEST(Deadline, EndsAMethodThatItsCallerCannotCancel) {
  Desks desks;
  auto attempt = [&](kj::Duration limit) {
    auto failure = failureOf(desks.desk.hold(1).within(limit), desks);
    EXPECT_EQ(failure.getType(), Type::OVERLOADED);
    EXPECT_MENTIONS(describe(failure), kj::str("the deadline of ", limit, " passed").cStr());
    EXPECT_MENTIONS(describe(failure), "while calling Desk.hold");
  };
  tryDeadlines(attempt, [&]() { return desks.world.delivered["hold"] > 0; });
  runUntil(desks, [&]() { return desks.world.waiting == 0; });
}

TEST(Deadline, EndsAMethodThatWasCalledWithAPromisedArgument) {
  Desks desks;
  auto attempt = [&](kj::Duration limit) {
    failureOf(desks.desk.hold(desks.desk.add(1, 1).sum()).within(limit), desks);
  };
  tryDeadlines(attempt, [&]() { return desks.world.delivered["hold"] > 0; });
  runUntil(desks, [&]() { return desks.world.waiting == 0; });
}

TEST(Deadline, OfAFieldIsThatOfItsCall) {
  Desks desks;
  auto number = desks.desk.hold(1).number().within(SOON);
  EXPECT_MENTIONS(describe(failureOf(kj::mv(number), desks)), "the deadline of 1ms passed");
  auto sum = desks.desk.pair("left").pair().next().within(LATE).next().point().x();
  EXPECT_EQ(sum.wait(desks), 14);
}

TEST(Deadline, TheNearestCounts) {
  for (bool nearestFirst: {true, false}) {
    Desks desks;
    auto held =
        desks.desk.hold(1).within(nearestFirst ? SOON : LATE).within(nearestFirst ? LATE : SOON);
    EXPECT_MENTIONS(describe(failureOf(kj::mv(held), desks)), "the deadline of 1ms passed");
  }
}

TEST(Deadline, ThatHasPassedKeepsTheCallFromBeingSent) {
  Desks desks;
  EXPECT_MENTIONS(describe(failureOf(desks.desk.note(1).within(0 * kj::SECONDS), desks)),
      "the deadline of 0ns passed");
  failureOf(desks.desk.note(2).within(-5 * kj::SECONDS), desks);
  failureOf(desks.desk.note(3).within(std::chrono::hours(-1)), desks);
  desks.settle();
  EXPECT_EQ(desks.traffic().callsSent, 0u);
  auto made = desks.desk.make(1).within(0 * kj::SECONDS);
  EXPECT_MENTIONS(describe(failureOf(made.desk().add(1, 1), desks)), "while calling Desk.make");
  EXPECT_EQ(desks.traffic().callsSent, 0u);
}

TEST_P(DeadlineOnBoth, AChainWithDeadlinesGivesTheSame) {
  Desks desks(GetParam());
  auto made = desks.desk.make(5).within(LATE);
  auto inner = made.desk().make(made.number()).within(LATE);
  auto sum = inner.desk().add(inner.number(), made.number().within(LATE)).within(LATE).sum();
  EXPECT_EQ(sum.wait(desks), 19);
  if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
}

TEST_P(DeadlineOnBoth, CallsKeepTheirOrder) {
  Desks desks(GetParam());
  kj::Vector<kj::Promise<void>> notes;
  for (int i = 0; i < 12; ++i) {
    auto note = desks.desk.note(i);
    if (i % 3 == 0) note = note.within(LATE);
    notes.add(note.ignoreResult());
    if (i % 4 == 3) desks.loop.waitScope().poll(i);
  }
  kj::joinPromises(notes.releaseAsArray()).wait(desks);
  std::vector<int64_t> inOrder;
  for (int i = 0; i < 12; ++i) inOrder.push_back(i);
  EXPECT_EQ(desks.world.log, inOrder);
}

TEST_P(DeadlineOnBoth, CancelsAMethodThatAllowsIt) {
  Desks desks(GetParam());
  auto attempt = [&](kj::Duration limit) {
    failureOf(desks.desk.bear(1).number().within(limit), desks);
  };
  tryDeadlines(attempt, [&]() { return desks.world.delivered["bear"] > 0; });
  desks.settle();
  EXPECT_EQ(desks.world.waiting, 0);
}

TEST_P(DeadlineOnBoth, EndsTheWaitForAPromisedArgument) {
  Desks desks(GetParam());
  auto held = desks.desk.hold(1);
  auto sum = desks.desk.add(held.number(), 1).within(SOON);
  EXPECT_MENTIONS(describe(failureOf(kj::mv(sum), desks)), "while calling Desk.add");
  desks.settle();
  desks.world.open();
  EXPECT_EQ(held.number().wait(desks), 1);
  desks.settle();
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST_P(DeadlineOnBoth, BreaksWhatDependsOnTheCall) {
  Desks desks(GetParam());
  auto held = desks.desk.hold(1).within(SOON);
  auto byValue = desks.desk.add(held.number(), 1);
  auto byObject = held.desk().add(1, 1);
  auto further = desks.desk.add(held.desk().make(1).desk().add(1, 1).sum(), 1);
  for (auto& sum: {&byValue, &byObject, &further}) {
    auto failure = describe(failureOf(kj::mv(*sum), desks));
    EXPECT_MENTIONS(failure, "the deadline of 1ms passed");
    EXPECT_MENTIONS(failure, "while calling Desk.hold");
    EXPECT_MENTIONS(failure, "while calling Desk.add");
  }
  EXPECT_EQ(desks.world.delivered["add"], 0);
}

TEST(Deadline, NeedsNoAnswerOfThePeer) {
  // The other end is open, and nobody is there.
  Desks desks(nullptr);
  auto pipe = desks.loop.newTwoWayPipe();
  auto silent = desks.client->connect<Desk>(kj::mv(pipe.ends[1]));
  auto made = silent.make(1).within(SOON);
  auto object = made.desk();
  auto sum = object.make(1).desk().add(1, 1);
  auto value = silent.add(made.number(), 1);
  desks.settle();
  auto later = object.add(1, 1);
  EXPECT_MENTIONS(describe(failureOf(kj::mv(made), desks)), "the deadline of 1ms passed");
  EXPECT_MENTIONS(describe(failureOf(kj::mv(sum), desks)), "the deadline of 1ms passed");
  EXPECT_MENTIONS(describe(failureOf(kj::mv(value), desks)), "the deadline of 1ms passed");
  EXPECT_MENTIONS(describe(failureOf(kj::mv(later), desks)), "the deadline of 1ms passed");
  EXPECT_MENTIONS(describe(failureOf(object.add(1, 1), desks)), "the deadline of 1ms passed");
}

TEST(Deadline, LeavesOtherCallsAlone) {
  Desks desks;
  auto other = desks.desk.hold(2);
  auto dependent = other.desk().add(1, 1);
  failureOf(desks.desk.hold(1).within(SOON), desks);
  desks.settle();
  desks.world.open();
  EXPECT_EQ(dependent.sum().wait(desks), 2);
  EXPECT_EQ(other.number().wait(desks), 2);
}

TEST(Deadline, OfACallThatWasSentStaysHere) {
  Desks desks;
  auto held = desks.desk.hold(1);
  desks.settle();
  EXPECT_MENTIONS(describe(failureOf(held.within(SOON), desks)), "the deadline of 1ms passed");
  desks.settle();
  EXPECT_EQ(desks.world.waiting, 1);
}

TEST(Deadline, OfACallThatHasSettledDoesNothing) {
  Desks desks;
  auto sum = desks.desk.add(1, 1);
  desks.settle();
  EXPECT_EQ(sum.within(0 * kj::SECONDS).sum().wait(desks), 2);
}

TEST(Deadline, OfAStockPeerStaysHere) {
  Desks desks(Kind::STOCK);
  auto attempt = [&](kj::Duration limit) { failureOf(desks.desk.hold(1).within(limit), desks); };
  tryDeadlines(attempt, [&]() { return desks.world.delivered["hold"] > 0; });
  desks.settle();
  EXPECT_EQ(desks.world.waiting, 1);
  desks.traffic();
  EXPECT_EQ(desks.desk.add(1, 1).within(LATE).sum().wait(desks), 2);
  EXPECT_EQ(desks.traffic().callsSent, 1u) << "the peer is known to have no invoke";
}

TEST(Deadline, ManyMayPassAtOnce) {
  Desks desks;
  kj::Vector<Promise<Desk::AddResults>> calls;
  for (int i = 0; i < 2000; ++i) {
    calls.add(desks.desk.hold(i).within(SOON).desk().add(1, 1));
  }
  for (auto& call: calls) failureOf(kj::mv(call), desks);
  runUntil(desks, [&]() { return desks.world.waiting == 0; });
}

// =======================================================================================
// What is made for a call

TEST(Deadline, EndsEverythingBelowOverThreeVats) {
  kj::Maybe<Ref<Desk>> far;
  ThreeVats vats([&](Scripted::Ask) -> kj::Promise<void> {
    return KJ_ASSERT_NONNULL(far).hold(1).within(LATE).ignoreResult();
  });
  far = vats.second;
  auto attempt = [&](kj::Duration limit) {
    failureOf(vats.first.ask(nullptr, 1).within(limit), vats.desks);
  };
  tryDeadlines(attempt, [&]() { return vats.last.deadlines.size() > 0; });
  runUntil(vats.desks, [&]() { return vats.last.waiting == 0; });
  EXPECT_LT(vats.lastDeadline(), vats.middleDeadline() + LATE / 2);
}

TEST(Deadline, OfAChildIsItsOwnIfThatIsNearer) {
  kj::Maybe<Ref<Desk>> far;
  auto own = SOON;
  ThreeVats vats([&](Scripted::Ask) -> kj::Promise<void> {
    return KJ_ASSERT_NONNULL(far).hold(1).within(own).ignoreResult();
  });
  far = vats.second;
  auto attempt = [&](kj::Duration limit) {
    own = limit;
    auto failure = failureOf(vats.first.ask(nullptr, 1).within(LATE), vats.desks);
    EXPECT_MENTIONS(describe(failure), kj::str("the deadline of ", limit, " passed").cStr());
  };
  tryDeadlines(attempt, [&]() { return vats.last.deadlines.size() > 0; });
  EXPECT_LT(vats.lastDeadline(), vats.middleDeadline() - LATE / 2);
}

TEST(Deadline, IsInheritedByCallsOnParametersForAsLongAsTheMethodRuns) {
  Scripted::Seen own;
  kj::Maybe<Ref<Desk>> kept;
  ThreeVats vats([&](Scripted::Ask call) -> kj::Promise<void> {
    kept = castRef<Desk>(call.desk());
    co_await kj::evalLater([]() {});
    call.fulfill(co_await KJ_ASSERT_NONNULL(kept).add(call.number(), 1).within(2 * LATE).sum());
  });
  auto sum = vats.first.ask(Ref<Desk>(kj::heap<Scripted>(own)), 1).within(LATE).sum();
  EXPECT_EQ(sum.wait(vats.desks), 2);
  ASSERT_EQ(own.deadlines.size(), 1u);
  EXPECT_LE(KJ_ASSERT_NONNULL(own.deadlines[0]), now() + LATE);

  EXPECT_EQ(KJ_ASSERT_NONNULL(kept).add(1, 1).sum().wait(vats.desks), 2);
  EXPECT_TRUE(own.deadlines.at(1) == nullptr) << "the call that the ref came with is over";
  kept = nullptr;
}

TEST(Deadline, CanBePassedOn) {
  kj::Maybe<Ref<Desk>> far;
  ThreeVats vats([&](Scripted::Ask call) -> kj::Promise<void> {
    co_await kj::evalLater([]() {});
    co_await KJ_ASSERT_NONNULL(far).add(1, 1);
    call.fulfill(co_await KJ_ASSERT_NONNULL(far).add(1, 1).within(call).sum());
  });
  far = vats.second;
  vats.first.ask(nullptr, 1).within(LATE).wait(vats.desks);
  EXPECT_TRUE(vats.last.deadlines.at(0) == nullptr);
  EXPECT_LE(vats.lastDeadline(1), now() + LATE);
  vats.first.ask(nullptr, 1).wait(vats.desks);
  EXPECT_TRUE(vats.last.deadlines.at(3) == nullptr)
      << "the call that it is passed on from has none";
}

TEST(Deadline, EndsWorkOnObjectsOfTheSameVat) {
  Scripted::Seen own;
  Ref<Desk> local = kj::heap<Scripted>(own);
  ThreeVats vats([&](Scripted::Ask) -> kj::Promise<void> {
    return local.hold(1).within(LATE).ignoreResult();
  });
  auto attempt = [&](kj::Duration limit) {
    failureOf(vats.first.ask(nullptr, 1).within(limit), vats.desks);
  };
  tryDeadlines(attempt, [&]() { return own.deadlines.size() > 0; });
  runUntil(vats.desks, [&]() { return own.waiting == 0; });
  EXPECT_TRUE(own.deadlines[0] != nullptr);
  local = nullptr;
}

// =======================================================================================
// Objects of this vat

TEST(Deadline, EndsAMethodOfThisVat) {
  Desks desks;
  Ref<Desk> local = kj::heap<DeskServer>(desks.otherWorld);
  auto attempt = [&](kj::Duration limit) { failureOf(local.hold(1).within(limit), desks); };
  tryDeadlines(attempt, [&]() { return desks.otherWorld.delivered["hold"] > 0; });
  runUntil(desks, [&]() { return desks.otherWorld.waiting == 0; });
  auto made = local.make(5).within(LATE);
  EXPECT_EQ(made.desk().add(made.number(), 1).within(LATE).sum().wait(desks), 12);
  auto sum = local.add(desks.desk.add(1, 1).sum(), 1).within(LATE).sum();
  EXPECT_EQ(sum.wait(desks), 3);
}

TEST(Deadline, OfAStockObjectOfThisVatStaysWithTheCaller) {
  Desks desks;
  Ref<Desk> local = newStockDesk(desks.otherWorld);
  auto attempt = [&](kj::Duration limit) { failureOf(local.hold(1).within(limit), desks); };
  tryDeadlines(attempt, [&]() { return desks.otherWorld.delivered["hold"] > 0; });
  EXPECT_EQ(desks.otherWorld.waiting, 1);
  EXPECT_EQ(local.add(1, 1).within(LATE).sum().wait(desks), 2);
}

// Knows nothing of Object, although its base class does.
class Forwarder final: public Server<Desk> {
public:
  explicit Forwarder(World& world): world(world) {}

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override {
    ++calls;
    if (interfaceId == capnp::typeId<Desk>()) return dispatchMethod(methodId, context);
    return unimplementedMethod("Forwarder", interfaceId, methodId);
  }
  kj::Promise<void> add(Add call) override {
    ++world.delivered["add"];
    return call.fulfill(call.a() + call.b());
  }

  int calls = 0;

private:
  World& world;
};

TEST(Deadline, AnObjectOfThisVatThatRefusesIsCalledPlainly) {
  Desks desks;
  auto server = kj::heap<Forwarder>(desks.otherWorld);
  auto& forwarder = *server;
  Ref<Desk> local = kj::mv(server);
  EXPECT_EQ(local.add(1, 1).within(LATE).sum().wait(desks), 2);
  EXPECT_EQ(desks.otherWorld.delivered["add"], 1);
  EXPECT_EQ(forwarder.calls, 2);
}

// =======================================================================================
// Loops and timers

int countTimers(Loop& loop) {
  int timers = 0;
  auto count = [](uv_handle_t* handle, void* timers) {
    if (handle->type == UV_TIMER && uv_is_active(handle)) ++*static_cast<int*>(timers);
  };
  uv_walk(&loop.uv(), count, &timers);
  return timers;
}

// Without a vat, which has timers of its own.
TEST(Deadline, LeavesNoTimerWhenTheCallIsDone) {
  Loop loop;
  World world;
  Ref<Desk> local = kj::heap<DeskServer>(world);
  auto held = local.hold(1).within(LATE);
  while (loop.waitScope().poll() > 0) {}
  EXPECT_EQ(world.waiting, 1);
  EXPECT_EQ(countTimers(loop), 1);
  world.open();
  held.wait(loop.waitScope());
  while (loop.waitScope().poll() > 0) {}
  EXPECT_EQ(countTimers(loop), 0);
  { auto dropped = local.hold(1).within(LATE); }
  EXPECT_EQ(countTimers(loop), 0);
}

TEST(Deadline, AVatMayEndInEveryState) {
  for (uint turns = 0; turns < 60; turns += 3) {
    Desks desks(turns % 2 == 0 ? Kind::TROTH : Kind::STOCK);
    auto held = desks.desk.hold(1).within(LATE);
    auto sum = desks.desk.add(held.number(), 1).within(turns % 4 == 0 ? SOON : LATE);
    auto further = held.desk().add(1, 1);
    desks.loop.waitScope().poll(turns);
    desks.client = nullptr;
    failureOf(kj::mv(sum), desks);
    failureOf(kj::mv(further), desks);
  }
}

TEST(Deadline, NeedsALoopOfOurs) {
  kj::Thread([]() {
    auto io = kj::setupAsyncIo();
    World world;
    Ref<Desk> local = newStockDesk(world);
    try {
      (void)local.add(1, 1).within(LATE);
      ADD_FAILURE() << "there is no timer";
    } catch (kj::Exception& exception) {
      EXPECT_MENTIONS(describe(exception), "this thread has no troth::Loop");
    }
    auto sum = within(io.provider->getTimer(), LATE, local.add(1, 1).sum());
    EXPECT_EQ(sum.wait(io.waitScope), 2);
  });
}

TEST(Deadline, OfACallerIsNotKeptWithoutALoopOfOurs) {
  kj::Thread([]() {
    auto io = kj::setupAsyncIo();
    Scripted::Seen seen;
    Ref<Desk> local = kj::heap<Scripted>(seen);
    auto object = Desk::Client(local).castAs<wire::Object>();
    auto request = object.invokeRequest();
    request.setInterfaceId(capnp::typeId<Desk>());
    request.getParams().initAs<Desk::AddParams>().setA(3);
    request.initOptions().setTimeLeft(1);
    auto results = request.send().wait(io.waitScope);
    EXPECT_EQ(results.getResults().getAs<Desk::AddResults>().getSum(), 3);
    EXPECT_TRUE(seen.deadlines.at(0) == nullptr);
  });
}

}  // namespace
}  // namespace troth
