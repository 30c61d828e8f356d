#include <kj/debug.h>

#include <list>

#include "backend.h"
#include "checks.h"
#include "micros.h"
#include "settled-waiters.h"

namespace troth {
namespace {

// Promises that a look finds overdue, or asks about, in one step.
constexpr uint32_t LOOK_IDS_MAX = 1000;

// Parents of which a store remembers what their children inherit.
constexpr size_t LINEAGES_MAX = 4096;

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
    for (auto& t: targets) {
      if (t == target) return true;
    }
    return false;
  }
};

// The record that a request has got: only those that look for one may get none.
struct Existing {
  Record operator()(kj::Maybe<Record>&& record) { return kj::mv(KJ_ASSERT_NONNULL(record)); }
};

class BackedStore final: public Store, private BackendListener, private kj::TaskSet::ErrorHandler {
public:
  BackedStore(kj::Own<Backend> backendParam, const StoreOptions& options)
      : backend(kj::mv(backendParam)),
        timer(KJ_REQUIRE_NONNULL(options.timer)),
        requestsMax(options.requestsMax),
        pollInterval(options.pollInterval),
        tasks(*this) {
    backend->setListener(*this);
    tasks.add(kj::evalLater([this]() { return lookAround(); }));
  }

  kj::Promise<Record> create(CreateRequest request) override {
    return kj::evalNow([&]() {
      auto creation = checked(kj::mv(request));
      KJ_IF_MAYBE(parent, creation.request.parent) {
        return createChild(kj::str(*parent), kj::mv(creation));
      }
      return createChecked(kj::mv(creation));
    });
  }

  kj::Promise<Record> settle(SettleRequest request) override {
    return kj::evalNow([&]() { return carryOut(checked(kj::mv(request))).then(Existing()); });
  }

  kj::Promise<kj::Maybe<Record>> find(kj::StringPtr id) override {
    return kj::evalNow([&]() {
      checkId(id);
      return carryOut(FindRequest{kj::str(id)});
    });
  }

  kj::Promise<Record> whenSettled(kj::StringPtr id) override {
    return kj::evalNow([&]() {
      checkId(id);
      auto settled = waiters.wait(id);
      return carryOut(AwaitRequest{kj::str(id)})
          .then(
              [settled = kj::mv(settled)](kj::Maybe<Record>&& now) mutable -> kj::Promise<Record> {
                auto record = Existing()(kj::mv(now));
                if (record.isSettled()) return record;
                return kj::mv(settled);
              });
    });
  }

  kj::Promise<Page> search(SearchRequest request) override {
    return kj::evalNow([&]() {
      checkSearch(request);
      return backend->search(kj::mv(request));
    });
  }

  kj::Promise<kj::Array<Record>> claim(ClaimRequest request) override {
    return kj::evalNow([&]() -> kj::Promise<kj::Array<Record>> {
      checkLease(request.lease);
      checkTargets(request.targets);
      KJ_REQUIRE(request.recordsMax <= CLAIM_RECORDS_MAX, "a claim is for too many promises",
          request.recordsMax, CLAIM_RECORDS_MAX);
      if (request.targets.size() == 0 || request.recordsMax == 0) return kj::Array<Record>();
      return backend->claim(kj::mv(request));
    });
  }

  kj::Promise<void> whenDue(kj::ArrayPtr<const kj::StringPtr> targets) override {
    return kj::evalNow([&]() {
      auto watched = KJ_MAP(target, targets) { return kj::str(target); };
      checkTargets(watched);
      return watchDue(kj::mv(watched));
    });
  }

  kj::Promise<Record> renew(RenewRequest request) override {
    return kj::evalNow([&]() {
      checkId(request.id);
      checkLease(request.lease);
      return carryOut(kj::mv(request)).then(Existing());
    });
  }

  kj::Promise<Record> release(ReleaseRequest request) override {
    return kj::evalNow([&]() {
      checkId(request.id);
      checkOwner(request.owner);
      checkDelay(request.delay);
      return carryOut(kj::mv(request)).then(Existing());
    });
  }

