#include "sim-vat.h"

#include <kj/debug.h>
#include <troth/retry.h>

#include "backend.h"
#include "database.h"
#include "durable-calls.h"
#include "sim-desk.h"

namespace troth::simulator {
namespace {

using Value = kj::Own<_::Message>;

constexpr kj::StringPtr DESK = "desk"_kj;

// Of the sequence that the world has seeded.
class SeededJitter final: public JitterSource {
public:
  double next() override { return random() / (RAND_MAX + 1.0); }
};

// Small numbers, so that limits are reached.
DurableOptions durableOptions() {
  return {.lease = 10 * kj::SECONDS,
      .triesMax = 12,
      .retryDelayFirst = 100 * kj::MILLISECONDS,
      .retryDelayMax = 5 * kj::SECONDS,
      .recoveringMax = 3,
      .parkAfter = 2 * kj::SECONDS};
}

// How long a caller waits before it asks again.
constexpr uint32_t ASK_AGAIN_MS_MAX = 3000;

kj::Exception lineCut() { return KJ_EXCEPTION(DISCONNECTED, "the line was cut"); }

std::string textOf(_::Message& message) {
  return _::contentOf(message).asReader().getAs<Desk::WorkResults>().getText().cStr();
}

Value messageWith(const std::string& text) {
  auto message = kj::heap<_::Message>();
  _::contentOf(*message).initAs<Desk::WorkResults>().setText(text.c_str());
  return message;
}

// Whether a method that does this is certainly not done when its turn ends: then its call is
// recorded before its outcome is.
bool takesLong(const std::string& program) {
  return program.find_first_of("safgzpwt(") != std::string::npos;
}

Ask copyOf(const Ask& ask) { return {ask.id, ask.program, ask.parent, ask.timeLeft, ask.start}; }

// Whether `exception` is the outcome of a call, which has no mark then.
bool isOutcome(kj::Exception& exception) {
  return _::removeRecordedMark(exception) == _::Mark::REMOVED || !isRetryable(exception);
}

class IgnoringErrors final: public kj::TaskSet::ErrorHandler {
public:
  void taskFailed(kj::Exception&&) override {}
};
IgnoringErrors ignoringErrors;

}  // namespace

// =======================================================================================
// Lines

Line::~Line() noexcept(false) { reject(lineCut()); }

void Line::answer(std::string text) {
  goBack([text = kj::mv(text)](Fulfiller& fulfiller) { fulfiller->fulfill(std::string(text)); });
}

void Line::reject(kj::Exception exception) {
  goBack([exception = kj::mv(exception)](
             Fulfiller& fulfiller) mutable { fulfiller->reject(kj::mv(exception)); });
}

void Line::goBack(kj::Function<void(Fulfiller&)> say) {
  if (answered) return;
  answered = true;
  auto come = [fulfiller = kj::mv(fulfiller), say = kj::mv(say)]() mutable { say(fulfiller); };
  world.later(world.delay(), [from = kj::mv(from), come = kj::mv(come)]() mutable {
    KJ_IF_MAYBE(inbox, from) {
      (*inbox)->deliver(kj::mv(come));
    } else {
      come();
    }
  });
}

// =======================================================================================
// The desks of all vats, as one vat sees them

class SimVat::Peers final: public ObjectHost, public Durability {
public:
  explicit Peers(SimVat& vat): vat(vat) {}

  Ref<Desk> desk() {
    auto server = kj::heap<Elsewhere>();
    _::HomeRecord::assign(*server, kj::heap<HomeElsewhere>(*this));
    return Ref<Desk>(kj::mv(server));
  }

  void end() { open.cancel("the vat is gone"); }

  // ---- Durability ----

  kj::Own<_::DurableCaller> arrive(_::Arrival arrival) override {
    auto parent = std::string(arrival.request.parent.cStr());
    return kj::heap<Caller>(*this, Ask{arrival.request.id.cStr(), "", parent});
  }
  kj::Promise<void> cancel(kj::StringPtr, kj::StringPtr) override { KJ_UNIMPLEMENTED("cancel"); }
  kj::Promise<Value> attach(kj::StringPtr) override { KJ_UNIMPLEMENTED("attach"); }
  kj::Promise<void> drain(kj::Duration) override { return kj::READY_NOW; }

