#include <kj/debug.h>

#include <algorithm>
#include <list>
#include <variant>
#include <vector>

#include "backend.h"
#include "checks.h"
#include "micros.h"
#include "parking.h"
#include "settled-waiters.h"

namespace troth {
namespace {

// Promises that a look finds overdue, or asks about, in one step.
constexpr uint32_t LOOK_IDS_MAX = 1000;

// Those who wait for work at once; each costs a query at every look, unless others wait for the
// same.
constexpr size_t DUE_WATCHES_MAX = 1024;

// Parents of which a store remembers what their children inherit.
constexpr size_t LINEAGES_MAX = 4096;

// Later than any time that is planned for.
constexpr kj::Date NEVER = kj::UNIX_EPOCH + MICROS_MAX * kj::MICROSECONDS;

// What breaks the promises of a store that goes away.
kj::Exception closed() {
  return KJ_EXCEPTION(DISCONNECTED,
      "the store was closed before it answered; open it again and repeat the request");
}

kj::Exception overloaded(kj::String text) {
  return kj::Exception(kj::Exception::Type::OVERLOADED, __FILE__, __LINE__, kj::mv(text));
}

// A Record's part that its children inherit, and which never changes.
struct Lineage {
  kj::Maybe<kj::String> root;
  kj::Maybe<kj::Date> deadline;
};

// One who waits for work.
struct DueWatch {
  kj::Array<kj::String> targets;
  kj::Own<kj::PromiseFulfiller<void>> fulfiller;

  bool watches(kj::StringPtr target) const {
    return std::find(targets.begin(), targets.end(), target) != targets.end();
  }
};

kj::Array<kj::String> copyOf(kj::ArrayPtr<const kj::String> names) {
  return KJ_MAP(name, names) { return kj::str(name); };
}

class BackedStore final: public Store, private BackendListener, private kj::TaskSet::ErrorHandler {
public:
  BackedStore(kj::Own<Backend> backendParam, const StoreOptions& options)
      : backend(kj::mv(backendParam)),
        timer(KJ_REQUIRE_NONNULL(options.timer)),
        requestsMax(options.requestsMax),
        pollInterval(options.pollInterval),
        pollTime(timer.now()),
        tasks(*this) {
    backend->setListener(*this);
    tasks.add(kj::evalLater([this]() { return lookAround(); }));
  }

  // Whoever still waits is told while what it waits with is there.
  ~BackedStore() noexcept(false) {
    promises.cancel(closed());
    tasks.clear();
    backend = nullptr;
  }
  KJ_DISALLOW_COPY_AND_MOVE(BackedStore);

  kj::Promise<Record> create(CreateRequest request) override {
    return answer([&]() {
      auto creation = checked(kj::mv(request));
      KJ_IF_MAYBE(parent, creation.request.parent) {
        return createChild(kj::str(*parent), kj::mv(creation));
      }
      return createAndNote(kj::mv(creation));
    });
  }

  kj::Promise<Record> settle(SettleRequest request) override {
    return answer([&]() { return carryOut(checked(kj::mv(request))); });
  }

  kj::Promise<kj::Maybe<Record>> find(kj::StringPtr id) override {
    return answer([&]() {
      checkId(id);
      return backend->carryOut(FindRequest{kj::str(id)});
    });
  }

  kj::Promise<Record> whenSettled(kj::StringPtr id) override {
    auto asked = answer([&]() {
      checkId(id);
      return carryOut(AwaitRequest{kj::str(id)});
    });
    return untilClosed([&]() {
      return asked.then(
          [settled = waiters.wait(id)](Record&& record) mutable -> kj::Promise<Record> {
            if (record.isSettled()) return kj::mv(record);
            return kj::mv(settled);
          });
    });
  }

  kj::Promise<Page> search(SearchRequest request) override {
    return answer([&]() -> kj::Promise<Page> {
      checkSearch(request);
      request.since = request.since.map(wholeMicrosFrom);
      request.before = request.before.map(wholeMicrosFrom);
      // Whatever state a promise is in, it is found.
      if (request.states.size() == 0) return backend->search(kj::mv(request));
      return expireOverdue().then(
          [this, request = kj::mv(request)]() mutable { return backend->search(kj::mv(request)); });
    });
  }

  kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) override {
    return answer([&]() -> kj::Promise<kj::Array<Claimed>> {
      checkLease(request.lease);
      checkTargets(request.targets);
      KJ_REQUIRE(request.recordsMax <= CLAIM_RECORDS_MAX, "a claim is for too many promises",
          request.recordsMax, CLAIM_RECORDS_MAX);
      KJ_REQUIRE(request.childrenMax <= CLAIM_CHILDREN_MAX, "a claim is for too many children",
          request.childrenMax, CLAIM_CHILDREN_MAX);
      if (request.targets.size() == 0 || request.recordsMax == 0) return kj::Array<Claimed>();
      return backend->claim(kj::mv(request)).then([this](kj::Array<Claimed>&& all) {
        for (auto& claimed: all) remember(claimed.record);
        return kj::mv(all);
      });
    });
  }

  kj::Promise<void> whenDue(kj::ArrayPtr<const kj::StringPtr> targets) override {
    return untilClosed([&]() {
      auto watched = KJ_MAP(target, targets) { return kj::str(target); };
      checkTargets(watched);
      return watchDue(kj::mv(watched));
    });
  }

  kj::Promise<Record> renew(RenewRequest request) override {
    return answer([&]() {
      checkId(request.id);
      checkLease(request.lease);
      return carryOut(kj::mv(request));
    });
  }

  kj::Promise<Record> release(ReleaseRequest request) override {
    return answer([&]() {
      checkId(request.id);
      checkOwner(request.owner);
      checkDelay(request.delay);
      return carryOut(kj::mv(request));
    });
  }

  kj::Promise<Record> park(ParkRequest request) override {
    return answer([&]() {
      checkId(request.id);
      checkOwner(request.owner);
      checkDelay(request.delay);
      KJ_REQUIRE(request.parts.size() <= PARK_PARTS_MAX, "a promise is parked for too many parts",
          request.parts.size(), PARK_PARTS_MAX);
      for (auto& part: request.parts) checkId(part);
      return troth::park(*backend, kj::mv(request));
    });
  }

  kj::Promise<Record> transact(TransactRequest request, SqlUse use) override {
    return untilClosed([&]() -> kj::Promise<Record> {
      checkRoom();
      auto transaction = checked(kj::mv(request));
      ++requestsOpen;
      auto counted = kj::defer([this]() { --requestsOpen; });
      return transactNow(kj::mv(transaction), kj::mv(use)).attach(kj::mv(counted));
    });
  }

  kj::Promise<void> execute(kj::StringPtr script) override {
    return answer([&]() {
      return backend->execute(kj::str(script)).then([]() { return std::monostate(); });
    }).ignoreResult();
  }

  kj::Promise<Pruned> prune(PruneRequest request) override {
    return answer([&]() {
      KJ_REQUIRE(request.treesMax <= PRUNE_TREES_MAX, "too many trees are to be deleted at once",
          request.treesMax, PRUNE_TREES_MAX);
      request.settledBefore = wholeMicrosFrom(request.settledBefore);
      return expireOverdue()
          .then([this, request = kj::mv(request)]() mutable {
            return backend->prune(kj::mv(request));
          })
          .then([this](Pruned&& pruned) {
            lineages.clear();
            return kj::mv(pruned);
          });
    });
  }

  kj::Date now() override { return backend->now(); }
  StoreTraffic getTraffic() const override { return backend->getTraffic(); }

private:
  kj::Own<Backend> backend;
  kj::Timer& timer;
  uint32_t requestsMax;
  kj::Duration pollInterval;
  uint32_t requestsOpen = 0;
  kj::HashMap<kj::String, Lineage> lineages;
  SettledWaiters waiters;
  std::list<DueWatch> dueWatches;

  // When the next look is to be for what is known by then; the fulfiller ends the sleep before it.
  kj::Date wakeTime = NEVER;
  kj::Own<kj::PromiseFulfiller<void>> wakeUp;

  // When the next look is to be in any case.
  kj::TimePoint pollTime;

