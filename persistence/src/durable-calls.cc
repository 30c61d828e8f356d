#include "durable-calls.h"

#include <kj/debug.h>
#include <kj/encoding.h>
#include <kj/map.h>
#include <sys/random.h>

#include <set>

#include "described-call.h"
#include "durable-run.h"
#include "fault-point.h"
#include "lease-owner.h"
#include "recovery.h"
#include "store-secrets.h"

namespace troth {

using Value = kj::Own<_::Message>;

namespace {

// How often a lease is looked at while it lasts.
constexpr uint32_t LOOKS_PER_LEASE = 6;

// For how many times its length a lease is remembered that was left: longer than it lasts, also by
// the clock of a database that is far from what was thought.
constexpr uint32_t LEFT_FOR_LEASES = 30;

// For how long it is believed that an id is not known.
constexpr auto LOOK_LASTS = 100 * kj::MILLISECONDS;

// So many refused calls are remembered. One that is forgotten may end a link once more.
constexpr size_t REFUSED_UNTOLD_MAX = 1024;

// How long it may take to give calls back, which may take a database that is not there.
constexpr auto GIVE_BACK_TIME_MAX = 5 * kj::SECONDS;

kj::Exception gone() {
  return KJ_EXCEPTION(DISCONNECTED, "the vat is gone that worked on this durable call");
}

kj::String newId() {
  kj::byte bytes[16];
  KJ_SYSCALL(getrandom(bytes, sizeof(bytes), 0));
  return kj::str("call-", kj::encodeHex(bytes));
}

class DurableCalls final: public Durability, public RunOwner, private kj::TaskSet::ErrorHandler {
public:
  DurableCalls(Store& store, ObjectHost& host, kj::Timer& timer, const DurableOptions& options,
      JitterSource& jitter)
      : store(store),
        host(host),
        timer(timer),
        options(options),
        jitter(jitter),
        name(newLeaseOwner()),
        exposures(host.getOutputGate()),
        recovery(
            {store, host, timer, options.recoveringMax}, [this]() { return newLease(); },
            [this]() { return getRoom(); },
            [this](Claimed claimed, kj::TimePoint leased, kj::Own<Recovery::Slot> slot) {
              takeUp(kj::mv(claimed), leased, kj::mv(slot));
            }),
        tasks(*this) {
    tasks.add(kj::evalLater([this]() { return keepLeases(); }));
    tasks.add(kj::evalLater([this]() { return recovery.giveBackForTheGone(); }));
    recovering = kj::evalLater([this]() { return recovery.run(); }).eagerlyEvaluate(nullptr);
  }

  ~DurableCalls() noexcept(false) {
    callers.cancel(gone());
    recovering = nullptr;
    tasks.clear();
    // Some are there only because callers still wait for what others record.
    auto all = KJ_MAP(run, live) { return kj::addRef(*run); };
    for (auto& run: all) run->abandon(gone());
    runs.clear();
    dropped.clear();
  }
  KJ_DISALLOW_COPY_AND_MOVE(DurableCalls);

  kj::Own<_::DurableCaller> arrive(_::Arrival arrival) override;
  kj::Promise<void> cancel(kj::StringPtr id, kj::StringPtr reason) override;
  kj::Promise<Value> attach(kj::StringPtr id) override;
  kj::Promise<void> drain(kj::Duration limit) override;

private:
  class Caller;

  // WAITING: it has waited for something that may take long.
  enum class Activity { BUSY, WAITING };
  struct Entry {
    kj::Own<DurableRun> run;
    Activity activity = Activity::BUSY;

    // Of a call that the vat took up by itself, as long as it is busy.
    kj::Maybe<kj::Own<Recovery::Slot>> slot = nullptr;
  };
  struct LeftLease {
    uint64_t epoch;
    kj::TimePoint end;
  };
  struct Dropped {
    kj::Own<DurableRun> run;
    kj::Vector<kj::Promise<void>> promises;
  };

