// Parking: work that waits for its parts, and is due again when one of them settles.

#include "store-contract.h"

namespace troth {
namespace {

ParkRequest parking(kj::StringPtr id, kj::ArrayPtr<const kj::StringPtr> parts,
    kj::Duration delay = 1 * kj::HOURS, uint64_t epoch = 1) {
  ParkRequest request{kj::str(id), epoch, kj::str("me")};
  request.parts = KJ_MAP(part, parts) { return kj::str(part); };
  request.delay = delay;
  return request;
}

constexpr kj::StringPtr A1[] = {"a.1"_kj};
constexpr kj::StringPtr A1_AND_A2[] = {"a.1"_kj, "a.2"_kj};

TEST_P(StoreContract, ParkedWorkIsNotClaimedBeforeItsTime) {
  create(leased("a", "me"));
  auto parked = wait(store->park(parking("a", nullptr)));
  EXPECT_TRUE(parked.isParked());
  EXPECT_EQ(show(get("a")), show(parked));
  clock.advance(1 * kj::HOURS - MICROSECOND);
  EXPECT_EQ(idsOf(claim(*store, "other", "bank")), "");
  clock.advance(MICROSECOND);
  EXPECT_EQ(idsOf(claim(*store, "other", "bank")), "a");
}

TEST_P(StoreContract, ParkedWorkIsDueWhenAPartSettles) {
  auto other = open();
  create(leased("a", "me"));
  for (auto part: A1_AND_A2) create(child(part, "a"));
  wait(store->park(parking("a", A1_AND_A2)));
  EXPECT_EQ(idsOf(claim(*other, "other", "bank")), "");
  settle(fulfill("a.2"));
  auto claimed = claim(*other, "other", "bank");
  ASSERT_EQ(idsOf(claimed), "a");
  EXPECT_FALSE(claimed[0].isParked());
}

TEST_P(StoreContract, ParkedWorkIsDueWhenAnotherStoreSettlesAPart) {
  auto other = open();
  create(leased("a", "me"));
  create(child("a.1", "a"));
  wait(store->park(parking("a", A1)));
  EXPECT_EQ(idsOf(claim(*store, "me", "bank")), "");
  wait(other->settle(cancel("a.1")));
  EXPECT_EQ(claimWhenDue(), "a");
}

TEST_P(StoreContract, ParkedWorkIsDueWhenAPartTimesOut) {
  create(leased("a", "me"));
  create(withDeadline(child("a.1", "a"), clock.now() + 1 * kj::MINUTES));
  wait(store->park(parking("a", A1)));
  EXPECT_EQ(idsOf(claim(*store, "me", "bank")), "");
  clock.advance(1 * kj::MINUTES);
  EXPECT_EQ(claimWhenDue(), "a");
}

TEST_P(StoreContract, ThatAParentTimesOutTogetherWithItsPartIsHeard) {
  create(withDeadline(work("a"), clock.now() + 2 * kj::MINUTES));
  create(withDeadline(child("a.1", "a"), clock.now() + 1 * kj::MINUTES));
  auto parent = store->whenSettled("a");
  auto part = store->whenSettled("a.1");
  get("a");
  clock.advance(2 * kj::MINUTES);
  EXPECT_EQ(wait(kj::mv(part)).state, PromiseState::TIMEDOUT);
  EXPECT_EQ(wait(kj::mv(parent)).state, PromiseState::TIMEDOUT);
}

TEST_P(StoreContract, WorkThatIsParkedForAPartThatHasSettledIsDueAtOnce) {
  create(leased("a", "me"));
  for (auto part: A1_AND_A2) create(child(part, "a"));
  settle(fulfill("a.2"));
  wait(store->park(parking("a", A1_AND_A2)));
  EXPECT_EQ(idsOf(claim(*store, "me", "bank")), "a");
}

TEST_P(StoreContract, NoSettlementIsMissedWhileWorkIsBeingParked) {
  auto other = open();
  for (int i = 0; i < 20; ++i) {
    auto id = kj::str("p", i), part = kj::str(id, ".1");
    create(leased(id, "me"));
    create(child(part, id));
    const kj::StringPtr parts[] = {part};
    auto parked = store->park(parking(id, parts));
    auto settled = other->settle(fulfill(part));
    wait(kj::mv(parked));
    wait(kj::mv(settled));
    EXPECT_TRUE(KJ_ASSERT_NONNULL(get(id).due) <= clock.now()) << i;
  }
}

TEST_P(StoreContract, APartThatSettlesDoesNotTakeALeaseAway) {
  create(leased("a", "me"));
  create(child("a.1", "a"));
  wait(store->park(parking("a", A1, 1 * kj::SECONDS)));
  clock.advance(1 * kj::SECONDS);
  auto claimed = claim(*store, "other", "bank");
  settle(fulfill("a.1"));
  EXPECT_EQ(show(get("a")), show(claimed[0]));
}

TEST_P(StoreContract, WhatWasParkedOftenWasTriedOnce) {
  create(leased("a", "me"));
  uint64_t epoch = 1;
  for (int i = 0; i < 5; ++i) {
    wait(store->park(parking("a", nullptr, 0 * kj::SECONDS, epoch)));
    expectRefused(store->settle(atEpoch(fulfill("a"), epoch)), "is lost");
    auto claimed = claim(*store, "me", "bank");
    ASSERT_EQ(claimed.size(), 1);
    EXPECT_GT(claimed[0].epoch, epoch);
    EXPECT_EQ(triesOf(claimed[0].epoch), 1);
    epoch = claimed[0].epoch;
  }
  clock.advance(1 * kj::HOURS);
  EXPECT_EQ(triesOf(claim(*store, "other", "bank")[0].epoch), 2);
}

TEST_P(StoreContract, ParkingThatIsRepeatedChangesNothing) {
  create(leased("a", "me"));
  create(child("a.1", "a"));
  auto parked = wait(store->park(parking("a", A1)));
  EXPECT_EQ(show(wait(store->park(parking("a", A1, 2 * kj::HOURS)))), show(parked));
  settle(fulfill("a.1"));
  wait(store->park(parking("a", A1)));
  ASSERT_EQ(idsOf(claim(*store, "me", "bank")), "a");
  expectRefused(store->park(parking("a", A1)), "is lost");
}

TEST_P(StoreContract, OnlyWhoHoldsALeaseCanParkAndOnlyForPartsOfThePromise) {
  create(leased("a", "me"));
  create(leased("b", "me"));
  create(child("b.1", "b"));
  const kj::StringPtr foreign[] = {"b.1"}, missing[] = {"a.9"};
  expectRefused(store->park(parking("a", foreign)), "no part of it");
  expectRefused(store->park(parking("a", missing)), "there is no promise");
  expectRefused(store->park(parking("a", nullptr, 1 * kj::HOURS, 2)), "is lost");
  settle(fulfill("b"));
  EXPECT_EQ(wait(store->park(parking("b", nullptr))).state, PromiseState::FULFILLED);
}

}  // namespace
}  // namespace troth
