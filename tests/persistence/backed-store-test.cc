// What a store adds to its backend: it notices what nobody tells it, in time, though looks fail.

#include <algorithm>

#include "../log-counter.h"
#include "memory-backend.h"
#include "store-contract.h"

namespace troth {
namespace {

// A backend in memory that fails, waits, or hears nothing, as a test wishes.
class TroubledBackend final: public Backend {
public:
  TroubledBackend(MemoryRecords& records, const kj::Clock& clock)
      : records(records), inner(newMemoryBackend(kj::addRef(records), clock)) {}

  // What fails.
  enum class Part { NOTHING, OVERDUE, DUE, SETTLED };
  Part failing = Part::NOTHING;

  // Looks for what is overdue, and for work, and reads of one record.
  int looks = 0;
  int finds = 0;
  int dueQueries = 0;

  // Lets a look for what is overdue, which has seen the records, go on.
  kj::Vector<kj::Own<kj::PromiseFulfiller<void>>> held;
  enum class Looks { GO_ON, ARE_HELD } pace = Looks::GO_ON;

  // From now on nobody tells this backend what happens elsewhere.
  void loseMessages() {
    KJ_IF_MAYBE(l, listener) std::erase(records.listeners, l);
  }

  void setListener(BackendListener& l) override {
    listener = l;
    inner->setListener(l);
  }
  kj::Promise<kj::Maybe<Record>> carryOut(Request request) override {
    if (request.is<FindRequest>()) ++finds;
    return inner->carryOut(kj::mv(request));
  }
  kj::Promise<Page> search(SearchRequest request) override {
    return inner->search(kj::mv(request));
  }
  kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) override {
    return inner->claim(kj::mv(request));
  }
  kj::Promise<Pruned> prune(PruneRequest request) override { return inner->prune(kj::mv(request)); }
  kj::Promise<Record> transact(Transaction transaction, SqlUse use) override {
    return inner->transact(kj::mv(transaction), kj::mv(use));
  }
  kj::Promise<void> execute(kj::String script) override { return inner->execute(kj::mv(script)); }
  kj::Promise<Overdue> findOverdue(uint32_t idsMax) override {
    ++looks;
    failIf(Part::OVERDUE);
    auto seen = inner->findOverdue(idsMax);
    if (pace == Looks::GO_ON) return seen;
    auto paf = kj::newPromiseAndFulfiller<void>();
    held.add(kj::mv(paf.fulfiller));
    return paf.promise.then([seen = kj::mv(seen)]() mutable { return kj::mv(seen); });
  }
  kj::Promise<kj::Maybe<kj::Date>> findDue(kj::Array<kj::String> targets) override {
    ++dueQueries;
    failIf(Part::DUE);
    return inner->findDue(kj::mv(targets));
  }
  kj::Promise<kj::Array<kj::String>> findSettled(kj::Array<kj::String> ids) override {
    failIf(Part::SETTLED);
    return inner->findSettled(kj::mv(ids));
  }
  kj::Date now() override { return inner->now(); }
  StoreTraffic getTraffic() const override { return inner->getTraffic(); }

private:
  MemoryRecords& records;
  kj::Own<Backend> inner;
  kj::Maybe<BackendListener&> listener;

  void failIf(Part part) {
    if (failing == part) kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "no database"));
  }
};

using Part = TroubledBackend::Part;

class BackedStore: public testing::Test {
protected:
  ~BackedStore() noexcept override {}

  Loop loop;
  ManualClock clock;
  kj::Own<MemoryRecords> records = kj::refcounted<MemoryRecords>();
  TroubledBackend* backend = nullptr;

  // A store whose backend is `backend`.
  kj::Own<Store> open(kj::Duration pollInterval) { return open(pollInterval, clock); }
  kj::Own<Store> open(kj::Duration pollInterval, const kj::Clock& time) {
    StoreOptions options;
    options.timer = loop.timer();
    options.pollInterval = pollInterval;
    auto made = kj::heap<TroubledBackend>(*records, time);
    backend = made;
    return newBackedStore(kj::mv(made), options);
  }

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(loop.waitScope());
  }

  void turn() { loop.waitScope().poll(); }
};