  Store& store;
  ObjectHost& host;
  kj::Timer& timer;
  DurableOptions options;
  JitterSource& jitter;
  kj::String name;
  Exposures exposures;
  Recovery recovery;
  std::set<DurableRun*> live;
  kj::HashMap<kj::String, Entry> runs;

  // Leases under which nobody here works any more, though an answer of the store may show them.
  kj::HashMap<kj::String, LeftLease> leftLeases;

  // Calls that their callers may ask for again, as they may not know why they were refused. These
  // do not run ahead, so that the next refusal reaches them.
  kj::HashSet<kj::String> refused;

  // Calls that are recorded before they start, as long as that is under way.
  uint32_t recording = 0;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> whenIdle;
  bool draining = false;
  kj::Vector<Dropped> dropped;

  // Callers who use this.
  kj::Canceler callers;
  kj::TaskSet tasks;
  kj::Promise<void> recovering = nullptr;

  // ---- RunOwner ----

  Store& getStore() override { return store; }
  ObjectHost& getHost() override { return host; }
  kj::Timer& getTimer() override { return timer; }
  const DurableOptions& getOptions() const override { return options; }
  JitterSource& getJitter() override { return jitter; }
  kj::StringPtr getName() const override { return name; }
  Exposures& getExposures() override { return exposures; }
  void goOn(kj::Promise<void> task) override { tasks.add(kj::mv(task)); }

  void dropLater(kj::Vector<kj::Promise<void>> promises, kj::Own<DurableRun> run) override {
    if (dropped.empty()) tasks.add(kj::evalLater([this]() { auto all = kj::mv(dropped); }));
    dropped.add(Dropped{kj::mv(run), kj::mv(promises)});
  }

  void isThere(DurableRun& run) override { live.insert(&run); }
  void isGone(DurableRun& run) override { live.erase(&run); }

  void ended(DurableRun& run) override {
    KJ_IF_MAYBE(entry, runs.find(run.getAsked().id)) {
      if (entry->run.get() != &run) return;
      runs.erase(run.getAsked().id);
      noteIdle();
    }
  }

  void leftLease(DurableRun& run, uint64_t epoch) override {
    auto end = timer.now() + LEFT_FOR_LEASES * options.lease;
    leftLeases.upsert(kj::str(run.getAsked().id), LeftLease{epoch, end});
  }

  // Whether the lease that `record` shows is this vat's, as far as is known.
  bool isOurs(const Record& record) const override {
    KJ_IF_MAYBE(left, leftLeases.find(record.id)) {
      if (record.epoch <= left->epoch) return false;
    }
    KJ_IF_MAYBE(lease, record.lease) return lease->owner == name;
    return false;
  }

  void waits(DurableRun& run) override {
    KJ_IF_MAYBE(entry, runs.find(run.getAsked().id)) {
      if (entry->run.get() != &run || entry->activity == Activity::WAITING) return;
      entry->activity = Activity::WAITING;
      entry->slot = nullptr;
      if (draining) goOn(run.giveBack());
    }
  }

  void startOver(kj::StringPtr id) override {
    KJ_IF_MAYBE(run, find(id)) run->startOver();
  }

  void refusedUntold(kj::StringPtr id) override {
    if (refused.size() >= REFUSED_UNTOLD_MAX) refused.clear();
    refused.findOrCreate(id, [&]() { return kj::str(id); });
  }

  void abandonChildren(const Record& record) override {
    auto reason = kj::str("the call that it was a part of was ", nameOf(record.state));
    tasks.add(cancelChildren(kj::str(record.id), kj::mv(reason)));
  }

  template <typename Test>
  kj::Promise<void> giveBack(Test&& isMeant);

  static void fulfill(kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>>& fulfiller) {
    KJ_IF_MAYBE(f, fulfiller) (*f)->fulfill();
    fulfiller = nullptr;
  }

  // ---- Runs ----

  uint32_t countCalls() const { return runs.size() + recording; }
  uint32_t getRoom() const {
    return options.runningMax - kj::min(countCalls(), options.runningMax);
  }
  void noteIdle() {
    if (countCalls() == 0) fulfill(whenIdle);
  }

