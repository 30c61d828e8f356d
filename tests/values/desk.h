#pragma once
// The servers that the tests of promised values talk to, ours and stock Cap'n Proto's, and what a
// test sees of them.

#include <gtest/gtest.h>
#include <troth/vat.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "desk.troth.h"

namespace troth {

// What the servers of one test have done.
struct World {
  // Calls delivered, by the name of the method.
  std::map<std::string, int> delivered;

  // What the next calls of a method break with once they are delivered, by its name.
  std::map<std::string, std::vector<kj::Exception::Type>> failures;

  // Every number noted in any desk.
  std::vector<int64_t> log;

  // Desks that live now.
  int alive = 0;

  // Calls of hold() and bear() that wait.
  int waiting = 0;

  int total() const {
    int sum = 0;
    for (auto& [name, count]: delivered) sum += count;
    return sum;
  }

  void deliver(const char* method) {
    ++delivered[method];
    auto& planned = failures[method];
    if (planned.empty()) return;
    auto type = planned.front();
    planned.erase(planned.begin());
    kj::throwFatalException(
        kj::Exception(type, __FILE__, __LINE__, kj::str("no luck with ", method)));
  }

  void open() {
    for (auto& gate: gates) gate->fulfill();
    gates.clear();
  }

  kj::Promise<void> wait() {
    auto gate = kj::newPromiseAndFulfiller<void>();
    gates.push_back(kj::mv(gate.fulfiller));
    ++waiting;
    return gate.promise.attach(kj::defer([this]() { --waiting; }));
  }

private:
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> gates;
};

// A sum that wraps around: a hostile caller may give any number.
inline int64_t plus(uint64_t a, uint64_t b) { return a + b; }

inline void fillPair(desk::Pair::Builder pair, kj::StringPtr member) {
  pair.setName("pair");
  if (member == "left") pair.setLeft("leftmost");
  if (member == "right") pair.setRight(9);
  if (member == "middle") pair.initMiddle().setX(3);
  pair.initPoint().setX(11);
  pair.getPlace().initPoint().setX(12);
  pair.getPlace().setFloor(13);
  pair.initNext().initNext().initPoint().setX(14);
}

inline void fillChoice(
    desk::Choice::Builder choice, kj::StringPtr member, desk::Desk::Client self) {
  if (member == "first") choice.setFirst(self);
  if (member == "second") choice.setSecond(self);
  if (member == "word") choice.setWord("no desk");
  if (member == "inner") choice.initInner().setDesk(self);
  if (member == "other") choice.initOther().setDesk(self);
}

// A hostile caller may ask for any number.
constexpr uint DESKS_MAX = 64;

template <typename NewDesk>
void fillDesks(desk::Desk::DesksResults::Builder results, uint count, NewDesk newDesk) {
  count = std::min(count, DESKS_MAX);
  results.initDesks(count);
  results.initPlaces(count);
  for (uint i = 0; i < count; ++i) {
    results.getDesks().set(i, newDesk(i));
    results.getPlaces()[i].setDesk(newDesk(i));
  }
}

[[noreturn]] inline void throwAsAsked(uint16_t type, kj::StringPtr reason) {
  kj::throwFatalException(kj::Exception(
      static_cast<kj::Exception::Type>(type), __FILE__, __LINE__, kj::heapString(reason)));
}

desk::Desk::Client newDesk(World& world, int64_t bonus = 0);
desk::Desk::Client newStockDesk(World& world, int64_t bonus = 0);

class DeskServer final: public Server<desk::Desk> {
public:
  explicit DeskServer(World& world, int64_t bonus = 0): world(world), bonus(bonus) {
    ++world.alive;
  }
  ~DeskServer() noexcept(false) { --world.alive; }