  // Of looks, since the last that saw all.
  uint64_t failures = 0;

  // Those who wait for a promise to settle.
  kj::Canceler promises;
  kj::TaskSet tasks;

  // ---- Promises ----

  // The promise that `begin` makes, or what it throws. Broken if the store goes away first.
  template <typename Begin>
  auto untilClosed(Begin&& begin) -> decltype(begin()) {
    return promises.wrap(kj::evalNow(kj::fwd<Begin>(begin)));
  }

  // The answer to a request, which is carried out also if the answer is dropped.
  template <typename Begin>
  auto answer(Begin&& begin) -> decltype(begin()) {
    return finish(kj::evalNow([&]() {
      checkRoom();
      return begin();
    }));
  }

  void checkRoom() const {
    if (requestsOpen < requestsMax) return;
    kj::throwFatalException(overloaded(kj::str("the store has ", requestsOpen,
        " requests to answer (StoreOptions::requestsMax); repeat this one later")));
  }

  template <typename T>
  kj::Promise<T> finish(kj::Promise<T> answer) {
    ++requestsOpen;
    auto paf = kj::newPromiseAndFulfiller<T>();
    auto& fulfiller = *paf.fulfiller;
    auto end = kj::defer([this, fulfiller = kj::mv(paf.fulfiller)]() mutable {
      --requestsOpen;
      if (fulfiller->isWaiting()) fulfiller->reject(closed());
    });
    tasks.add(answer
                  .then([&fulfiller](T&& value) { fulfiller.fulfill(kj::mv(value)); },
                      [&fulfiller](kj::Exception&& e) { fulfiller.reject(kj::mv(e)); })
                  .attach(kj::mv(end)));
    return kj::mv(paf.promise);
  }

  // ---- Requests ----

  // Carries out a request that gets a record or an error.
  kj::Promise<Record> carryOut(Request request) {
    return backend->carryOut(kj::mv(request)).then([this](kj::Maybe<Record>&& got) {
      auto record = kj::mv(KJ_ASSERT_NONNULL(got));
      KJ_IF_MAYBE(deadline, record.deadline) {
        if (!record.isSettled()) wakeBy(*deadline);
      }
      return record;
    });
  }

  // One that is made with a lease is about to have children.
  kj::Promise<Record> createAndNote(Creation&& creation) {
    bool leased = creation.request.lease != nullptr;
    auto created = carryOut(kj::mv(creation));
    if (!leased) return created;
    return created.then([this](Record&& record) {
      if (!record.isSettled()) remember(record);
      return kj::mv(record);
    });
  }

  kj::Promise<Record> createChild(kj::String parent, Creation&& creation) {
    KJ_IF_MAYBE(lineage, lineages.find(parent)) {
      return createAndNote(inherited(kj::mv(creation), parent, *lineage));
    }
    return adoptLater(kj::mv(parent), kj::mv(creation)).then([this](Creation&& adopted) {
      return createAndNote(kj::mv(adopted));
    });
  }

  kj::Promise<Creation> adoptLater(kj::String parent, Creation&& creation) {
    return backend->carryOut(FindRequest{kj::str(parent)})
        .then([this, parent = kj::mv(parent), creation = kj::mv(creation)](
                  kj::Maybe<Record>&& found) mutable {
          auto& record = KJ_REQUIRE_NONNULL(
              found, "the promise that this one is to be a part of does not exist", parent);
          adopt(creation, record);
          remember(record);
          return kj::mv(creation);
        });
  }

  // The creation with what its parent's record says, if it has a parent.
  kj::Promise<Creation> complete(Creation&& creation) {
    KJ_IF_MAYBE(parent, creation.request.parent) {
      auto id = kj::str(*parent);
      KJ_IF_MAYBE(lineage, lineages.find(id)) return inherited(kj::mv(creation), id, *lineage);
      return adoptLater(kj::mv(id), kj::mv(creation));
    }
    return kj::mv(creation);
  }