constexpr auto SOON = 2 * kj::MILLISECONDS;
constexpr auto NEVER_POLL = 1 * kj::HOURS;
const kj::StringPtr BANK[] = {"bank"};
const kj::StringPtr SHOP[] = {"shop"};

ClaimRequest claimOf(kj::StringPtr target) {
  ClaimRequest request{.lease = {kj::str("me")}};
  request.targets = kj::arr(kj::str(target));
  return request;
}

// ---- What nobody tells ----

TEST_F(BackedStore, ASettlementWhoseMessageIsLostIsNoticedAllTheSame) {
  auto store = open(SOON);
  backend->loseMessages();
  auto other = open(SOON);
  wait(other->create(outside("a")));
  auto waiting = store->whenSettled("a");
  turn();
  wait(other->settle(fulfill("a", "seven")));
  EXPECT_EQ(wait(kj::mv(waiting)).value, bytesOf("seven"));
}

TEST_F(BackedStore, ADeletionWhoseMessageIsLostIsNoticedAllTheSame) {
  auto store = open(SOON);
  backend->loseMessages();
  auto other = open(SOON);
  wait(other->create(outside("a")));
  auto waiting = store->whenSettled("a");
  turn();
  wait(other->settle(fulfill("a")));
  wait(other->prune({clock.now() + MICROSECOND}));
  auto failure = thrownBy([&]() { wait(kj::mv(waiting)); });
  EXPECT_MENTIONS(failure.getDescription(), "the promise was deleted");
}

TEST_F(BackedStore, WorkWhoseMessageIsLostIsNoticedAllTheSame) {
  auto store = open(SOON);
  backend->loseMessages();
  auto other = open(SOON);
  auto due = store->whenDue(BANK);
  turn();
  wait(other->create(work("a")));
  wait(kj::mv(due));
}

// ---- Looks that fail ----

TEST_F(BackedStore, ADeadlineIsNoticedOnceLooksSucceedAgain) {
  auto store = open(SOON);
  wait(store->create(withDeadline(outside("a"), clock.now() + 1 * kj::SECONDS)));
  auto waiting = store->whenSettled("a");
  backend->failing = Part::OVERDUE;
  clock.advance(1 * kj::SECONDS);
  auto messages = messagesDuring([&]() {
    auto looksBefore = backend->looks;
    while (backend->looks < looksBefore + 5) wait(loop.timer().afterDelay(SOON));
  });
  EXPECT_EQ(messages, 1);
  EXPECT_FALSE(waiting.poll(loop.waitScope()));
  backend->failing = Part::NOTHING;
  EXPECT_EQ(wait(kj::mv(waiting)).state, PromiseState::TIMEDOUT);
}

TEST_F(BackedStore, ALookThatFailsAtOnePartStillDoesTheOthers) {
  for (auto part: {Part::OVERDUE, Part::DUE}) {
    auto store = open(SOON);
    backend->failing = part;
    backend->loseMessages();
    auto other = open(SOON);
    auto id = kj::str("settled ", static_cast<int>(part));
    wait(other->create(outside(id)));
    auto waiting = store->whenSettled(id);
    turn();
    wait(other->settle(fulfill(id)));
    wait(kj::mv(waiting));
  }
  for (auto part: {Part::OVERDUE, Part::SETTLED}) {
    auto store = open(SOON);
    backend->failing = part;
    backend->loseMessages();
    auto due = store->whenDue(BANK);
    turn();
    auto other = open(SOON);
    wait(other->create(work(kj::str("work ", static_cast<int>(part)))));
    wait(kj::mv(due));
    wait(other->claim(claimOf("bank")));
  }
}