  kj::Promise<void> add(Add call) override {
    world.deliver("add");
    return call.fulfill(plus(plus(call.a(), call.b()), bonus));
  }
  kj::Promise<void> make(Make call) override {
    world.deliver("make");
    return call.fulfill(plus(call.number(), 1), kj::heap<DeskServer>(world, call.number()));
  }
  kj::Promise<void> kinds(Kinds call) override {
    world.deliver("kinds");
    auto p = call.params();
    auto r = call.results();
    r.setFlag(p.getFlag());
    r.setI8(p.getI8());
    r.setI16(p.getI16());
    r.setI32(p.getI32());
    r.setI64(p.getI64());
    r.setU8(p.getU8());
    r.setU16(p.getU16());
    r.setU32(p.getU32());
    r.setU64(p.getU64());
    r.setF32(p.getF32());
    r.setF64(p.getF64());
    r.setShade(p.getShade());
    r.setText(p.getText());
    r.setData(p.getData());
    r.setPoint(p.getPoint());
    r.setNumbers(p.getNumbers());
    r.setPoints(p.getPoints());
    r.setTexts(p.getTexts());
    r.getThing().set(p.getThing());
    return kj::READY_NOW;
  }
  kj::Promise<void> pair(Pair call) override {
    world.deliver("pair");
    fillPair(call.results().initPair(), call.member());
    return kj::READY_NOW;
  }
  kj::Promise<void> join(Join call) override {
    world.deliver("join");
    std::vector<int64_t> numbers;
    for (auto number: call.numbers()) numbers.push_back(number);
    auto text = kj::str(call.text(), '/', call.point().getX(), '/', numbers.size());
    numbers.push_back(call.point().getX());
    return call.fulfill(text, numbers);
  }
  kj::Promise<void> fail(Fail call) override {
    world.deliver("fail");
    throwAsAsked(call.type(), call.reason());
  }
  kj::Promise<void> note(Note call) override {
    world.deliver("note");
    world.log.push_back(call.number());
    return call.fulfill(world.log);
  }
  kj::Promise<void> hold(Hold call) override {
    world.deliver("hold");
    co_await world.wait();
    call.fulfill(call.number(), kj::heap<DeskServer>(world));
  }
  kj::Promise<void> bear(Bear call) override {
    world.deliver("bear");
    co_await world.wait();
    call.fulfill(call.number());
  }
  kj::Promise<void> move(Move call) override {
    world.deliver("move");
    call.results().setX(plus(call.point().getX(), 1));
    call.results().setY(plus(call.point().getY(), 1));
    return kj::READY_NOW;
  }
  kj::Promise<void> ask(Ask call) override {
    world.deliver("ask");
    call.fulfill(co_await call.desk().add(call.number(), 0).sum());
  }
  kj::Promise<void> give(Give call) override {
    world.deliver("give");
    if (call.stock()) return call.fulfill(Ref<desk::Desk>(newStockDesk(world)));
    return call.fulfill(kj::heap<DeskServer>(world));
  }
  kj::Promise<void> choose(Choose call) override {
    world.deliver("choose");
    auto self = thisCap().castAs<desk::Desk>();
    fillChoice(call.results().initChoice(), call.member(), kj::mv(self));
    return kj::READY_NOW;
  }
  kj::Promise<void> desks(Desks call) override {
    world.deliver("desks");
    fillDesks(call.results(), call.count(), [&](int64_t number) { return newDesk(world, number); });
    return kj::READY_NOW;
  }

private:
  World& world;
  int64_t bonus;
};

// The same as stock Cap'n Proto's users write it.
class StockDesk final: public desk::Desk::Server {
public:
  explicit StockDesk(World& world, int64_t bonus = 0): world(world), bonus(bonus) { ++world.alive; }
  ~StockDesk() noexcept(false) { --world.alive; }