  kj::Maybe<DurableRun&> find(kj::StringPtr id) {
    return runs.find(id).map([](Entry& entry) -> DurableRun& { return *entry.run; });
  }

  DurableRun& add(Asked&& asked, kj::Maybe<kj::Own<Recovery::Slot>> slot) {
    auto id = kj::str(asked.id);
    auto run = kj::refcounted<DurableRun>(*this, kj::mv(asked));
    auto& result = *run;
    runs.insert(kj::mv(id), Entry{kj::mv(run), Activity::BUSY, kj::mv(slot)});
    return result;
  }

  // What has become of a call that is recorded before it starts: it runs here, or is left to its
  // record.
  struct Recorded {
    kj::Maybe<kj::Own<DurableRun>> run = nullptr;
    kj::Maybe<Record> record = nullptr;
  };

  kj::Promise<Recorded> recordAndStart(
      Asked asked, kj::Own<capnp::ClientHook> object, kj::Own<_::Message> params) {
    ++recording;
    KJ_DEFER(--recording; noteIdle());
    faultPoint("before-record");
    auto request = DurableRun::creationOf(asked, options);
    request.lease = newLease();
    auto leased = timer.now();
    auto record = co_await store.create(kj::mv(request));
    if (record.isSettled()) co_return Recorded{.record = kj::mv(record)};
    KJ_IF_MAYBE(run, find(record.id)) co_return Recorded{.run = kj::addRef(*run)};
    if (!isOurs(record)) co_return Recorded{.record = kj::mv(record)};
    auto& run = add(kj::mv(asked), nullptr);
    run.startHeld(record, leased, kj::mv(object), kj::mv(params));
    co_return Recorded{.run = kj::addRef(run)};
  }

  // The same, to its end though nobody may wait for it any more: nobody else would start it before
  // its lease is over.
  kj::Promise<Recorded> takeUp(
      Asked asked, kj::Own<capnp::ClientHook> object, kj::Own<_::Message> params) {
    auto paf = kj::newPromiseAndFulfiller<Recorded>();
    auto& fulfiller = *paf.fulfiller;
    tasks.add(recordAndStart(kj::mv(asked), kj::mv(object), kj::mv(params))
                  .then([&fulfiller](Recorded&& recorded) { fulfiller.fulfill(kj::mv(recorded)); },
                      [&fulfiller](kj::Exception&& e) { fulfiller.reject(kj::mv(e)); })
                  .attach(kj::mv(paf.fulfiller)));
    return kj::mv(paf.promise);
  }

  // ---- What was left pending ----

  void takeUp(Claimed claimed, kj::TimePoint leased, kj::Own<Recovery::Slot> slot) {
    auto& record = claimed.record;
    if (!isOurs(record)) return;
    KJ_IF_MAYBE(run, find(record.id)) run->lose();
    auto lastStart = DurableRun::LastStart::UNKNOWN;
    KJ_IF_MAYBE(left, leftLeases.find(record.id)) {
      if (left->epoch + 1 == record.epoch) lastStart = DurableRun::LastStart::SURVIVED;
    }
    auto& run = add(
        Asked{kj::str(record.id), record.call.clone(),
            record.parent.map([](const kj::String& s) { return kj::str(s); }), nullptr, nullptr},
        kj::mv(slot));
    run.recover(kj::mv(claimed), leased, lastStart);
  }

  kj::Promise<void> keepLeases() {
    for (;;) {
      co_await timer.afterDelay(options.lease / LOOKS_PER_LEASE);
      // Looking at one may end it.
      kj::Vector<kj::Own<DurableRun>> all(runs.size());
      for (auto& entry: runs) all.add(kj::addRef(*entry.value.run));
      for (auto& run: all) {
        run->keepLease();
        run->parkIfItWaits();
      }
      leftLeases.eraseAll([this](kj::String&, LeftLease& left) { return left.end < timer.now(); });
    }
  }

  // ---- Cancelling ----