  kj::Promise<Record> transactNow(Transaction&& transaction, SqlUse&& use) {
    auto checkedUse = [use = kj::mv(use)](Sql& sql) mutable {
      return use(sql).then([](kj::Array<const kj::byte>&& value) {
        checkValue(value);
        return kj::mv(value);
      });
    };
    return complete(kj::mv(transaction.creation))
        .then([this, fence = kj::mv(transaction.fence), use = kj::mv(checkedUse)](
                  Creation&& creation) mutable {
          return backend->transact({kj::mv(creation), kj::mv(fence)}, kj::mv(use));
        })
        .then([](Record&& record) {
          KJ_REQUIRE(record.isSettled(),
              "the promise is pending, and others work on it; the transaction was not run",
              record.id);
          return kj::mv(record);
        });
  }

  void remember(const Record& parent) {
    if (lineages.size() >= LINEAGES_MAX) lineages.clear();
    lineages.upsert(kj::str(parent.id),
        Lineage{parent.root.map([](auto& root) { return kj::str(root); }), parent.deadline});
  }

  static Creation inherited(Creation&& creation, kj::StringPtr parent, const Lineage& lineage) {
    Record record;
    record.id = kj::str(parent);
    record.root = lineage.root.map([](auto& root) { return kj::str(root); });
    record.deadline = lineage.deadline;
    adopt(creation, record);
    return kj::mv(creation);
  }

  static void checkTargets(kj::ArrayPtr<const kj::String> targets) {
    KJ_REQUIRE(
        targets.size() <= CLAIM_TARGETS_MAX, "too many targets", targets.size(), CLAIM_TARGETS_MAX);
    for (auto& target: targets) checkTarget(target);
  }

  static void checkSearch(const SearchRequest& request) {
    uint32_t selectors = 0;
    KJ_IF_MAYBE(parent, request.parent) ++selectors, checkId(*parent);
    KJ_IF_MAYBE(root, request.root) ++selectors, checkId(*root);
    KJ_IF_MAYBE(tag, request.tag) ++selectors, checkTag(*tag);
    KJ_IF_MAYBE(after, request.after) Cursor::parse(*after);
    KJ_REQUIRE(selectors <= 1, "a search is for one of a parent, a root or a tag");
    KJ_REQUIRE(request.recordsMax >= 1 && request.recordsMax <= PAGE_RECORDS_MAX,
        "a page has too many records, or none", request.recordsMax, PAGE_RECORDS_MAX);
  }

  // ---- What happens to records ----

  void settled(const Record& record) override {
    lineages.erase(record.id);
    waiters.deliver(record);
  }

  void settledElsewhere(kj::StringPtr id) override {
    if (!waiters.has(id)) return;
    tasks.add(backend->carryOut(FindRequest{kj::str(id)})
                  .then([this, id = kj::str(id)](kj::Maybe<Record>&& record) {
                    KJ_IF_MAYBE(r, record) {
                      if (r->isSettled()) waiters.deliver(*r);
                    } else {
                      waiters.deliverGone(id);
                    }
                  }));
  }

  void workDue(kj::StringPtr target) override {
    for (auto& watch: dueWatches) {
      if (watch.watches(target)) watch.fulfiller->fulfill();
    }
  }

  // ---- Waiting for work ----

  kj::Promise<void> watchDue(kj::Array<kj::String> targets) {
    if (dueWatches.size() >= DUE_WATCHES_MAX) {
      return overloaded(kj::str(dueWatches.size(), " wait for work already"));
    }
    auto paf = kj::newPromiseAndFulfiller<void>();
    auto watch =
        dueWatches.insert(dueWatches.end(), DueWatch{kj::mv(targets), kj::mv(paf.fulfiller)});
    auto asked = kj::evalNow([&]() {
      return backend->findDue(copyOf(watch->targets));
    }).then([this, watch](kj::Maybe<kj::Date>&& due) {
        note(due, *watch);
      }).eagerlyEvaluate([this](kj::Exception&& e) { taskFailed(kj::mv(e)); });
    return paf.promise.attach(kj::mv(asked)).attach(kj::defer([this, watch]() {
      dueWatches.erase(watch);
    }));
  }

