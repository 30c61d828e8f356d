// Promises that are parts of others, searches, and what is deleted.

#include "store-contract.h"

namespace troth {
namespace {

// ---- Trees ----

TEST_P(StoreContract, AChildKnowsItsParentAndItsRoot) {
  create(outside("a"));
  create(child("a.1", "a"));
  auto grandchild = create(child("a.1.1", "a.1"));
  EXPECT_EQ(KJ_ASSERT_NONNULL(grandchild.parent), "a.1");
  EXPECT_EQ(KJ_ASSERT_NONNULL(grandchild.root), "a");
  auto found = get(*open(), "a.1");
  EXPECT_EQ(KJ_ASSERT_NONNULL(found.parent), "a");
  EXPECT_EQ(KJ_ASSERT_NONNULL(found.root), "a");
}

TEST_P(StoreContract, AChildOfNobodyIsRefused) {
  expectRefused(store->create(child("a.1", "a")), "does not exist");
  EXPECT_FALSE(exists("a.1"));
  expectRefused(store->create(child("a", "a")), "a part of itself");
}

TEST_P(StoreContract, AChildMayBeMadeByAnotherStoreAndRepeated) {
  create(outside("a"));
  auto other = open();
  auto made = show(wait(other->create(child("a.1", "a"))));
  EXPECT_EQ(show(create(child("a.1", "a"))), made);
  expectRefused(store->create(outside("a.1")), "part of \"a\"");
}

TEST_P(StoreContract, AChildIsDoneNoLaterThanItsParent) {
  auto deadline = clock.now() + 10 * kj::SECONDS;
  create(withDeadline(outside("a"), deadline));
  auto deadlineOf = [&](CreateRequest request) {
    return KJ_ASSERT_NONNULL(create(kj::mv(request)).deadline);
  };
  EXPECT_TRUE(deadlineOf(child("none", "a")) == deadline);
  EXPECT_TRUE(deadlineOf(withDeadline(child("late", "a"), deadline + MICROSECOND)) == deadline);
  auto earlier = deadline - MICROSECOND;
  EXPECT_TRUE(deadlineOf(withDeadline(child("early", "a"), earlier)) == earlier);
  EXPECT_TRUE(deadlineOf(withDeadline(child("early.1", "early"), deadline)) == earlier);
  clock.advance(10 * kj::SECONDS);
  EXPECT_EQ(get("early.1").state, PromiseState::TIMEDOUT);
  EXPECT_EQ(create(child("born late", "a")).state, PromiseState::TIMEDOUT);
}

TEST_P(StoreContract, AParentAndItsChildrenMayBeMadeAtOnce) {
  auto parent = store->create(outside("a"));
  kj::Vector<kj::Promise<Record>> children;
  for (int i = 0; i < 20; ++i) children.add(store->create(child(kj::str("a.", i), "a")));
  wait(kj::mv(parent));
  for (auto& promise: children) EXPECT_EQ(KJ_ASSERT_NONNULL(wait(kj::mv(promise)).root), "a");
}

// ---- Searching ----

class Query {
public:
  explicit Query(SearchRequest request = {}): request(kj::mv(request)) {}
  Query& parent(kj::StringPtr id) { return request.parent = kj::str(id), *this; }
  Query& root(kj::StringPtr id) { return request.root = kj::str(id), *this; }
  Query& tag(kj::StringPtr tag) { return request.tag = kj::str(tag), *this; }
  Query& since(kj::Date time) { return request.since = time, *this; }
  Query& before(kj::Date time) { return request.before = time, *this; }
  Query& max(uint32_t records) { return request.recordsMax = records, *this; }
  Query& after(kj::StringPtr page) { return request.after = kj::str(page), *this; }
  Query& states(std::initializer_list<PromiseState> states) {
    return request.states = kj::heapArray<PromiseState>(states), *this;
  }
  operator SearchRequest() { return kj::mv(request); }

private:
  SearchRequest request;
};

// Records of each kind, a second apart.
class Library {
public:
  Library(Store& store, ManualClock& clock, kj::WaitScope& waitScope): start(clock.now()) {
    auto add = [&](CreateRequest request, kj::StringPtr tag) {
      request.tags = kj::arr(kj::str(tag), kj::str("all"));
      store.create(kj::mv(request)).wait(waitScope);
      clock.advance(1 * kj::SECONDS);
    };
    add(outside("a"), "red");
    add(child("a.1", "a"), "blue");
    add(child("a.1.1", "a.1"), "red");
    add(outside("b"), "blue");
    add(withDeadline(child("a.2", "a"), start + 5 * kj::SECONDS), "red");
    store.settle(fulfill("a.1")).wait(waitScope);
    store.settle(reject("a.1.1")).wait(waitScope);
    store.settle(cancel("b")).wait(waitScope);
  }