  kj::Promise<void> cancelChildren(kj::String parent, kj::String reason) {
    kj::Maybe<kj::String> after;
    do {
      auto page = co_await store.search({.states = kj::arr(PromiseState::PENDING),
          .parent = kj::str(parent),
          .recordsMax = Store::PAGE_RECORDS_MAX,
          .after = kj::mv(after)});
      co_await kj::joinPromises(KJ_MAP(record, page.records) { return cancel(record.id, reason); });
      after = kj::mv(page.next);
    } while (after != nullptr);
  }

  void taskFailed(kj::Exception&& exception) override {
    if (exception.getType() != kj::Exception::Type::DISCONNECTED) {
      KJ_LOG(WARNING, "a part of the work on durable calls failed", exception);
    }
  }
};

// =======================================================================================
// Callers

class DurableCalls::Caller final: public _::DurableCaller {
public:
  Caller(DurableCalls& calls, _::Arrival&& arrival)
      : calls(calls),
        object(kj::mv(arrival.object)),
        key(kj::str(arrival.key)),
        start(arrival.start),
        schema(arrival.schema),
        cancelReason(kj::str(arrival.request.cancelReason)),
        takenBackBefore(calls.exposures.countTakenBack()) {
    asked.since = calls.store.now();
    asked.id = arrival.request.id.size() == 0 ? newId() : kj::str(arrival.request.id);
    asked.call.target = kj::str(arrival.name.size() == 0 ? MAIN_OBJECT : arrival.name);
    asked.call.interfaceId = arrival.interfaceId;
    asked.call.methodId = arrival.methodId;
    asked.deadline =
        arrival.request.timeLeft.map([&](kj::Duration left) { return calls.store.now() + left; });
    if (arrival.request.parent.size() > 0)
      parent = findParent(kj::str(arrival.request.parent)).eagerlyEvaluate(nullptr);
    if (calls.refused.contains(asked.id)) start = Start::AFTER_RECORD;
    // Together with what else comes in this turn.
    if (arrival.request.id.size() > 0 && start == Start::AHEAD_OF_RECORD) look();
  }

  kj::Promise<Value> call(kj::Own<_::Message> params) override {
    return calls.callers.wrap(enter(kj::mv(params))).catch_([this](kj::Exception&& e) -> Value {
      problem = kj::cp(e);
      kj::throwFatalException(kj::mv(e));
    });
  }

  bool expose() override {
    KJ_IF_MAYBE(r, run) {
      if (!(*r)->expose()) return false;
      isExposed = true;
    }
    return true;
  }

  kj::Promise<Value> whenRecorded() override {
    KJ_IF_MAYBE(r, run) {
      auto& shared = **r;
      return shared.whenRecorded()
          .exclusiveJoin(
              shared.whenTakenBack().catch_([this](kj::Exception&& e) -> kj::Promise<void> {
                if (isExposed) return kj::mv(e);
                return kj::NEVER_DONE;
              }))
          .then([this, &shared]() {
            if (isExposed && shared.isTakenBack()) kj::throwFatalException(takenBack());
            return shared.getRecorded();
          });
    }
    return kj::evalNow([&]() {
      KJ_IF_MAYBE(p, problem) kj::throwFatalException(kj::cp(*p));
      return answerOf(KJ_ASSERT_NONNULL(settled), calls.host);
    });
  }

private:
  using Start = _::Arrival::Start;

  DurableCalls& calls;
  Asked asked;
  kj::Own<capnp::ClientHook> object;
  kj::String key;
  Start start;
  capnp::InterfaceSchema schema;
  kj::String cancelReason;
  uint64_t takenBackBefore;
  bool isExposed = false;
  kj::Promise<kj::Maybe<kj::String>> parent = kj::Maybe<kj::String>();
  kj::Promise<kj::Maybe<Record>> finding = kj::Maybe<Record>();
  kj::Maybe<kj::TimePoint> looked;