  // ---- ObjectHost ----

  kj::Promise<kj::String> save(kj::Own<capnp::ClientHook>) override { KJ_UNIMPLEMENTED("save"); }
  kj::Own<capnp::ClientHook> restore(kj::StringPtr) override { KJ_UNIMPLEMENTED("restore"); }
  kj::Promise<kj::Own<capnp::ClientHook>> restoreHere(kj::StringPtr, kj::StringPtr) override {
    KJ_UNIMPLEMENTED("restoreHere");
  }
  kj::Array<kj::String> servedNames() override { return nullptr; }
  kj::Promise<void> whenServedNamesChange() override { return kj::NEVER_DONE; }
  OutputGate& getOutputGate() override { return vat.parts->objects->getOutputGate(); }
  kj::Maybe<Durability&> getDurability() override { return *this; }

private:
  // Stands for the desk of another vat.
  class Elsewhere final: public Server<Desk> {};

  class HomeElsewhere final: public _::HomeRecord {
  public:
    explicit HomeElsewhere(Peers& peers): home{peers, kj::str(DESK), kj::str()} {}
    kj::Maybe<const _::Home&> find() const override { return home; }
    kj::Promise<SturdyRef> publish() const override { KJ_UNIMPLEMENTED("publish"); }

  private:
    _::Home home;
  };

  class Caller final: public _::DurableCaller {
  public:
    Caller(Peers& peers, Ask ask): peers(peers), asked(kj::mv(ask)) {}

    // The machinery of calls in a vat finishes them although nobody waits any more.
    kj::Promise<Value> call(Value params) override {
      return peers.open.wrap(callOthers(kj::mv(params)));
    }
    bool expose() override { return true; }
    kj::Promise<Value> whenRecorded() override {
      return kj::evalNow([this]() { return give(); });
    }

  private:
    Peers& peers;
    Ask asked;
    std::string outcome;
    kj::Maybe<kj::Exception> problem;

    kj::Promise<Value> callOthers(Value params) {
      asked.program = textOf(*params);
      auto& vat = peers.vat;
      while (!co_await mayLeave()) {
        co_await vat.timer().afterDelay(1 * kj::MILLISECONDS + vat.world.within(ASK_AGAIN_MS_MAX));
        if (vat.rules.isRunning(*vat.life, asked.parent)) continue;
        problem = lineCut();
        co_return give();
      }
      if (!asked.parent.empty()) vat.rules.calls(*vat.life, asked.parent, asked.id);
      auto inbox = kj::addRef(*vat.life->inbox);
      try {
        outcome = co_await askUntilKnown(vat.world, vat.all, kj::mv(inbox), copyOf(asked));
      } catch (...) {
        problem = kj::getCaughtExceptionAsKj();
        // What nobody may ask for again.
        KJ_IF_MAYBE(p, problem) _::addRecordedMark(*p);
      }
      co_return give();
    }
    // False if the line was cut: then it is made anew, as long as there is somebody who asks.
    kj::Promise<bool> mayLeave() {
      try {
        co_await peers.vat.whenMayLeave(OutputGate::What::CALLS);
        co_return true;
      } catch (...) {
        co_return false;
      }
    }
    Value give() {
      KJ_IF_MAYBE(p, problem) kj::throwFatalException(kj::cp(*p));
      return messageWith(outcome);
    }
  };