  // Tells `watch` of work that is due, or sees to it that somebody will.
  void note(kj::Maybe<kj::Date> due, DueWatch& watch) {
    KJ_IF_MAYBE(d, due) {
      if (*d > now()) {
        wakeBy(*d);
      } else {
        watch.fulfiller->fulfill();
      }
    }
  }

  // ---- Looking around: for what nobody tells ----

  void wakeBy(kj::Date time) {
    if (time >= wakeTime) return;
    wakeTime = time;
    if (wakeUp.get() != nullptr) wakeUp->fulfill();
  }

  kj::Promise<void> lookAround() {
    for (;;) {
      auto failuresBefore = failures;
      wakeTime = NEVER;
      co_await attempt(expireOverdue());
      co_await attempt(findWork());
      if (timer.now() >= pollTime) {
        co_await attempt(askForAwaited());
        pollTime = timer.now() + pollInterval;
      }
      if (failures == failuresBefore) failures = 0;
      co_await sleep();
    }
  }

  // A part of a look. If it fails, that is left to the next.
  kj::Promise<void> attempt(kj::Promise<void> part) {
    return part.catch_([this](kj::Exception&& exception) { taskFailed(kj::mv(exception)); });
  }

  // Sleeps until `wakeTime`, and no longer than until `pollTime`.
  kj::Promise<void> sleep() {
    enum class Woken { BY_TIME, EARLIER };
    for (;;) {
      auto paf = kj::newPromiseAndFulfiller<void>();
      wakeUp = kj::mv(paf.fulfiller);
      auto delay = kj::min(wakeTime - now(), pollTime - timer.now());
      auto woken = co_await timer.afterDelay(kj::max(delay, 0 * kj::SECONDS))
                       .then([]() { return Woken::BY_TIME; })
                       .exclusiveJoin(paf.promise.then([]() { return Woken::EARLIER; }));
      if (woken == Woken::BY_TIME) co_return;
    }
  }

  // Settles what has timed out, also so that a search sees it as such. If there is more than one
  // look can take, the next comes at once.
  kj::Promise<void> expireOverdue() {
    auto overdue = co_await backend->findOverdue(LOOK_IDS_MAX);
    KJ_IF_MAYBE(next, overdue.next) wakeBy(*next);
    if (overdue.ids.size() >= LOOK_IDS_MAX) wakeBy(now());
    co_await kj::joinPromises(KJ_MAP(
        id, overdue.ids) { return backend->carryOut(ExpireRequest{kj::mv(id)}).ignoreResult(); });
  }

  // Tells those who wait for work of work that is due.
  kj::Promise<void> findWork() {
    for (auto& targets: watchedTargets()) {
      auto due = co_await backend->findDue(copyOf(targets));
      for (auto& watch: dueWatches) {
        if (watch.targets.asPtr() == targets.asPtr()) note(due, watch);
      }
    }
  }

  // What is waited for, each row of targets once.
  std::vector<kj::Array<kj::String>> watchedTargets() {
    std::vector<kj::Array<kj::String>> watched;
    for (auto& watch: dueWatches) {
      auto isSame = [&](auto& targets) { return targets.asPtr() == watch.targets.asPtr(); };
      if (watch.fulfiller->isWaiting() && std::none_of(watched.begin(), watched.end(), isSame)) {
        watched.push_back(copyOf(watch.targets));
      }
    }
    return watched;
  }

  kj::Promise<void> askForAwaited() {
    auto ids = waiters.ids();
    for (size_t i = 0; i < ids.size(); i += LOOK_IDS_MAX) {
      auto some = ids.slice(i, kj::min(ids.size(), i + LOOK_IDS_MAX));
      auto settled = co_await backend->findSettled(KJ_MAP(id, some) { return kj::mv(id); });
      for (auto& id: settled) settledElsewhere(id);
    }
  }

  // Says so once, not at every look until all is well again.
  void taskFailed(kj::Exception&& exception) override {
    if (failures++ > 0) return;
    KJ_LOG(
        WARNING, "a store cannot see what has settled or is due, and will look again", exception);
  }
};

}  // namespace

kj::Own<Store> newBackedStore(kj::Own<Backend> backend, StoreOptions options) {
  return kj::heap<BackedStore>(kj::mv(backend), options);
}

}  // namespace troth