  // One of these, once it is known.
  kj::Maybe<kj::Own<DurableRun>> run;
  kj::Maybe<Record> settled;
  kj::Maybe<kj::Exception> problem;

  // The parent, if it is in this store.
  kj::Promise<kj::Maybe<kj::String>> findParent(kj::String id) {
    KJ_IF_MAYBE(r, calls.find(id)) {
      auto run = kj::addRef(*r);
      co_await run->whenHeld().exclusiveJoin(run->whenOver());
      if (run->isHeld()) co_return kj::mv(id);
    }
    auto found = co_await calls.store.find(id);
    if (found == nullptr) co_return nullptr;
    co_return kj::mv(id);
  }

  void look() {
    looked = calls.timer.now();
    finding = calls.store.find(asked.id).eagerlyEvaluate(nullptr);
  }

  kj::Promise<Value> enter(kj::Own<_::Message> params) {
    asked.call.params = co_await recordMessage(*params, key, calls.host);
    asked.parent = co_await parent;
    auto found = co_await finding;
    KJ_IF_MAYBE(time, looked) {
      if (found == nullptr && calls.timer.now() - *time > LOOK_LASTS) {
        look();
        found = co_await finding;
      }
    }
    KJ_IF_MAYBE(record, found) requireSameCall(asked.id, record->call, asked.call, schema);
    if (calls.draining) {
      kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "this vat is shutting down"));
    }
    if (cancelReason.size() > 0) {
      requireSoundParams();
      co_await cancel();
    } else if (!join()) {
      requireSoundParams();
      if (found == nullptr && start == Start::AHEAD_OF_RECORD) {
        runAhead(kj::mv(params));
      } else {
        co_await takeUp(kj::mv(params));
      }
    }
    KJ_IF_MAYBE(r, run) {
      co_await (*r)->whenKnown();
      co_return (*r)->getKnown();
    }
    co_return answerOf(KJ_ASSERT_NONNULL(settled), calls.host);
  }

  // Waits together with others, if this vat works on the call already.
  bool join() {
    KJ_IF_MAYBE(r, calls.find(asked.id)) {
      requireSameCall(asked.id, r->getAsked().call, asked.call, schema);
      run = kj::addRef(*r);
      return true;
    }
    return false;
  }

  // They may come from an outcome that does not stand.
  void requireSoundParams() {
    if (calls.exposures.countTakenBack() == takenBackBefore) return;
    kj::throwFatalException(takenBack());
  }

  void requireRoom() {
    if (calls.getRoom() > 0) return;
    kj::throwFatalException(KJ_EXCEPTION(OVERLOADED,
        "too many durable calls (limit runningMax); retry later", calls.options.runningMax));
  }

  DurableRun& addRun() {
    auto& added = calls.add(kj::mv(asked), nullptr);
    run = kj::addRef(added);
    return added;
  }

  void runAhead(kj::Own<_::Message> params) {
    requireRoom();
    addRun().startAhead(kj::mv(object), kj::mv(params));
  }

  // Cancels the call, unless it has an outcome. One that is not recorded is recorded as canceled.
  kj::Promise<void> cancel() {
    if (join()) {
      auto& joined = *KJ_ASSERT_NONNULL(run);
      co_await joined.whenHeld().exclusiveJoin(joined.whenOver());
      co_await calls.cancel(joined.getAsked().id, cancelReason);
      co_return;
    }
    co_await calls.exposures.whenRecorded();
    requireSoundParams();
    auto request = DurableRun::creationOf(asked, calls.options);
    request.settlement = Settlement{PromiseState::CANCELED, nullptr,
        PromiseError{kj::Exception::Type::FAILED, kj::str(cancelReason)}};
    auto record = co_await explained(calls.store.create(kj::mv(request)));
    // It may have been there, and have made calls.
    bool isDone = record.isSettled() && record.state != PromiseState::CANCELED;
    if (!isDone) co_await calls.cancel(record.id, cancelReason);
    if (!record.isSettled()) record = co_await calls.store.whenSettled(record.id);
    settled = kj::mv(record);
  }