  SimVat& vat;
  kj::Canceler open;
};

// =======================================================================================
// What becomes of a vat

SimVat::Parts::Parts(SimVat& vat)
    : timer(vat.world.time()),
      objects(kj::refcounted<HostedObjects>(HostedObjects::Options{},
          [](kj::StringPtr, kj::StringPtr) { return capnp::newBrokenCap("nowhere"); })),
      serving(kj::heap<kj::TaskSet>(ignoringErrors)) {
  StoreOptions options;
  options.clock = vat.world;
  options.timer = timer;
  store = newBackedStore(newDistantBackend(vat.world, vat.rules, *vat.life, vat.cut), options);
}

SimVat::Parts::~Parts() noexcept(false) {
  serving->clear();
  peers->end();
  objects->setDurability(nullptr);
  durability = nullptr;
  objects->close();
}

SimVat::SimVat(World& world, Rules& rules, std::vector<kj::Own<SimVat>>& all, uint32_t number)
    : world(world), rules(rules), all(all), number(number), cut(world.time()) {
  world.add(*this);
}

SimVat::~SimVat() noexcept(false) {
  world.remove(*this);
  if (isUp()) kill();
}

void SimVat::start() {
  static SeededJitter jitter;
  auto name = "vat " + std::to_string(number) + "/" + std::to_string(++starts);
  lives.push_back(kj::heap<Life>(Life{name, kj::refcounted<Inbox>()}));
  life = lives.back();
  world.log(name, "", "starts");
  parts = kj::heap<Parts>(*this);
  parts->peers = kj::heap<Peers>(*this);
  parts->objects->serve(DESK, kj::heap<SimDesk>(*this, *life));
  parts->durability =
      newDurableCalls(*parts->store, *parts->objects, parts->timer, durableOptions(), jitter);
  parts->objects->setDurability(*parts->durability);
}

void SimVat::kill() {
  world.log(life->name, "", "is killed");
  life->inbox->close();
  parts = nullptr;
}

void SimVat::shutDown() {
  world.log(life->name, "", "shuts down");
  auto dying = life;
  auto limit = world.within(5000);
  parts->serving->add(parts->durability->drain(limit).then([this, dying]() {
    world.later(0 * kj::SECONDS, [this, dying]() {
      if (isUp() && life == dying) kill();
    });
  }));
}

void SimVat::pause() {
  world.log(life->name, "", "stands still");
  life->inbox->pause();
}

// What it finds first is what came meanwhile, or how late it is.
void SimVat::resume() {
  world.log(life->name, "", "goes on");
  life->resumed = world.time();
  if (world.oneIn(2)) parts->timer.advanceTo(world.time());
  life->inbox->resume();
  world.settle();
}

void SimVat::cutOff(kj::Duration duration) {
  if (duration > 0 * kj::SECONDS) world.log(life->name, "", "is cut off from the database");
  cut = world.time() + duration;
}

kj::Maybe<kj::TimePoint> SimVat::nextEvent() {
  if (!isUp() || isPaused()) return nullptr;
  return parts->timer.nextEvent();
}

void SimVat::advanceTo(kj::TimePoint time) {
  if (isUp() && !isPaused()) parts->timer.advanceTo(time);
}

kj::Timer& SimVat::timer() { return parts->timer; }

kj::Promise<void> SimVat::whenMayLeave(OutputGate::What kind) {
  auto& gate = parts->objects->getOutputGate();
  auto paf = kj::newPromiseAndFulfiller<void>();
  auto& fulfiller = *paf.fulfiller;
  auto line = kj::heap<OutputGate::Queue>(
      gate, [&fulfiller](const kj::Exception& reason) { fulfiller.reject(kj::cp(reason)); });
  if (!line->mustWait(kind)) return kj::READY_NOW;
  line->add(kind, [&fulfiller]() { fulfiller.fulfill(); });
  return paf.promise.attach(kj::mv(line), kj::mv(paf.fulfiller));
}

Ref<Desk> SimVat::peer() { return parts->peers->desk(); }

// =======================================================================================
// Calls

kj::Promise<std::string> SimVat::ask(kj::Maybe<kj::Own<Inbox>> from, Ask ask) {
  auto paf = kj::newPromiseAndFulfiller<std::string>();
  auto line = kj::refcounted<Line>(world, kj::mv(from), kj::mv(paf.fulfiller));
  if (world.mishap(8)) {
    world.later(world.within(8000), [line = kj::addRef(*line)]() mutable {
      line->serving.cancel("the caller is gone");
      line->reject(lineCut());
    });
  }
  world.later(world.delay(), [this, line = kj::mv(line), ask = kj::mv(ask)]() mutable {
    if (!isUp() || world.mishap(20)) return;
    life->inbox->deliver([this, line = kj::mv(line), ask = kj::mv(ask)]() mutable {
      serve(kj::mv(line), kj::mv(ask));
    });
  });
  return kj::mv(paf.promise);
}

void SimVat::serve(kj::Own<Line> line, Ask ask) {
  auto& l = *line;
  parts->serving->add(l.serving.wrap(serveCall(kj::addRef(l), kj::mv(ask))).attach(kj::mv(line)));
}

kj::Own<_::DurableCaller> SimVat::arrive(const Ask& ask) {
  auto object = parts->objects->getObject(DESK);
  return parts->durability->arrive({.request = {ask.id.c_str(), ask.parent.c_str(), ask.timeLeft},
      .object = capnp::ClientHook::from(kj::mv(object)),
      .name = DESK,
      .key = "",
      .schema = capnp::Schema::from<desk::Desk>(),
      .interfaceId = capnp::typeId<Desk>(),
      .methodId = 0,
      .start = ask.start});
}

// A durable call that is pipelined on `ask`. Nobody asks for it again.
kj::Promise<void> SimVat::useOutcome(const Ask& ask, const std::string& outcome) {
  Ask user{userOf(ask.id), programOfUser(outcome)};
  if (world.oneIn(3)) user.start = _::Arrival::Start::AFTER_RECORD;
  world.log(life->name, ask.id, "its outcome is used by " + user.id);
  auto caller = arrive(user);
  co_await caller->call(messageWith(user.program));
}

// The outcome leaves the vat when it is recorded, or, if others use it inside the vat, with what
// these say.
kj::Promise<void> SimVat::serveCall(kj::Own<Line> line, Ask ask) {
  world.log(life->name, ask.id, "is asked for " + ask.program);
  bool isUsed = world.oneIn(3);
  auto caller = arrive(ask);
  kj::Maybe<std::string> known;
  try {
    auto message = co_await caller->call(messageWith(ask.program));
    known = textOf(*message);
  } catch (...) {}
  KJ_IF_MAYBE(text, known) {
    if (isUsed && caller->expose()) {
      if (takesLong(ask.program)) parts->serving->add(useOutcome(ask, *text));
      co_await whenMayLeave(OutputGate::What::MESSAGES);
      rules.answers(*life, ask.id, *text);
      line->answer(*text);
    }
  }
  kj::Maybe<kj::Exception> problem;
  std::string outcome;
  try {
    auto message = co_await caller->whenRecorded();
    outcome = textOf(*message);
  } catch (...) {
    problem = kj::getCaughtExceptionAsKj();
  }
  co_await whenMayLeave(OutputGate::What::MESSAGES);
  KJ_IF_MAYBE(p, problem) {
    auto plain = kj::cp(*p);
    if (isOutcome(plain)) rules.answers(*life, ask.id, errorText(plain));
    line->reject(kj::mv(*p));
  } else {
    rules.answers(*life, ask.id, outcome);
    line->answer(outcome);
  }
}

kj::Promise<void> SimVat::cancel(std::string id) {
  if (!isUp() || isPaused()) co_return;
  world.log(life->name, id, "is asked to cancel it");
  auto& where = *life;
  co_await parts->durability->cancel(id.c_str(), "a caller has changed its mind");
  KJ_IF_MAYBE(record, rules.find(id)) {
    if (!record->isSettled()) world.fail(id, where.name + " says that it is canceled");
  }
}

kj::Promise<std::string> SimVat::askUntilKnown(
    World& world, std::vector<kj::Own<SimVat>>& all, kj::Maybe<kj::Own<Inbox>> from, Ask ask) {
  for (;;) {
    kj::Maybe<kj::Exception> problem;
    try {
      auto sender = from.map([](kj::Own<Inbox>& inbox) { return kj::addRef(*inbox); });
      co_return co_await all[world.upTo(all.size())]->ask(kj::mv(sender), copyOf(ask));
    } catch (...) {
      problem = kj::getCaughtExceptionAsKj();
    }
    KJ_IF_MAYBE(p, problem) {
      if (isOutcome(*p)) kj::throwFatalException(kj::mv(*p));
    }
    auto paf = kj::newPromiseAndFulfiller<void>();
    auto wake = [fulfiller = kj::mv(paf.fulfiller)]() mutable { fulfiller->fulfill(); };
    auto sleeper = from.map([](kj::Own<Inbox>& inbox) { return kj::addRef(*inbox); });
    world.later(
        world.within(ASK_AGAIN_MS_MAX), [sleeper = kj::mv(sleeper), wake = kj::mv(wake)]() mutable {
          KJ_IF_MAYBE(inbox, sleeper) {
            (*inbox)->deliver(kj::mv(wake));
          } else {
            wake();
          }
        });
    co_await paf.promise;
  }
}

}  // namespace troth::simulator