  kj::Promise<void> add(AddContext call) override {
    world.deliver("add");
    auto p = call.getParams();
    call.getResults().setSum(p.getA() + p.getB() + bonus);
    return kj::READY_NOW;
  }
  kj::Promise<void> make(MakeContext call) override {
    world.deliver("make");
    auto number = call.getParams().getNumber();
    call.getResults().setNumber(number + 1);
    call.getResults().setDesk(kj::heap<StockDesk>(world, number));
    return kj::READY_NOW;
  }
  kj::Promise<void> kinds(KindsContext call) override {
    world.deliver("kinds");
    capnp::AnyPointer::Builder results = capnp::CallContextHook::from(call).getResults(nullptr);
    // Parameters and results have the same fields.
    results.setAs<desk::Desk::KindsParams>(call.getParams());
    return kj::READY_NOW;
  }
  kj::Promise<void> pair(PairContext call) override {
    world.deliver("pair");
    fillPair(call.getResults().initPair(), call.getParams().getMember());
    return kj::READY_NOW;
  }
  kj::Promise<void> join(JoinContext call) override {
    world.deliver("join");
    auto p = call.getParams();
    auto x = p.getPoint().getX();
    call.getResults().setText(kj::str(p.getText(), '/', x, '/', p.getNumbers().size()));
    auto numbers = call.getResults().initNumbers(p.getNumbers().size() + 1);
    for (auto i: kj::indices(p.getNumbers())) numbers.set(i, p.getNumbers()[i]);
    numbers.set(p.getNumbers().size(), x);
    return kj::READY_NOW;
  }
  kj::Promise<void> fail(FailContext call) override {
    world.deliver("fail");
    throwAsAsked(call.getParams().getType(), call.getParams().getReason());
  }
  kj::Promise<void> note(NoteContext call) override {
    world.deliver("note");
    world.log.push_back(call.getParams().getNumber());
    auto log = call.getResults().initLog(world.log.size());
    for (auto i: kj::indices(world.log)) log.set(i, world.log[i]);
    return kj::READY_NOW;
  }
  kj::Promise<void> hold(HoldContext call) override {
    world.deliver("hold");
    return world.wait().then([this, call]() mutable {
      call.getResults().setNumber(call.getParams().getNumber());
      call.getResults().setDesk(kj::heap<StockDesk>(world));
    });
  }
  kj::Promise<void> bear(BearContext call) override {
    world.deliver("bear");
    return world.wait().then(
        [call]() mutable { call.getResults().setNumber(call.getParams().getNumber()); });
  }
  kj::Promise<void> move(MoveContext call) override {
    world.deliver("move");
    call.getResults().setX(call.getParams().getPoint().getX() + 1);
    call.getResults().setY(call.getParams().getPoint().getY() + 1);
    return kj::READY_NOW;
  }
  kj::Promise<void> ask(AskContext call) override {
    world.deliver("ask");
    auto request = call.getParams().getDesk().addRequest();
    request.setA(call.getParams().getNumber());
    return request.send().then(
        [call](auto&& results) mutable { call.getResults().setSum(results.getSum()); });
  }
  kj::Promise<void> choose(ChooseContext call) override {
    world.deliver("choose");
    fillChoice(call.getResults().initChoice(), call.getParams().getMember(), thisCap());
    return kj::READY_NOW;
  }
  kj::Promise<void> desks(DesksContext call) override {
    world.deliver("desks");
    fillDesks(call.getResults(), call.getParams().getCount(),
        [&](int64_t number) { return newStockDesk(world, number); });
    return kj::READY_NOW;
  }

private:
  World& world;
  int64_t bonus;
};

inline desk::Desk::Client newDesk(World& world, int64_t bonus) {
  return Ref<desk::Desk>(kj::heap<DeskServer>(world, bonus));
}
inline desk::Desk::Client newStockDesk(World& world, int64_t bonus) {
  return kj::heap<StockDesk>(world, bonus);
}

enum class Kind { TROTH, STOCK };

// A client and as many servers as a test asks for, each a vat of its own, all in one thread.
class Desks {
public:
  explicit Desks(Kind kind = Kind::TROTH): Desks(nullptr) { desk = connect(world, kind); }

  // Without any server.
  explicit Desks(decltype(nullptr)): client(kj::heap<Vat>(options())) {}

  // A desk in a new vat.
  Ref<desk::Desk> connect(World& in, Kind of) {
    auto server = kj::heap<Vat>(options());
    if (of == Kind::TROTH) {
      server->serve(kj::heap<DeskServer>(in));
    } else {
      server->serve("", newStockDesk(in));
    }
    auto pipe = loop.newTwoWayPipe();
    server->accept(kj::mv(pipe.ends[0]));
    servers.add(kj::mv(server));
    return client->connect<desk::Desk>(kj::mv(pipe.ends[1]));
  }

  VatOptions options() {
    VatOptions result;
    result.loop = loop;
    return result;
  }

  // Runs what can run now, the other side's answers included.
  void settle() {
    for (int quiet = 0; quiet < 5; ++quiet) {
      while (loop.waitScope().poll() > 0) quiet = 0;
    }
  }

  // What went to the servers since the last time.
  Traffic traffic() {
    auto now = client->getTraffic();
    auto result = now;
    result.callsSent -= before.callsSent;
    result.roundTrips -= before.roundTrips;
    before = now;
    return result;
  }
  uint64_t roundTrips() { return traffic().roundTrips; }

  operator kj::WaitScope&() { return loop.waitScope(); }

  World world;
  World otherWorld;
  Loop loop;
  kj::Vector<kj::Own<Vat>> servers;
  kj::Own<Vat> client;
  Ref<desk::Desk> desk = nullptr;

private:
  Traffic before;
};

template <typename T>
kj::Exception failureOf(kj::Promise<T> promise, kj::WaitScope& waitScope) {
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { promise.wait(waitScope); })) {
    return kj::mv(*exception);
  }
  ADD_FAILURE() << "expected a failure";
  return KJ_EXCEPTION(FAILED, "there was no failure");
}

inline std::string describe(const kj::Exception& exception) {
  return exception.getDescription().cStr();
}

#define EXPECT_MENTIONS(text, part) \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << "in: " << (text)

}  // namespace troth
