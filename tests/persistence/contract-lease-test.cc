// Leases: who works on what, and what happens when the worker dies.

#include "store-contract.h"

namespace troth {
namespace {

const auto LEASE = LeaseRequest{}.duration;

TEST_P(StoreContract, AClaimLeasesWorkThatIsDue) {
  create(work("a"));
  clock.advance(1 * kj::SECONDS);
  auto claimed = claim(*store, "me", "bank");
  ASSERT_EQ(idsOf(claimed), "a");
  auto& lease = KJ_ASSERT_NONNULL(claimed[0].lease);
  EXPECT_EQ(lease.owner, "me");
  EXPECT_TRUE(lease.expires == clock.now() + LEASE);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(claimed[0].due) == clock.now() + LEASE);
  EXPECT_EQ(claimed[0].epoch, 1);
  EXPECT_EQ(claimed[0].call.params, bytesOf("params"));
  EXPECT_EQ(show(get("a")), show(claimed[0]));
  EXPECT_EQ(idsOf(claim(*store, "other", "bank")), "");
}

TEST_P(StoreContract, AClaimIsForItsTargetsAlone) {
  create(work("a", "bank"));
  create(work("b", "bank account"));
  create(work("c", "ban"));
  create(outside("d"));
  EXPECT_EQ(idsOf(claim(*store, "me", "bank")), "a");
  EXPECT_EQ(idsOf(claim(*store, "me", "nobody")), "");
  EXPECT_EQ(idsOf(claim(*store, "me", "")), "");

  ClaimRequest none{.lease = {kj::str("me")}};
  EXPECT_EQ(wait(store->claim(kj::mv(none))).size(), 0);
  ClaimRequest rest{.lease = {kj::str("me")}};
  rest.targets = kj::arr(kj::str("ban"), kj::str("bank account"), kj::str("ban"));
  EXPECT_EQ(wait(store->claim(kj::mv(rest))).size(), 2);
}

TEST_P(StoreContract, AClaimTakesTheLongestWaitingFirstAndNoMoreThanAskedFor) {
  for (auto id: {"d", "a", "c", "b"}) {
    create(work(id));
    clock.advance(1 * kj::SECONDS);
  }
  EXPECT_EQ(claim(*store, "me", "bank", 0).size(), 0);
  EXPECT_EQ(idsOf(claim(*store, "me", "bank", 1)), "d");
  auto two = claim(*store, "me", "bank", 2);
  ASSERT_EQ(two.size(), 2);
  EXPECT_TRUE((idsOf(two) == "a,c") || idsOf(two) == "c,a") << idsOf(two);
  EXPECT_EQ(idsOf(claim(*store, "me", "bank", 2)), "b");
}

TEST_P(StoreContract, ASettledPromiseIsNotClaimed) {
  create(work("a"));
  settle(cancel("a"));
  EXPECT_EQ(idsOf(claim(*store, "me", "bank")), "");
}

TEST_P(StoreContract, WorkWhoseDeadlineHasPassedDoesNotDisturbAClaim) {
  create(withDeadline(work("late"), clock.now() + 1 * kj::SECONDS));
  create(work("good"));
  clock.advance(1 * kj::SECONDS);
  EXPECT_EQ(idsOf(claim(*store, "me", "bank")), "good");
  EXPECT_EQ(get("late").state, PromiseState::TIMEDOUT);
}

TEST_P(StoreContract, TwoStoresNeverHoldOneLease) {
  auto other = open();
  kj::Vector<kj::Promise<Record>> creating;
  for (int i = 0; i < 60; ++i) creating.add(store->create(work(kj::str(i))));
  for (auto& promise: creating) wait(kj::mv(promise));
  kj::Vector<kj::Promise<kj::Array<Record>>> claiming;
  for (int i = 0; i < 10; ++i) {
    ClaimRequest request{.lease = {kj::str("worker ", i)}};
    request.targets = kj::arr(kj::str("bank"));
    request.recordsMax = 10;
    claiming.add((i % 2 ? *store : *other).claim(kj::mv(request)).then(recordsOf));
  }
  std::set<std::string> claimed;
  int number = 0;
  for (auto& promise: claiming) {
    for (auto& record: wait(kj::mv(promise))) {
      EXPECT_TRUE(claimed.insert(record.id.cStr()).second) << record.id.cStr();
      EXPECT_EQ(record.epoch, 1);
      EXPECT_EQ(KJ_ASSERT_NONNULL(record.lease).owner, kj::str("worker ", number));
    }
    ++number;
  }
  while (claim(*store, "last", "bank").size() > 0) {}
  for (int i = 0; i < 60; ++i) EXPECT_EQ(get(kj::str(i)).epoch, 1);
}

// ---- The children that come with a claim ----

kj::Array<Claimed> claimWithChildren(Store& store, uint32_t childrenMax, kj::WaitScope& scope) {
  ClaimRequest request{.lease = {kj::str("me")}};
  request.targets = kj::arr(kj::str("bank"));
  request.childrenMax = childrenMax;
  return store.claim(kj::mv(request)).wait(scope);
}

TEST_P(StoreContract, AClaimBringsTheDirectChildrenInTheirOrder) {
  for (auto id: {"a", "b", "c"}) create(work(id));
  for (auto id: {"a.2", "a.1", "c.1"}) {
    clock.advance(1 * kj::SECONDS);
    create(child(id, kj::StringPtr(id).slice(0, 1) == "a"_kj.asArray() ? "a" : "c"));
  }
  create(child("a.1.1", "a.1"));
  settle(fulfill("a.1"));
  auto claimed = claimWithChildren(*store, 2, loop.waitScope());
  ASSERT_EQ(claimed.size(), 3);
  for (auto& [record, children]: claimed) {
    auto expected = record.id == "a" ? "a.2,a.1" : record.id == "b" ? "" : "c.1";
    EXPECT_EQ(idsOf(children.records), expected);
    EXPECT_TRUE(children.next == nullptr);
    for (auto& one: children.records) EXPECT_EQ(show(one), show(get(one.id)));
  }
}

TEST_P(StoreContract, AClaimBringsNoChildrenUnlessTheyAreAskedFor) {
  create(work("a"));
  create(child("a.1", "a"));
  auto claimed = claimWithChildren(*store, 0, loop.waitScope());
  EXPECT_EQ(claimed[0].children.records.size(), 0);
  EXPECT_TRUE(claimed[0].children.next == nullptr);
  ClaimRequest greedy{.lease = {kj::str("me")}};
  greedy.childrenMax = Store::CLAIM_CHILDREN_MAX + 1;
  expectRefused(store->claim(kj::mv(greedy)), "too many");
}

// What a claim brings and a search for the rest make all children, each once.
std::string allChildren(Store& store, Claimed& claimed, kj::WaitScope& scope) {
  auto all = idsOf(claimed.children.records);
  KJ_IF_MAYBE(next, claimed.children.next) {
    auto rest = store.search({.parent = kj::str(claimed.record.id), .after = kj::str(*next)});
    all += "|" + idsOf(rest.wait(scope).records);
  }
  return all;
}

TEST_P(StoreContract, OfManyChildrenAClaimBringsTheFirstAndSaysWhereTheRestStarts) {
  create(work("a"));
  create(work("b"));
  for (auto id: {"a.1", "a.2", "a.3"}) create(child(id, "a"));
  for (auto id: {"b.1", "b.2"}) create(child(id, "b"));
  auto claimed = claimWithChildren(*store, 2, loop.waitScope());
  ASSERT_EQ(claimed.size(), 2);
  for (auto& one: claimed) {
    auto expected = one.record.id == "a" ? "a.1,a.2|a.3" : "b.1,b.2";
    EXPECT_EQ(allChildren(*store, one, loop.waitScope()), expected);
  }
}

TEST_P(StoreContract, AClaimBringsNoMoreChildrenOnceTheyHaveManyBytes) {
  auto large = kj::heapString(9 << 20);
  memset(large.begin(), 'x', large.size());
  for (auto id: {"a", "b", "c"}) {
    create(work(id));
    for (auto number: {".1", ".2"}) {
      auto part = kj::str(id, number);
      create(child(part, id));
      settle(fulfill(part, large));
    }
  }
  auto claimed = claimWithChildren(*store, 10, loop.waitScope());
  ASSERT_EQ(claimed.size(), 3);
  size_t brought = 0;
  for (auto& one: claimed) {
    brought += one.children.records.size();
    auto all = allChildren(*store, one, loop.waitScope());
    std::erase(all, '|');
    std::erase(all, ',');
    auto& id = one.record.id;
    EXPECT_EQ(all, kj::str(id, ".1", id, ".2").cStr());
  }
  EXPECT_LE(brought, 2);
}

TEST_P(StoreContract, AChildWhoseDeadlineHasPassedComesAsTimedOut) {
  create(work("a"));
  create(withDeadline(child("a.1", "a"), clock.now() + 1 * kj::SECONDS));
  clock.advance(1 * kj::SECONDS);
  auto claimed = claimWithChildren(*store, 10, loop.waitScope());
  ASSERT_EQ(claimed[0].children.records.size(), 1);
  EXPECT_EQ(claimed[0].children.records[0].state, PromiseState::TIMEDOUT);
}

// ---- Creating with a lease ----

TEST_P(StoreContract, ACreateWithALeaseTakesTheWorkWithIt) {
  auto created = create(leased("a", "me"));
  EXPECT_EQ(KJ_ASSERT_NONNULL(created.lease).owner, "me");
  EXPECT_EQ(created.epoch, 1);
  EXPECT_EQ(idsOf(claim(*store, "other", "bank")), "");
  clock.advance(1 * kj::SECONDS);
  EXPECT_EQ(show(create(leased("a", "me"))), show(created));
  EXPECT_EQ(show(create(leased("a", "other"))), show(created));
}

TEST_P(StoreContract, ACreateWithALeaseTakesOverWorkThatIsDue) {
  create(work("a"));
  EXPECT_EQ(create(leased("a", "me")).epoch, 1);
  clock.advance(LEASE);
  auto taken = create(leased("a", "other"));
  EXPECT_EQ(taken.epoch, 2);
  EXPECT_EQ(KJ_ASSERT_NONNULL(taken.lease).owner, "other");
}

TEST_P(StoreContract, OfManyWhoCreateWithALeaseOneGetsIt) {
  auto other = open();
  kj::Vector<kj::Promise<Record>> creating;
  for (int i = 0; i < 20; ++i) {
    creating.add((i % 2 ? *store : *other).create(leased("a", kj::str("worker ", i))));
  }
  auto holder = show(wait(kj::mv(creating[0])));
  for (auto& promise: creating.slice(1, creating.size()))
    EXPECT_EQ(show(wait(kj::mv(promise))), holder);
  EXPECT_EQ(get("a").epoch, 1);
}

// ---- Epochs ----

TEST_P(StoreContract, AnExpiredLeaseIsClaimedByAnotherWithAHigherEpoch) {
  auto other = open();
  create(leased("a", "me"));
  clock.advance(LEASE - MICROSECOND);
  EXPECT_EQ(idsOf(claim(*other, "other", "bank")), "");
  clock.advance(MICROSECOND);
  auto claimed = claim(*other, "other", "bank");
  ASSERT_EQ(idsOf(claimed), "a");
  EXPECT_EQ(claimed[0].epoch, 2);
  EXPECT_EQ(KJ_ASSERT_NONNULL(claimed[0].lease).owner, "other");
}

TEST_P(StoreContract, WhoeverLostALeaseCannotSettleRenewOrRelease) {
  auto other = open();
  create(leased("a", "me"));
  clock.advance(LEASE);
  auto claimed = claim(*other, "other", "bank");
  expectRefused(store->settle(atEpoch(fulfill("a"), 1)), "epoch 1 is over");
  expectRefused(store->settle(strictly(atEpoch(fulfill("a"), 1))), "\"other\" holds it");
  expectRefused(store->renew(renewal("a", 1, "me")), "is lost");
  expectRefused(store->release(releasing("a", 1, "me")), "is lost");
  EXPECT_EQ(show(get("a")), show(claimed[0]));
  EXPECT_EQ(wait(other->settle(atEpoch(fulfill("a"), 2))).state, PromiseState::FULFILLED);
  EXPECT_EQ(settle(atEpoch(fulfill("a", "late"), 1)).value, bytesOf("value"));
}

TEST_P(StoreContract, WhoeverGuessesAnEpochDoesNotHoldTheLease) {
  create(leased("a", "me"));
  expectRefused(store->renew(renewal("a", 1, "other")), "\"me\" holds it");
  expectRefused(store->release(releasing("a", 1, "other")), "\"me\" holds it");
  expectRefused(store->renew(renewal("a", 2, "me")), "is lost");
  expectRefused(store->settle(atEpoch(fulfill("a"), 2)), "is lost");
  expectRefused(store->renew(renewal("missing", 1, "me")), "there is no promise");
  expectRefused(store->release(releasing("missing", 1, "me")), "there is no promise");
}

TEST_P(StoreContract, AnExpiredLeaseStillCountsWhileNobodyTookItOver) {
  create(leased("a", "me"));
  clock.advance(10 * LEASE);
  auto renewed = wait(store->renew(renewal("a", 1, "me")));
  EXPECT_TRUE(KJ_ASSERT_NONNULL(renewed.lease).expires == clock.now() + LEASE);
  EXPECT_EQ(renewed.epoch, 1);
  clock.advance(10 * LEASE);
  EXPECT_EQ(settle(atEpoch(fulfill("a"), 1)).state, PromiseState::FULFILLED);
}

TEST_P(StoreContract, ASettledPromiseHasNoLease) {
  create(leased("a", "me"));
  auto settled = settle(atEpoch(fulfill("a"), 1));
  EXPECT_TRUE(settled.lease == nullptr);
  EXPECT_TRUE(settled.due == nullptr);
  EXPECT_EQ(settled.epoch, 1);
  EXPECT_EQ(show(wait(store->renew(renewal("a", 1, "me")))), show(settled));
  EXPECT_EQ(show(wait(store->release(releasing("a", 1, "me")))), show(settled));
}

TEST_P(StoreContract, SettlingFromOutsideNeedsNoLease) {
  create(leased("a", "me"));
  EXPECT_EQ(settle(cancel("a")).state, PromiseState::CANCELED);
  EXPECT_EQ(wait(store->renew(renewal("a", 1, "me"))).state, PromiseState::CANCELED);
}

// ---- Renewing and releasing ----

TEST_P(StoreContract, ARenewedLeaseLastsFromNowOn) {
  create(leased("a", "me"));
  clock.advance(LEASE - 1 * kj::SECONDS);
  auto renewed = wait(store->renew(renewal("a", 1, "me")));
  EXPECT_TRUE(KJ_ASSERT_NONNULL(renewed.lease).expires == clock.now() + LEASE);
  EXPECT_EQ(renewed.epoch, 1);
  clock.advance(LEASE - 1 * kj::SECONDS);
  EXPECT_EQ(idsOf(claim(*store, "other", "bank")), "");
  EXPECT_EQ(show(get("a")), show(renewed));
}

TEST_P(StoreContract, ARenewalMayShortenALease) {
  create(leased("a", "me"));
  auto request = renewal("a", 1, "me");
  request.lease.duration = 1 * kj::MILLISECONDS;
  wait(store->renew(kj::mv(request)));
  clock.advance(1 * kj::MILLISECONDS);
  EXPECT_EQ(idsOf(claim(*store, "other", "bank")), "a");
}

TEST_P(StoreContract, ReleasedWorkIsClaimedByAnother) {
  create(leased("a", "me"));
  auto released = wait(store->release(releasing("a", 1, "me")));
  EXPECT_TRUE(released.lease == nullptr);
  EXPECT_EQ(released.epoch, 1);
  EXPECT_EQ(show(wait(store->release(releasing("a", 1, "me")))), show(released));
  auto claimed = claim(*store, "other", "bank");
  ASSERT_EQ(idsOf(claimed), "a");
  EXPECT_EQ(claimed[0].epoch, 2);
  expectRefused(store->release(releasing("a", 1, "me")), "is lost");
}

TEST_P(StoreContract, WorkReleasedWithADelayIsNotClaimedBefore) {
  create(leased("a", "me"));
  wait(store->release(releasing("a", 1, "me", 5 * kj::SECONDS)));
  clock.advance(5 * kj::SECONDS - MICROSECOND);
  EXPECT_EQ(idsOf(claim(*store, "other", "bank")), "");
  clock.advance(MICROSECOND);
  EXPECT_EQ(idsOf(claim(*store, "other", "bank")), "a");
}

TEST_P(StoreContract, LeasesAndDelaysOutOfRangeAreRefused) {
  create(leased("a", "me"));
  auto tooShort = renewal("a", 1, "me");
  tooShort.lease.duration = 0 * kj::SECONDS;
  expectRefused(store->renew(kj::mv(tooShort)), "out of its range");
  expectRefused(store->release(releasing("a", 1, "me", -1 * kj::SECONDS)), "out of its range");
  ClaimRequest anonymous;
  anonymous.targets = kj::arr(kj::str("bank"));
  expectRefused(store->claim(kj::mv(anonymous)), "empty");
  ClaimRequest greedy{.lease = {kj::str("me")}};
  greedy.recordsMax = Store::CLAIM_RECORDS_MAX + 1;
  expectRefused(store->claim(kj::mv(greedy)), "too many");
}

// ---- Waiting for work ----

TEST_P(StoreContract, WorkThatIsThereIsDueAtOnce) {
  create(work("a"));
  const kj::StringPtr targets[] = {"nothing", "bank"};
  wait(store->whenDue(targets));
  wait(open()->whenDue(targets));
}

TEST_P(StoreContract, WorkThatIsMadeHereOrElsewhereWakesThoseWhoWaitForIt) {
  auto other = open();
  const kj::StringPtr targets[] = {"bank"};
  const kj::StringPtr otherTargets[] = {"nothing"};
  auto here = store->whenDue(targets);
  auto there = other->whenDue(targets);
  auto never = store->whenDue(otherTargets);
  create(work("unrelated", "elsewhere"));
  create(outside("outside"));
  EXPECT_FALSE(here.poll(loop.waitScope()));
  create(work("a"));
  wait(kj::mv(here));
  wait(kj::mv(there));
  EXPECT_FALSE(never.poll(loop.waitScope()));
}

TEST_P(StoreContract, WorkWhoseLeaseExpiresWakesThoseWhoWaitForIt) {
  auto other = open();
  create(leased("a", "me"));
  const kj::StringPtr targets[] = {"bank"};
  auto due = other->whenDue(targets);
  get("a");
  EXPECT_FALSE(due.poll(loop.waitScope()));
  clock.advance(LEASE);
  wait(kj::mv(due));
  EXPECT_EQ(idsOf(claim(*other, "other", "bank")), "a");
}

TEST_P(StoreContract, WorkThatIsReleasedWakesThoseWhoWaitForIt) {
  auto other = open();
  create(leased("a", "me"));
  const kj::StringPtr targets[] = {"bank"};
  auto due = other->whenDue(targets);
  get("a");
  wait(store->release(releasing("a", 1, "me")));
  wait(kj::mv(due));
  EXPECT_EQ(idsOf(claim(*other, "other", "bank")), "a");
}

TEST_P(StoreContract, ADroppedWaitForWorkDoesNoHarm) {
  const kj::StringPtr targets[] = {"bank"};
  for (int i = 0; i < 10; ++i) auto dropped = store->whenDue(targets);
  auto kept = store->whenDue(targets);
  create(work("a"));
  wait(kj::mv(kept));
}

}  // namespace
}  // namespace troth