  // As `made`, but if the id is taken, the error shows more of the two calls than the store can.
  template <typename T>
  kj::Promise<T> explained(kj::Promise<T> made) {
    kj::Maybe<kj::Exception> problem;
    try {
      co_return co_await made;
    } catch (...) {
      problem = kj::getCaughtExceptionAsKj();
    }
    auto& p = KJ_ASSERT_NONNULL(problem);
    if (p.getType() == kj::Exception::Type::FAILED) {
      auto found = co_await calls.store.find(asked.id);
      KJ_IF_MAYBE(record, found) requireSameCall(asked.id, record->call, asked.call, schema);
    }
    kj::throwFatalException(kj::mv(p));
  }

  // Records the call, or finds its record.
  kj::Promise<void> takeUp(kj::Own<_::Message> params) {
    if (!calls.exposures.areRecorded()) co_await calls.exposures.whenRecorded();
    requireSoundParams();
    requireRoom();
    auto recorded = co_await explained(calls.takeUp(asked.clone(), kj::mv(object), kj::mv(params)));
    run = kj::mv(recorded.run);
    KJ_IF_MAYBE(record, recorded.record) {
      if (record->isSettled()) {
        settled = kj::mv(*record);
      } else {
        settled = co_await calls.store.whenSettled(record->id);
      }
    }
  }
};

kj::Own<_::DurableCaller> DurableCalls::arrive(_::Arrival arrival) {
  KJ_REQUIRE(!arrival.request.id.startsWith(OWN_IDS),
      "ids of durable calls do not begin with \"troth:\", as those of the store's own records do",
      arrival.request.id);
  return kj::heap<Caller>(*this, kj::mv(arrival));
}

kj::Promise<void> DurableCalls::cancel(kj::StringPtr id, kj::StringPtr reasonParam) {
  auto reason = kj::str(reasonParam);
  auto record = co_await store.settle({.id = kj::str(id),
      .state = PromiseState::CANCELED,
      .error = PromiseError{kj::Exception::Type::FAILED, kj::str(reason)}});
  KJ_IF_MAYBE(run, find(record.id)) {
    run->conclude(kj::mv(record));
  } else {
    co_await cancelChildren(kj::str(record.id), kj::mv(reason));
  }
}

kj::Promise<Value> DurableCalls::attach(kj::StringPtr idParam) {
  auto id = kj::str(idParam);
  auto record = co_await store.whenSettled(id);
  co_return outcomeOf(record, host);
}

kj::Promise<void> DurableCalls::drain(kj::Duration limit) {
  draining = true;
  recovering = kj::READY_NOW;
  auto waitsForLong = [](const Entry& entry) { return entry.activity == Activity::WAITING; };
  auto givenBack = giveBack(waitsForLong);
  if (countCalls() > 0) {
    auto paf = kj::newPromiseAndFulfiller<void>();
    whenIdle = kj::mv(paf.fulfiller);
    co_await paf.promise.exclusiveJoin(timer.afterDelay(limit));
  }
  givenBack = givenBack.then([this]() { return giveBack([](const Entry&) { return true; }); });
  co_await givenBack.exclusiveJoin(timer.afterDelay(GIVE_BACK_TIME_MAX));
}

template <typename Test>
kj::Promise<void> DurableCalls::giveBack(Test&& isMeant) {
  // Giving one back takes it out of all.
  kj::Vector<kj::Own<DurableRun>> meant;
  for (auto& entry: runs) {
    if (isMeant(entry.value)) meant.add(kj::addRef(*entry.value.run));
  }
  return kj::joinPromises(
      KJ_MAP(run, meant) { return run->giveBack().catch_([](kj::Exception&&) {}); });
}

}  // namespace

kj::Own<Durability> newDurableCalls(Store& store, ObjectHost& host, kj::Timer& timer,
    const DurableOptions& options, kj::Maybe<JitterSource&> jitter) {
  return kj::heap<DurableCalls>(store, host, timer, options, jitter.orDefault(_::threadJitter()));
}

}  // namespace troth