  kj::Date start;
};

TEST_P(StoreContract, ASearchFindsWhatItIsFor) {
  Library library(*store, clock, loop.waitScope());
  auto search = [&](SearchRequest request) {
    return idsOf(wait(store->search(kj::mv(request))).records);
  };
  EXPECT_EQ(search(Query()), "a,a.1,a.1.1,b,a.2");
  EXPECT_EQ(search(Query().parent("a")), "a.1,a.2");
  EXPECT_EQ(search(Query().parent("a.2")), "");
  EXPECT_EQ(search(Query().root("a")), "a,a.1,a.1.1,a.2");
  EXPECT_EQ(search(Query().root("a.1")), "");
  EXPECT_EQ(search(Query().root("b")), "b");
  EXPECT_EQ(search(Query().root("missing")), "");
  EXPECT_EQ(search(Query().tag("red")), "a,a.1.1,a.2");
  EXPECT_EQ(search(Query().tag("re")), "");
  auto second = library.start + 1 * kj::SECONDS, fourth = library.start + 3 * kj::SECONDS;
  EXPECT_EQ(search(Query().since(second)), "a.1,a.1.1,b,a.2");
  EXPECT_EQ(search(Query().before(fourth)), "a,a.1,a.1.1");
  EXPECT_EQ(search(Query().since(second).before(fourth)), "a.1,a.1.1");
  EXPECT_EQ(search(Query().tag("red").since(second)), "a.1.1,a.2");
  EXPECT_EQ(search(Query().parent("a").before(second)), "");
}

TEST_P(StoreContract, ASearchSeesStatesAsTheyAreNow) {
  Library library(*store, clock, loop.waitScope());
  auto search = [&](SearchRequest request) {
    return idsOf(wait(store->search(kj::mv(request))).records);
  };
  using S = PromiseState;
  EXPECT_EQ(search(Query().states({S::PENDING})), "a");
  EXPECT_EQ(search(Query().states({S::FULFILLED})), "a.1");
  EXPECT_EQ(search(Query().states({S::REJECTED})), "a.1.1");
  EXPECT_EQ(search(Query().states({S::CANCELED})), "b");
  EXPECT_EQ(search(Query().states({S::TIMEDOUT})), "a.2");
  EXPECT_EQ(search(Query().states({S::TIMEDOUT, S::PENDING})), "a,a.2");
  EXPECT_EQ(search(Query().states({S::PENDING}).tag("red")), "a");
  EXPECT_EQ(search(Query().states({S::TIMEDOUT}).parent("a")), "a.2");
  EXPECT_EQ(search(Query().states({S::FULFILLED, S::REJECTED}).root("a")), "a.1,a.1.1");
}

TEST_P(StoreContract, AFoundRecordIsWhole) {
  auto request = leased("a", "me");
  request.tags = kj::arr(kj::str("tag"));
  request.deadline = clock.now() + 1 * kj::HOURS;
  create(kj::mv(request));
  create(child("a.1", "a"));
  settle(reject("a.1"));
  for (auto& record: wait(store->search(Query().root("a"))).records) {
    EXPECT_EQ(show(record), show(get(record.id)));
  }
}

TEST_P(StoreContract, TimesBetweenMicrosecondsAreComparedExactly) {
  create(outside("a"));
  auto between = clock.now() + 500 * kj::NANOSECONDS;
  EXPECT_EQ(idsOf(wait(store->search(Query().since(between))).records), "");
  EXPECT_EQ(idsOf(wait(store->search(Query().before(between))).records), "a");
}

// All that a search finds, in pages of `size`.
std::string searchInPages(Store& store, kj::WaitScope& waitScope, uint32_t size,
    std::function<SearchRequest()> query, kj::Function<void()> betweenPages) {
  kj::Vector<kj::String> ids;
  kj::Maybe<kj::String> next;
  do {
    auto request = query();
    request.recordsMax = size;
    request.after = kj::mv(next);
    auto page = store.search(kj::mv(request)).wait(waitScope);
    EXPECT_LE(page.records.size(), size);
    for (auto& record: page.records) ids.add(kj::str(record.id));
    next = kj::mv(page.next);
    if (next != nullptr) EXPECT_EQ(page.records.size(), size);
    betweenPages();
  } while (next != nullptr);
  return kj::strArray(ids, ",").cStr();
}

TEST_P(StoreContract, PagesAreInTheOrderOfCreationAndThenOfIds) {
  auto add = [&](kj::StringPtr id) {
    auto request = outside(id);
    request.tags = kj::arr(kj::str("tag"));
    create(kj::mv(request));
  };
  create(outside("root"));
  clock.advance(MICROSECOND);
  for (auto id: {"z", "é", "B", "a", "b", "aa", "_", "A"}) add(id);
  clock.advance(MICROSECOND);
  for (auto id: {"y", "0"}) add(id);
  for (uint32_t size: {1, 2, 3, 5, 100}) {
    EXPECT_EQ(searchInPages(
                  *store, loop.waitScope(), size,
                  []() -> SearchRequest { return Query().tag("tag"); }, []() {}),
        "A,B,_,a,aa,b,z,é,0,y");
  }
  EXPECT_EQ(searchInPages(
                *store, loop.waitScope(), 4, []() -> SearchRequest { return Query(); }, []() {}),
      "root,A,B,_,a,aa,b,z,é,0,y");
}

TEST_P(StoreContract, ChildrenAreFoundInPagesAndSoAreTrees) {
  create(outside("a"));
  for (auto id: {"a.3", "a.1", "a.2"}) create(child(id, "a"));
  create(child("a.1.1", "a.1"));
  auto pages = [&](std::function<SearchRequest()> query) {
    return searchInPages(*store, loop.waitScope(), 1, query, []() {});
  };
  EXPECT_EQ(pages([]() -> SearchRequest { return Query().parent("a"); }), "a.1,a.2,a.3");
  EXPECT_EQ(pages([]() -> SearchRequest { return Query().root("a"); }), "a,a.1,a.1.1,a.2,a.3");
  auto pending = []() -> SearchRequest { return Query().states({PromiseState::PENDING}); };
  EXPECT_EQ(pages(pending), "a,a.1,a.1.1,a.2,a.3");
}

TEST_P(StoreContract, WhatIsMadeBetweenPagesComesLater) {
  for (auto id: {"b", "d"}) create(outside(id));
  int number = 0;
  EXPECT_EQ(searchInPages(
                *store, loop.waitScope(), 1, []() -> SearchRequest { return Query(); },
                [&]() {
                  clock.advance(MICROSECOND);
                  if (number < 3) create(outside(kj::str(number++)));
                }),
      "b,d,0,1,2");
}

TEST_P(StoreContract, AnEmptyStoreHasOneEmptyPage) {
  auto page = wait(store->search(Query()));
  EXPECT_EQ(page.records.size(), 0);
  EXPECT_TRUE(page.next == nullptr);
}

TEST_P(StoreContract, ASearchThatMakesNoSenseIsRefused) {
  expectRefused(store->search(Query().parent("a").root("a")), "one of a parent, a root or a tag");
  expectRefused(store->search(Query().max(0)), "too many records, or none");
  expectRefused(store->search(Query().max(Store::PAGE_RECORDS_MAX + 1)), "too many records");
  for (auto text: {"", "x", ":a", "1", "1:", "1:\n", "99999999999999999999:a",
           "9223372036854775807:a", "-9223372036854775808:a", "'; DROP TABLE promises; --"}) {
    EXPECT_EQ(failureOf(store->search(Query().after(text))).getType(), kj::Exception::Type::FAILED);
  }
}

// ---- Deleting ----

Pruned prune(Store& store, kj::WaitScope& waitScope, kj::Date before, uint32_t treesMax = 1000) {
  return store.prune({before, treesMax}).wait(waitScope);
}

TEST_P(StoreContract, OldTreesAreDeleted) {
  create(outside("a"));
  create(child("a.1", "a"));
  create(child("a.1.1", "a.1"));
  create(outside("b"));
  for (auto id: {"a", "a.1", "a.1.1"}) settle(fulfill(id));
  auto pruned = prune(*store, loop.waitScope(), clock.now() + MICROSECOND);
  EXPECT_EQ(pruned.trees, 1);
  EXPECT_EQ(pruned.records, 3);
  for (auto id: {"a", "a.1", "a.1.1"}) EXPECT_FALSE(exists(id));
  EXPECT_TRUE(exists("b"));
  EXPECT_EQ(prune(*store, loop.waitScope(), clock.now() + MICROSECOND).trees, 0);
}

TEST_P(StoreContract, ATreeIsAsOldAsTheSettlementOfItsRoot) {
  create(outside("a"));
  create(outside("b"));
  settle(fulfill("a"));
  clock.advance(1 * kj::SECONDS);
  settle(fulfill("b"));
  EXPECT_EQ(prune(*store, loop.waitScope(), clock.now() - 1 * kj::SECONDS).trees, 0);
  EXPECT_EQ(prune(*store, loop.waitScope(), clock.now()).trees, 1);
  EXPECT_FALSE(exists("a"));
  EXPECT_TRUE(exists("b"));
}

TEST_P(StoreContract, APendingMemberKeepsItsTree) {
  create(outside("a"));
  create(child("a.1", "a"));
  create(child("a.1.1", "a.1"));
  settle(fulfill("a"));
  settle(fulfill("a.1"));
  auto later = clock.now() + 1 * kj::HOURS;
  EXPECT_EQ(prune(*store, loop.waitScope(), later).trees, 0);
  settle(fulfill("a.1.1"));
  EXPECT_EQ(prune(*store, loop.waitScope(), later).records, 3);
}

TEST_P(StoreContract, APendingRootKeepsItsTree) {
  create(outside("a"));
  create(child("a.1", "a"));
  settle(fulfill("a.1"));
  EXPECT_EQ(prune(*store, loop.waitScope(), clock.now() + 1 * kj::HOURS).trees, 0);
  EXPECT_TRUE(exists("a.1"));
}

TEST_P(StoreContract, WhatHasTimedOutIsDeletedLikeTheRest) {
  create(withDeadline(outside("a"), clock.now() + 1 * kj::SECONDS));
  create(child("a.1", "a"));
  clock.advance(2 * kj::SECONDS);
  EXPECT_EQ(prune(*store, loop.waitScope(), clock.now()).records, 2);
  EXPECT_FALSE(exists("a"));
}

TEST_P(StoreContract, NoMoreTreesAreDeletedThanAskedFor) {
  for (int i = 0; i < 7; ++i) {
    create(outside(kj::str(i)));
    create(child(kj::str(i, ".1"), kj::str(i)));
    settle(fulfill(kj::str(i)));
    settle(fulfill(kj::str(i, ".1")));
  }
  create(outside("kept"));
  create(child("kept.1", "kept"));
  settle(fulfill("kept"));
  auto later = clock.now() + 1 * kj::SECONDS;
  EXPECT_EQ(prune(*store, loop.waitScope(), later, 0).trees, 0);
  auto some = prune(*store, loop.waitScope(), later, 3);
  EXPECT_EQ(some.trees, 3);
  EXPECT_EQ(some.records, 6);
  EXPECT_EQ(prune(*store, loop.waitScope(), later, 3).trees, 3);
  EXPECT_EQ(prune(*store, loop.waitScope(), later, 3).trees, 1);
  EXPECT_TRUE(exists("kept.1"));
  expectRefused(store->prune({later, Store::PRUNE_TREES_MAX + 1}), "too many trees");
}

TEST_P(StoreContract, WhatWasDeletedCanBeMadeAnew) {
  auto request = withDeadline(work("a"), clock.now() + 1 * kj::HOURS);
  request.tags = kj::arr(kj::str("old"));
  create(kj::mv(request));
  create(child("a.1", "a"));
  settle(fulfill("a"));
  settle(fulfill("a.1"));
  prune(*store, loop.waitScope(), clock.now() + MICROSECOND);
  clock.advance(1 * kj::SECONDS);
  expectRefused(store->create(child("a.1", "a")), "does not exist");
  auto anew = create(outside("a"));
  EXPECT_EQ(anew.state, PromiseState::PENDING);
  EXPECT_TRUE(anew.created == clock.now());
  EXPECT_EQ(idsOf(wait(store->search(Query().tag("old"))).records), "");
  EXPECT_EQ(idsOf(wait(store->search(Query().root("a"))).records), "a");
  EXPECT_TRUE(create(child("a.1", "a")).deadline == nullptr);
}

}  // namespace
}  // namespace troth