TEST_F(BackedStore, WhoeverWaitsForWorkKeepsWaitingThoughTheFirstQuestionFails) {
  auto store = open(SOON);
  wait(store->create(work("a")));
  backend->failing = Part::DUE;
  auto due = store->whenDue(BANK);
  turn();
  EXPECT_FALSE(due.poll(loop.waitScope()));
  backend->failing = Part::NOTHING;
  wait(kj::mv(due));
}

// ---- In time, without a poll ----

TEST_F(BackedStore, ADeadlineBeforeTheNextPollIsNotLate) {
  auto& time = kj::systemPreciseCalendarClock();
  auto store = open(NEVER_POLL, time);
  turn();
  wait(store->create(withDeadline(outside("late"), time.now() + 1 * kj::HOURS)));
  wait(store->create(withDeadline(outside("a"), time.now() + 20 * kj::MILLISECONDS)));
  EXPECT_EQ(wait(store->whenSettled("a")).state, PromiseState::TIMEDOUT);
}

TEST_F(BackedStore, ADeadlineThatALookDidNotSeeYetIsNotLate) {
  auto& time = kj::systemPreciseCalendarClock();
  auto store = open(NEVER_POLL, time);
  backend->pace = TroubledBackend::Looks::ARE_HELD;
  turn();
  ASSERT_EQ(backend->held.size(), 1);
  wait(store->create(withDeadline(outside("a"), time.now() + 20 * kj::MILLISECONDS)));
  backend->pace = TroubledBackend::Looks::GO_ON;
  backend->held[0]->fulfill();
  EXPECT_EQ(wait(store->whenSettled("a")).state, PromiseState::TIMEDOUT);
}

TEST_F(BackedStore, ADeadlineThatAnotherStoreSetIsNotLateForThoseWhoWait) {
  auto& time = kj::systemPreciseCalendarClock();
  auto store = open(NEVER_POLL, time);
  turn();
  auto other = open(NEVER_POLL, time);
  wait(other->create(withDeadline(outside("a"), time.now() + 20 * kj::MILLISECONDS)));
  other = nullptr;
  EXPECT_EQ(wait(store->whenSettled("a")).state, PromiseState::TIMEDOUT);
}

TEST_F(BackedStore, ALeaseThatExpiresBeforeTheNextPollIsNotLate) {
  auto& time = kj::systemPreciseCalendarClock();
  auto store = open(NEVER_POLL, time);
  turn();
  auto request = work("a");
  request.lease = LeaseRequest{kj::str("me"), 20 * kj::MILLISECONDS};
  wait(store->create(kj::mv(request)));
  wait(store->whenDue(BANK));
  EXPECT_EQ(idsOf(recordsOf(wait(store->claim(claimOf("bank"))))), "a");
}

TEST_F(BackedStore, MoreDeadlinesThanOneLookTakesAreTakenByTheNextAtOnce) {
  auto store = open(NEVER_POLL);
  auto deadline = clock.now() + 1 * kj::SECONDS;
  for (int i = 0; i < 2500; ++i) wait(store->create(withDeadline(outside(kj::str(i)), deadline)));
  store = nullptr;
  clock.advance(1 * kj::SECONDS);
  store = open(NEVER_POLL);
  auto isPending = [](auto& entry) { return !entry.second.isSettled(); };
  auto pending = [&]() {
    return std::count_if(records->records.begin(), records->records.end(), isPending);
  };
  while (pending() > 0) wait(loop.timer().afterDelay(1 * kj::MILLISECONDS));
  EXPECT_LE(backend->looks, 5);
}

// ---- Looks are few ----

TEST_F(BackedStore, WhoeverDoesNotTakeItsWorkKeepsNobodyElseAwake) {
  auto store = open(NEVER_POLL);
  turn();
  wait(store->create(work("a", "shop")));
  auto idle = store->whenDue(SHOP);
  turn();
  auto waiting = store->whenDue(BANK);
  auto looksBefore = backend->looks, queriesBefore = backend->dueQueries;
  for (int i = 0; i < 100; ++i) turn();
  EXPECT_FALSE(waiting.poll(loop.waitScope()));
  EXPECT_EQ(backend->looks, looksBefore);
  EXPECT_LE(backend->dueQueries, queriesBefore + 1);
}