  kj::Promise<Pruned> prune(PruneRequest request) override {
    return kj::evalNow([&]() {
      KJ_REQUIRE(request.treesMax <= PRUNE_TREES_MAX, "too many trees are to be deleted at once",
          request.treesMax, PRUNE_TREES_MAX);
      request.settledBefore = wholeMicros(request.settledBefore);
      lineages.clear();
      return backend->prune(kj::mv(request));
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

  // Ends the sleep between two looks.
  kj::Own<kj::PromiseFulfiller<void>> wakeUp;

  // When it ends by itself.
  kj::Date wakeTime = kj::UNIX_EPOCH;
  kj::TaskSet tasks;

  // ---- Requests ----

  kj::Promise<kj::Maybe<Record>> carryOut(Request request) {
    if (requestsOpen >= requestsMax) {
      return overloaded(kj::str("the store has ", requestsOpen,
          " requests to answer (StoreOptions::requestsMax); repeat this one later"));
    }
    ++requestsOpen;
    return backend->carryOut(kj::mv(request)).attach(kj::defer([this]() { --requestsOpen; }));
  }

  kj::Promise<Record> createChecked(Creation&& creation) {
    KJ_IF_MAYBE(deadline, creation.request.deadline) {
      if (*deadline < wakeTime) wake();
    }
    return carryOut(kj::mv(creation)).then(Existing());
  }

  kj::Promise<Record> createChild(kj::String parent, Creation&& creation) {
    KJ_IF_MAYBE(lineage, lineages.find(parent)) {
      return createChecked(inherited(kj::mv(creation), parent, *lineage));
    }
    return carryOut(FindRequest{kj::str(parent)})
        .then([this, parent = kj::mv(parent), creation = kj::mv(creation)](
                  kj::Maybe<Record>&& found) mutable {
          auto& record = KJ_REQUIRE_NONNULL(
              found, "the promise that this one is to be a part of does not exist", parent);
          adopt(creation, record);
          remember(record);
          return createChecked(kj::mv(creation));
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

  void settled(const Record& record) override { waiters.deliver(record); }

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

  // ---- Looking around: for what nobody tells ----

  kj::Promise<void> watchDue(kj::Array<kj::String> targets) {
    auto paf = kj::newPromiseAndFulfiller<void>();
    auto watch =
        dueWatches.insert(dueWatches.end(), DueWatch{kj::mv(targets), kj::mv(paf.fulfiller)});
    wake();
    return paf.promise.attach(kj::defer([this, watch]() { dueWatches.erase(watch); }));
  }

  void wake() {
    if (wakeUp.get() != nullptr) wakeUp->fulfill();
  }

  kj::Promise<void> lookAround() {
    for (;;) {
      wakeTime = now();
      auto paf = kj::newPromiseAndFulfiller<void>();
      wakeUp = kj::mv(paf.fulfiller);
      auto next = now() + pollInterval;
      try {
        next = kj::min(next, co_await expireOverdue());
        next = kj::min(next, co_await findWork());
        co_await askForAwaited();
      } catch (...) {
        KJ_LOG(WARNING, "a store cannot look around, and will try again",
            kj::getCaughtExceptionAsKj());
      }
      wakeTime = next;
      auto delay = kj::max(next - now(), 0 * kj::SECONDS);
      co_await timer.afterDelay(delay).exclusiveJoin(kj::mv(paf.promise));
    }
  }

  // Settles what has timed out. Gives the time of the next deadline.
  kj::Promise<kj::Date> expireOverdue() {
    for (;;) {
      auto overdue = co_await backend->findOverdue(LOOK_IDS_MAX);
      auto expiring = KJ_MAP(id, overdue.ids) {
        return backend->carryOut(ExpireRequest{kj::mv(id)}).ignoreResult();
      };
      bool all = expiring.size() < LOOK_IDS_MAX;
      co_await kj::joinPromises(kj::mv(expiring));
      if (!all) continue;
      KJ_IF_MAYBE(next, overdue.next) co_return *next;
      co_return now() + pollInterval;
    }
  }

  // Tells those who wait for work of work that is due. Gives the time at which the next will be.
  kj::Promise<kj::Date> findWork() {
    auto next = now() + pollInterval;
    kj::Vector<kj::Array<kj::String>> watched;
    for (auto& watch: dueWatches) {
      watched.add(KJ_MAP(target, watch.targets) { return kj::str(target); });
    }
    for (auto& targets: watched) {
      auto due = co_await backend->findDue(KJ_MAP(target, targets) { return kj::str(target); });
      KJ_IF_MAYBE(d, due) {
        if (*d > now()) {
          next = kj::min(next, *d);
        } else {
          for (auto& target: targets) workDue(target);
        }
      }
    }
    co_return next;
  }

  kj::Promise<void> askForAwaited() {
    auto ids = waiters.ids();
    for (size_t i = 0; i < ids.size(); i += LOOK_IDS_MAX) {
      auto some = ids.slice(i, kj::min(ids.size(), i + LOOK_IDS_MAX));
      auto settled = co_await backend->findSettled(KJ_MAP(id, some) { return kj::mv(id); });
      for (auto& id: settled) settledElsewhere(id);
    }
  }

  void taskFailed(kj::Exception&& exception) override {
    KJ_LOG(WARNING, "a store cannot tell what has settled, and will look again", exception);
  }
};

}  // namespace

kj::Own<Store> newBackedStore(kj::Own<Backend> backend, StoreOptions options) {
  return kj::heap<BackedStore>(kj::mv(backend), options);
}

}  // namespace troth
