#pragma once
// A desk whose records a test can delay, refuse or lose.

#include "desks.h"

namespace troth {

using NumberCall = Server<Desk>::Number;
using WorkCall = Server<Desk>::Work;

inline bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// What things wait for until a test opens it.
class Barrier {
public:
  void open() { pair.fulfiller->fulfill(); }
  kj::Promise<void> whenOpen() { return opened.addBranch(); }

private:
  kj::PromiseFulfillerPair<void> pair = kj::newPromiseAndFulfiller<void>();
  kj::ForkedPromise<void> opened = pair.promise.fork();
};

// A store in which the outcomes of calls that were recorded before are late.
class LateOutcomes final: public Store {
public:
  explicit LateOutcomes(kj::Own<Store> inner): inner(kj::mv(inner)) {}

  // Outcomes that wait.
  size_t waiting = 0;

  // What its vat takes for the time is later by this.
  kj::Duration clockAhead = 0 * kj::SECONDS;

  // Whether its vat takes up what is due.
  bool isClaiming = true;

  // The id that is looked for late.
  kj::StringPtr late = "";

  // They, and those that come later, are recorded.
  void letGo() { outcomes.open(); }
  void letFind() { finds.open(); }

  // The id that cannot be recorded, as it turns out then.
  kj::StringPtr refused = "";
  void refuse() { refusals.open(); }

  // The id that is recorded late, and the one for which the database is not there.
  kj::StringPtr slow = "";
  void letCreate() { creations.open(); }
  kj::StringPtr lost = "";

  kj::Promise<Record> settle(SettleRequest request) override {
    if (request.epoch != nullptr) {
      ++waiting;
      co_await outcomes.whenOpen();
    }
    co_return co_await inner->settle(kj::mv(request));
  }
  kj::Promise<Record> create(CreateRequest request) override {
    if (request.id == slow) co_await creations.whenOpen();
    if (request.id == lost) kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "no database"));
    if (request.id == refused) {
      co_await refusals.whenOpen();
      kj::throwFatalException(KJ_EXCEPTION(FAILED, "the disk is full"));
    }
    co_return co_await inner->create(kj::mv(request));
  }
  kj::Promise<kj::Maybe<Record>> find(kj::StringPtr id) override {
    auto found = inner->find(id);
    if (id == late) co_await finds.whenOpen();
    co_return co_await found;
  }
  kj::Promise<Record> whenSettled(kj::StringPtr id) override { return inner->whenSettled(id); }
  kj::Promise<Page> search(SearchRequest request) override {
    return inner->search(kj::mv(request));
  }
  kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) override {
    if (!isClaiming) return kj::NEVER_DONE;
    return inner->claim(kj::mv(request));
  }
  kj::Promise<void> whenDue(kj::ArrayPtr<const kj::StringPtr> targets) override {
    return inner->whenDue(targets);
  }
  kj::Promise<Record> renew(RenewRequest request) override { return inner->renew(kj::mv(request)); }
  kj::Promise<Record> release(ReleaseRequest request) override {
    return inner->release(kj::mv(request));
  }
  kj::Promise<Record> park(ParkRequest request) override { return inner->park(kj::mv(request)); }
  kj::Promise<Record> transact(TransactRequest request, SqlUse use) override {
    return inner->transact(kj::mv(request), kj::mv(use));
  }
  kj::Promise<void> execute(kj::StringPtr script) override { return inner->execute(script); }
  kj::Promise<Pruned> prune(PruneRequest request) override { return inner->prune(request); }
  kj::Date now() override { return inner->now() + clockAhead; }
  StoreTraffic getTraffic() const override { return inner->getTraffic(); }

private:
  kj::Own<Store> inner;
  Barrier outcomes;
  Barrier finds;
  Barrier refusals;
  Barrier creations;
};

// A desk whose number(1) takes longer than a turn, until a test ends it.
class ExposedOutcome: public testing::Test, public Offices {
public:
  ExposedOutcome() {
    durable.lease = 200 * kj::MILLISECONDS;
    openLate();
    scene.number = [this](NumberCall call) -> kj::Promise<void> {
      ++scene.runs;
      if (call.n() == 1) co_await slow.whenOpen();
      call.fulfill(call.n() + 1);
    };
  }
  ~ExposedOutcome() noexcept override = default;

  LateOutcomes* late;
  Barrier slow;

  void openLate() {
    auto store = kj::heap<LateOutcomes>(newStore());
    late = store.get();
    office.emplace(loop, scene, kj::mv(store), socket, durable);
  }

  std::function<kj::Promise<void>(WorkCall)> slowWork() {
    return [this](WorkCall call) -> kj::Promise<void> {
      ++scene.runs;
      co_await slow.whenOpen();
      call.fulfill(kj::str(call.text(), "!"));
    };
  }
  std::function<kj::Promise<void>(Server<Desk>::Give)> slowGive() {
    return [this](Server<Desk>::Give call) -> kj::Promise<void> {
      co_await slow.whenOpen();
      call.fulfill(call.drawer());
    };
  }

  // The desk, for the vat that it is in.
  Ref<Desk> near() { return Ref<Desk>(office->vat->getObjectHost().restore("troth:/desk")); }

  // What comes of the use of a drawer that may not be given.
  kj::Promise<std::string> usesOf(Ref<Drawer> drawer) {
    try {
      co_return std::to_string(co_await drawer.put("x").count());
    } catch (...) {
      co_return "nothing";
    }
  }

  // Lets the call end, which is recorded as `id`, up to its commit.
  void endUpToCommit(kj::StringPtr id) {
    waitUntil([&]() { return find(id) != nullptr; });
    slow.open();
    waitUntil([&]() { return late->waiting > 0; });
    settle();
  }

  void cancel(kj::StringPtr id) { wait(office->vat->cancel(id, "changed my mind")); }

  // Has another vat work on the call.
  kj::Own<Office> handOver(kj::StringPtr id, Scene& otherScene) {
    late->isClaiming = false;
    auto record = get(id);
    wait(office->store.release({.id = kj::str(id),
        .epoch = record.epoch,
        .owner = kj::str(KJ_ASSERT_NONNULL(record.lease).owner)}));
    return kj::heap<Office>(loop, otherScene, newStore(), folder.file("other.sock"), durable);
  }

  // Whether it resolves or breaks within the time that a test has.
  bool comesToAnEnd(kj::Promise<void> promise) {
    auto ended = promise.catch_([](kj::Exception&&) {}).then([]() { return true; });
    auto over = loop.timer().afterDelay(5 * kj::SECONDS).then([]() { return false; });
    return wait(ended.exclusiveJoin(kj::mv(over)));
  }

  void pause(kj::Duration duration) { wait(loop.timer().afterDelay(duration)); }

  template <typename P>
  std::string failure(P&& promise) {
    return failureOf(loop.waitScope(), [&]() { return kj::mv(promise); });
  }
};

}  // namespace troth
