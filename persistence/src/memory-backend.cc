#include "memory-backend.h"

#include <kj/debug.h>
#include <kj/vector.h>

#include <algorithm>

#include "micros.h"

namespace troth {
namespace {

std::string keyOf(kj::StringPtr id) { return std::string(id.begin(), id.size()); }

bool contains(kj::ArrayPtr<const kj::String> names, kj::StringPtr name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

kj::Exception noSql() {
  return KJ_EXCEPTION(FAILED, "the memory store has no SQL; use SQLite or PostgreSQL");
}

bool isPartOf(const Record& record, kj::StringPtr root) {
  KJ_IF_MAYBE(r, record.root) return *r == root;
  return record.id == root;
}

bool isChildOf(const Record& record, kj::StringPtr parent) {
  KJ_IF_MAYBE(p, record.parent) return *p == parent;
  return false;
}

bool matches(const Record& record, const SearchRequest& request) {
  auto& states = request.states;
  if (states.size() > 0 && std::find(states.begin(), states.end(), record.state) == states.end()) {
    return false;
  }
  KJ_IF_MAYBE(parent, request.parent)
    if (!isChildOf(record, *parent)) return false;
  KJ_IF_MAYBE(root, request.root)
    if (!isPartOf(record, *root)) return false;
  KJ_IF_MAYBE(tag, request.tag)
    if (!contains(record.tags, *tag)) return false;
  KJ_IF_MAYBE(since, request.since)
    if (record.created < *since) return false;
  KJ_IF_MAYBE(before, request.before)
    if (record.created >= *before) return false;
  return true;
}

class MemoryBackend final: public Backend {
public:
  MemoryBackend(kj::Own<MemoryRecords> sharedParam, const kj::Clock& clock)
      : shared(kj::mv(sharedParam)), records(shared->records), clock(clock) {}
  ~MemoryBackend() noexcept(false) {
    KJ_IF_MAYBE(l, listener) std::erase(shared->listeners, l);
  }
  KJ_DISALLOW_COPY_AND_MOVE(MemoryBackend);

  void setListener(BackendListener& l) override {
    listener = l;
    shared->listeners.push_back(&l);
  }

  kj::Promise<kj::Maybe<Record>> carryOut(Request request) override {
    return kj::evalNow([&]() { return apply(request, now()); });
  }

  kj::Promise<Page> search(SearchRequest request) override {
    projectAll(now());
    return find(request);
  }

  Page find(const SearchRequest& request) {
    auto found = select([&](const Record& record) { return matches(record, request); });
    std::sort(found.begin(), found.end(), isEarlier);
    auto first = found.begin();
    KJ_IF_MAYBE(after, request.after) {
      auto cursor = Cursor::parse(*after);
      first = std::find_if(first, found.end(), [&](const Record* record) {
        return std::tie(record->created, record->id) > std::tie(cursor.created, cursor.id);
      });
    }
    auto last = first + kj::min<size_t>(found.end() - first, request.recordsMax);
    Page page;
    page.records = KJ_MAP(record, kj::arrayPtr(first, last)) { return record->clone(); };
    if (last != found.end() && first != last) page.next = Cursor::after(*last[-1]).toText();
    return page;
  }

  kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) override {
    return kj::evalNow([&]() {
      auto time = now();
      projectAll(time);
      auto found = select([&](const Record& record) {
        return isDue(record, time) && contains(request.targets, record.call.target);
      });
      std::sort(found.begin(), found.end(), [](const Record* a, const Record* b) {
        return std::tie(KJ_ASSERT_NONNULL(a->due), a->id) <
            std::tie(KJ_ASSERT_NONNULL(b->due), b->id);
      });
      kj::Vector<Claimed> claimed;
      size_t childrenBytes = 0;
      for (auto record: found) {
        if (claimed.size() == request.recordsMax) break;
        auto& lease = request.lease;
        TakeRequest take{kj::str(record->id), {kj::str(lease.owner), lease.duration}};
        auto taken = KJ_ASSERT_NONNULL(apply(Request(kj::mv(take)), time));
        auto children = childrenOf(taken.id, request.childrenMax, childrenBytes);
        claimed.add(Claimed{kj::mv(taken), kj::mv(children)});
      }
      return claimed.releaseAsArray();
    });
  }

  kj::Promise<Pruned> prune(PruneRequest request) override {
    projectAll(now());
    ++traffic.transactions;
    Pruned pruned;
    for (auto root: select([&](const Record& r) { return isPrunable(r, request.settledBefore); })) {
      if (pruned.trees == request.treesMax) break;
      auto tree = select([&](const Record& record) { return isPartOf(record, root->id); });
      if (std::any_of(tree.begin(), tree.end(), [](auto* r) { return !r->isSettled(); })) continue;
      ++pruned.trees;
      pruned.records += tree.size();
      for (auto record: tree) records.erase(keyOf(record->id));
    }
    return pruned;
  }

  kj::Promise<Record> transact(Transaction, SqlUse) override { return noSql(); }
  kj::Promise<void> execute(kj::String) override { return noSql(); }

  kj::Promise<Overdue> findOverdue(uint32_t idsMax) override {
    Overdue overdue;
    auto pending = select([](auto& r) { return !r.isSettled() && r.deadline != nullptr; });
    std::sort(pending.begin(), pending.end(), [](const Record* a, const Record* b) {
      return KJ_ASSERT_NONNULL(a->deadline) < KJ_ASSERT_NONNULL(b->deadline);
    });
    kj::Vector<kj::String> ids;
    for (auto record: pending) {
      if (KJ_ASSERT_NONNULL(record->deadline) > now()) {
        overdue.next = record->deadline;
        break;
      }
      if (ids.size() < idsMax) ids.add(kj::str(record->id));
    }
    overdue.ids = ids.releaseAsArray();
    return overdue;
  }

  kj::Promise<kj::Maybe<kj::Date>> findDue(kj::Array<kj::String> targets) override {
    kj::Maybe<kj::Date> first;
    for (auto& [id, record]: records) {
      if (!contains(targets, record.call.target)) continue;
      KJ_IF_MAYBE(due, record.due) {
        KJ_IF_MAYBE(f, first)
          if (*f <= *due) continue;
        first = *due;
      }
    }
    return first;
  }

  kj::Promise<kj::Array<kj::String>> findSettled(kj::Array<kj::String> ids) override {
    kj::Vector<kj::String> settled;
    for (auto& id: ids) {
      auto found = records.find(keyOf(id));
      if (found == records.end() || found->second.isSettled()) settled.add(kj::mv(id));
    }
    return settled.releaseAsArray();
  }

  kj::Date now() override { return wholeMicros(clock.now()); }
  StoreTraffic getTraffic() const override { return traffic; }

private:
  kj::Own<MemoryRecords> shared;
  std::map<std::string, Record>& records;
  const kj::Clock& clock;
  kj::Maybe<BackendListener&> listener;
  StoreTraffic traffic;

  // `bytes` grows by what the messages of the children have.
  Page childrenOf(kj::StringPtr parent, uint32_t childrenMax, size_t& bytes) {
    if (childrenMax == 0) return {};
    auto page = find({.parent = kj::str(parent), .recordsMax = childrenMax});
    kj::Vector<Record> children;
    auto last = Cursor::beforeAll();
    for (auto& child: page.records) {
      if (bytes > CLAIM_CHILDREN_BYTES_MAX) {
        page.next = last.toText();
        break;
      }
      bytes += child.call.params.size() + child.value.size();
      last = Cursor::after(child);
      children.add(kj::mv(child));
    }
    page.records = children.releaseAsArray();
    return page;
  }

  kj::Maybe<Record> apply(const Request& request, kj::Date time) {
    ++traffic.requests;
    ++traffic.transactions;
    auto key = keyOf(idOf(request));
    kj::Maybe<Record> record;
    auto found = records.find(key);
    if (found != records.end()) record = found->second.clone();
    auto verdict = transition(record, request, time);
    if (verdict.write != Verdict::Write::NONE) {
      auto& written = KJ_ASSERT_NONNULL(record);
      records.insert_or_assign(key, written.clone());
      tell(written);
      KJ_IF_MAYBE(parent, findParked(written)) apply(WakeRequest{kj::str(*parent)}, time);
    }
    KJ_IF_MAYBE(parking, request.tryGet<ParkRequest>()) {
      if (verdict.refusal == nullptr && !areOpen(parking->parts)) {
        return apply(WakeRequest{kj::str(parking->id)}, time);
      }
    }
    KJ_IF_MAYBE(refusal, verdict.refusal) kj::throwFatalException(kj::mv(*refusal));
    return record;
  }

  bool areOpen(kj::ArrayPtr<const kj::String> parts) const {
    return std::all_of(parts.begin(), parts.end(), [this](auto& part) {
      auto found = records.find(keyOf(part));
      return found != records.end() && !found->second.isSettled();
    });
  }

  // Here, and to the other stores that keep the same records.
  void tell(const Record& record) {
    for (auto told: shared->listeners) {
      if (!record.isSettled()) {
        if (record.lease == nullptr && record.due != nullptr) told->workDue(record.call.target);
      } else if (isMine(told)) {
        told->settled(record);
      } else if (record.awaited) {
        told->settledElsewhere(record.id);
      }
    }
  }

  bool isMine(BackendListener* told) const {
    KJ_IF_MAYBE(l, listener) return l == told;
    return false;
  }

  // A search finds a record by what a reader sees.
  void projectAll(kj::Date time) {
    for (auto& [id, record]: records) {
      if (project(record, time) == Projected::SAME) continue;
      tell(record);
      KJ_IF_MAYBE(parent, findParked(record)) apply(WakeRequest{kj::str(*parent)}, time);
    }
  }

  template <typename Test>
  kj::Vector<const Record*> select(Test&& test) {
    kj::Vector<const Record*> selected;
    for (auto& [id, record]: records) {
      if (test(record)) selected.add(&record);
    }
    return selected;
  }

  static bool isEarlier(const Record* a, const Record* b) {
    return std::tie(a->created, a->id) < std::tie(b->created, b->id);
  }

  static bool isPrunable(const Record& record, kj::Date before) {
    KJ_IF_MAYBE(settled, record.settled) return record.root == nullptr && *settled < before;
    return false;
  }
};

}  // namespace

kj::Own<Backend> newMemoryBackend(kj::Own<MemoryRecords> shared, const kj::Clock& clock) {
  return kj::heap<MemoryBackend>(kj::mv(shared), clock);
}

}  // namespace troth