TEST_F(BackedStore, ManyWhoWaitForTheSameWorkAreAskedForOnceALook) {
  auto store = open(SOON);
  kj::Vector<kj::Promise<void>> waiting;
  for (int i = 0; i < 100; ++i) waiting.add(store->whenDue(BANK));
  turn();
  auto looksBefore = backend->looks, queriesBefore = backend->dueQueries;
  while (backend->looks < looksBefore + 3) wait(loop.timer().afterDelay(SOON));
  EXPECT_LE(backend->dueQueries - queriesBefore, backend->looks - looksBefore + 1);
}

TEST_F(BackedStore, TooManyWhoWaitForWorkAreRefusedAsOverload) {
  auto store = open(NEVER_POLL);
  kj::Vector<kj::Promise<void>> waiting;
  for (int i = 0; i < 1024; ++i) waiting.add(store->whenDue(BANK));
  auto overload = thrownBy([&]() { wait(store->whenDue(BANK)); });
  EXPECT_EQ(overload.getType(), kj::Exception::Type::OVERLOADED);
  waiting.removeLast();
  auto again = store->whenDue(BANK);
  EXPECT_FALSE(again.poll(loop.waitScope()));
}

// ---- What need not be asked ----

CreateRequest partOf(kj::StringPtr parent, kj::StringPtr id) {
  return {.id = kj::str(id), .parent = kj::str(parent)};
}

TEST_F(BackedStore, WorkThatItHasMadeIsNotReadForItsParts) {
  auto store = open(NEVER_POLL);
  auto request = work("a");
  request.lease = LeaseRequest{kj::str("me")};
  wait(store->create(kj::mv(request)));
  wait(store->create(partOf("a", "a.1")));
  EXPECT_EQ(backend->finds, 0);
}

TEST_F(BackedStore, WorkThatItHasClaimedIsNotReadForItsParts) {
  auto store = open(NEVER_POLL);
  wait(store->create(work("a")));
  ASSERT_EQ(wait(store->claim(claimOf("bank"))).size(), 1);
  EXPECT_EQ(KJ_ASSERT_NONNULL(wait(store->create(partOf("a", "a.1"))).root), "a");
  EXPECT_EQ(backend->finds, 0);
}

TEST_F(BackedStore, ASearchForAllStatesNeedsNoLookForTheOverdue) {
  auto store = open(NEVER_POLL);
  turn();
  auto before = backend->looks;
  wait(store->search({.parent = kj::str("a")}));
  EXPECT_EQ(backend->looks, before);
}

// ---- The end ----

TEST_F(BackedStore, AStoreMayGoAwayInTheMidstOfALook) {
  auto store = open(SOON);
  backend->pace = TroubledBackend::Looks::ARE_HELD;
  turn();
  ASSERT_EQ(backend->held.size(), 1);
  auto& looking = *backend->held[0];
  EXPECT_TRUE(looking.isWaiting());
  store = nullptr;
  turn();
  EXPECT_TRUE(records->listeners.empty());
}

TEST_F(BackedStore, AStoreMayGoAwayBeforeItLookedAround) {
  auto store = open(SOON);
  auto waiting = store->whenDue(BANK);
  store = nullptr;
  auto failure = thrownBy([&]() { wait(kj::mv(waiting)); });
  EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_MENTIONS(failure.getDescription(), "the store was closed");
}

TEST_F(BackedStore, PromisesMayBeDroppedAfterTheirStore) {
  auto store = open(SOON);
  wait(store->create(outside("a")));
  auto settled = store->whenSettled("a");
  auto due = store->whenDue(BANK);
  auto found = store->find("a");
  store = nullptr;
  settled = nullptr;
  due = nullptr;
  found = nullptr;
}

}  // namespace
}  // namespace troth
