// Waiting for promises to settle, deadlines, and what happens when a store is too busy or goes
// away.

#include "store-contract.h"

namespace troth {
namespace {

TEST_P(StoreContract, WhoeverWaitsForASettledPromiseGetsItAtOnce) {
  create(outside("a"));
  auto settled = show(settle(fulfill("a")));
  EXPECT_EQ(show(wait(store->whenSettled("a"))), settled);
  EXPECT_EQ(show(wait(open()->whenSettled("a"))), settled);
}

TEST_P(StoreContract, WhoeverWaitsIsToldOfASettlementHereOrElsewhere) {
  auto other = open();
  create(outside("a"));
  auto here = store->whenSettled("a");
  auto there = other->whenSettled("a");
  get("a");
  EXPECT_FALSE(here.poll(loop.waitScope()));
  EXPECT_FALSE(there.poll(loop.waitScope()));
  auto settled = show(settle(reject("a")));
  EXPECT_EQ(show(wait(kj::mv(here))), settled);
  EXPECT_EQ(show(wait(kj::mv(there))), settled);
}

TEST_P(StoreContract, ASettlementRightAfterTheWaitBeganIsNotMissed) {
  auto other = open();
  for (int i = 0; i < 20; ++i) {
    auto id = kj::str(i);
    create(outside(id));
    auto here = store->whenSettled(id);
    auto there = other->whenSettled(id);
    auto settling = store->settle(fulfill(id));
    EXPECT_EQ(wait(kj::mv(here)).state, PromiseState::FULFILLED);
    EXPECT_EQ(wait(kj::mv(there)).state, PromiseState::FULFILLED);
    wait(kj::mv(settling));
  }
}

TEST_P(StoreContract, WhoeverWaitsForAPromiseThatNobodyMadeIsRefused) {
  expectRefused(store->whenSettled("a"), "there is no promise \"a\"");
  create(outside("a"));
  auto waiting = store->whenSettled("a");
  settle(fulfill("a"));
  EXPECT_EQ(wait(kj::mv(waiting)).state, PromiseState::FULFILLED);
}

TEST_P(StoreContract, AThousandWhoWaitAreAllTold) {
  auto other = open();
  for (int i = 0; i < 10; ++i) create(outside(kj::str(i)));
  kj::Vector<kj::Promise<Record>> waiting;
  for (int i = 0; i < 1000; ++i) {
    waiting.add((i % 2 ? *store : *other).whenSettled(kj::str(i / 2 % 10)));
  }
  for (int i = 0; i < 10; ++i) settle(fulfill(kj::str(i), kj::str(i)));
  int number = 0;
  for (auto& promise: waiting) {
    EXPECT_EQ(wait(kj::mv(promise)).value, bytesOf(kj::str(number++ / 2 % 10)));
  }
}

TEST_P(StoreContract, ADroppedWaiterLeavesTheOthersAlone) {
  create(outside("a"));
  auto kept = store->whenSettled("a");
  auto dropped = store->whenSettled("a");
  get("a");
  dropped = nullptr;
  { auto droppedAtOnce = store->whenSettled("a"); }
  settle(fulfill("a"));
  EXPECT_EQ(wait(kj::mv(kept)).state, PromiseState::FULFILLED);
  EXPECT_EQ(wait(store->whenSettled("a")).state, PromiseState::FULFILLED);
}

TEST_P(StoreContract, WhoeverWaitsForWhatIsDeletedDoesNotWaitForEver) {
  auto other = open();
  create(outside("a"));
  auto waiting = other->whenSettled("a");
  get("a");
  auto settling = store->settle(fulfill("a"));
  auto pruning = store->prune({clock.now() + MICROSECOND});
  wait(kj::mv(settling));
  wait(kj::mv(pruning));
  while (exists("a")) wait(store->prune({clock.now() + MICROSECOND}));
  auto outcome = wait(waiting.then([](Record&& record) { return kj::str(nameOf(record.state)); },
      [](kj::Exception&& e) { return kj::str(e.getDescription()); }));
  EXPECT_TRUE(outcome == "fulfilled" || strstr(outcome.cStr(), "deleted") != nullptr ||
      strstr(outcome.cStr(), "there is no promise") != nullptr)
      << outcome.cStr();
}

// ---- Deadlines ----

TEST_P(StoreContract, ADeadlineThatHasPassedWinsBeforeAnythingElse) {
  auto deadline = clock.now() + 1 * kj::SECONDS;
  create(withDeadline(leased("a", "me"), deadline));
  clock.advance(1 * kj::SECONDS - MICROSECOND);
  EXPECT_EQ(get("a").state, PromiseState::PENDING);
  clock.advance(MICROSECOND);
  auto record = get("a");
  EXPECT_EQ(record.state, PromiseState::TIMEDOUT);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(record.settled) == deadline);
  EXPECT_TRUE(record.lease == nullptr);
  EXPECT_EQ(show(settle(atEpoch(fulfill("a"), 1))), show(record));
  EXPECT_EQ(show(create(work("a"))), show(record));
  EXPECT_EQ(show(wait(store->renew(renewal("a", 1, "me")))), show(record));
  expectRefused(store->settle(strictly(fulfill("a"))), "timedout already");
  EXPECT_EQ(show(wait(open()->find("a"))), show(record));
}

TEST_P(StoreContract, ASettlementAtTheDeadlineIsTooLateAndOneBeforeIsNot) {
  auto deadline = clock.now() + 1 * kj::SECONDS;
  create(withDeadline(outside("early"), deadline));
  create(withDeadline(outside("late"), deadline));
  clock.advance(1 * kj::SECONDS - MICROSECOND);
  EXPECT_EQ(settle(fulfill("early")).state, PromiseState::FULFILLED);
  clock.advance(MICROSECOND);
  EXPECT_EQ(settle(fulfill("late")).state, PromiseState::TIMEDOUT);
  EXPECT_EQ(get("early").state, PromiseState::FULFILLED);
}

TEST_P(StoreContract, APromiseMadeAfterItsDeadlineIsBornTimedOut) {
  auto record = create(withDeadline(leased("a", "me"), clock.now()));
  EXPECT_EQ(record.state, PromiseState::TIMEDOUT);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(record.settled) == clock.now());
  EXPECT_TRUE(record.lease == nullptr);
  EXPECT_EQ(show(wait(store->whenSettled("a"))), show(record));
  EXPECT_EQ(idsOf(claim(*store, "me", "bank")), "");
}

TEST_P(StoreContract, ADeadlineWakesThoseWhoWaitThoughNobodyAsks) {
  auto other = open();
  auto deadline = clock.now() + 1 * kj::HOURS;
  create(withDeadline(outside("a"), deadline));
  auto here = store->whenSettled("a");
  auto there = other->whenSettled("a");
  get("a");
  EXPECT_FALSE(here.poll(loop.waitScope()));
  clock.advance(2 * kj::HOURS);
  auto record = wait(kj::mv(here));
  EXPECT_EQ(record.state, PromiseState::TIMEDOUT);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(record.settled) == deadline);
  EXPECT_EQ(show(wait(kj::mv(there))), show(record));
}

TEST_P(StoreContract, ADeadlineThatPassedWhileNoStoreWasOpenHasPassed) {
  auto deadline = clock.now() + 1 * kj::SECONDS;
  create(withDeadline(outside("a"), deadline));
  create(withDeadline(outside("b"), deadline + 1 * kj::HOURS));
  store = nullptr;
  clock.advance(1 * kj::MINUTES);
  store = open();
  auto b = store->whenSettled("b");
  auto record = wait(store->whenSettled("a"));
  EXPECT_EQ(record.state, PromiseState::TIMEDOUT);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(record.settled) == deadline);
  EXPECT_FALSE(b.poll(loop.waitScope()));
  clock.advance(1 * kj::HOURS);
  EXPECT_EQ(wait(kj::mv(b)).state, PromiseState::TIMEDOUT);
}

TEST_P(StoreContract, ManyDeadlinesPassAtOnce) {
  kj::Vector<kj::Promise<Record>> creating, waiting;
  for (int i = 0; i < 1500; ++i) {
    auto deadline = clock.now() + 1 * kj::SECONDS + i * MICROSECOND;
    creating.add(store->create(withDeadline(outside(kj::str(i)), deadline)));
  }
  for (auto& promise: creating) wait(kj::mv(promise));
  for (int i = 0; i < 1500; ++i) waiting.add(store->whenSettled(kj::str(i)));
  clock.advance(10 * kj::SECONDS);
  for (auto& promise: waiting) EXPECT_EQ(wait(kj::mv(promise)).state, PromiseState::TIMEDOUT);
}

// ---- A store that is busy, or goes away ----

TEST_P(StoreContract, MoreRequestsThanTheLimitAreRefusedAsOverload) {
  auto few = options();
  few.requestsMax = 4;
  auto limited = world->open(few);
  kj::Vector<kj::Promise<Record>> creating;
  for (int i = 0; i < 4; ++i) creating.add(limited->create(outside(kj::str(i))));
  auto overload = failureOf(limited->create(outside("more")));
  EXPECT_EQ(overload.getType(), kj::Exception::Type::OVERLOADED);
  EXPECT_MENTIONS(overload.getDescription(), "requestsMax");
  for (auto& promise: creating) wait(kj::mv(promise));
  EXPECT_FALSE(exists("more"));
  EXPECT_EQ(wait(limited->create(outside("more"))).state, PromiseState::PENDING);
}

TEST_P(StoreContract, EveryMethodCountsAsARequest) {
  auto none = options();
  none.requestsMax = 0;
  auto limited = world->open(none);
  auto expectOverload = [&](auto promise) {
    EXPECT_EQ(failureOf(kj::mv(promise)).getType(), kj::Exception::Type::OVERLOADED);
  };
  expectOverload(limited->create(outside("a")));
  expectOverload(limited->settle(fulfill("a")));
  expectOverload(limited->find("a"));
  expectOverload(limited->whenSettled("a"));
  expectOverload(limited->search({}));
  expectOverload(limited->claim({}));
  expectOverload(limited->renew(renewal("a", 1, "me")));
  expectOverload(limited->release(releasing("a", 1, "me")));
  expectOverload(limited->prune({}));
}

TEST_P(StoreContract, ADroppedRequestIsCarriedOutAllTheSame) {
  create(outside("a"));
  { auto dropped = store->create(work("b")); }
  { auto dropped = store->create(child("a.1", "a")); }
  { auto dropped = store->settle(fulfill("a")); }
  for (auto id: {"b", "a.1"}) {
    while (!exists(id)) {}
  }
  EXPECT_EQ(wait(store->whenSettled("a")).state, PromiseState::FULFILLED);
}

TEST_P(StoreContract, ADroppedRequestCountsUntilItIsCarriedOut) {
  auto one = options();
  one.requestsMax = 1;
  auto limited = world->open(one);
  { auto dropped = limited->create(outside("a")); }
  EXPECT_EQ(failureOf(limited->find("a")).getType(), kj::Exception::Type::OVERLOADED);
  while (!exists("a")) {}
}

TEST_P(StoreContract, AStoreThatGoesAwayBreaksThePromisesItGave) {
  create(outside("a"));
  const kj::StringPtr targets[] = {"bank"};
  auto settled = store->whenSettled("a");
  auto due = store->whenDue(targets);
  get("a");
  auto created = store->create(outside("b"));
  auto createdChild = store->create(child("a.1", "a"));
  auto pruned = store->prune({clock.now()});
  store = nullptr;
  EXPECT_EQ(failureOf(kj::mv(settled)).getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(failureOf(kj::mv(due)).getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(failureOf(kj::mv(created)).getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(failureOf(kj::mv(createdChild)).getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(failureOf(kj::mv(pruned)).getType(), kj::Exception::Type::DISCONNECTED);
  store = open();
  EXPECT_EQ(get("a").state, PromiseState::PENDING);
  EXPECT_EQ(create(outside("b")).state, PromiseState::PENDING);
}

TEST_P(StoreContract, WhatWasAnsweredIsThereWhenTheStoreIsOpenedAgain) {
  for (int i = 0; i < 20; ++i) create(outside(kj::str(i)));
  for (int i = 0; i < 10; ++i) settle(fulfill(kj::str(i), kj::str(i)));
  store = nullptr;
  store = open();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(kj::str(i)).value, bytesOf(kj::str(i)));
  for (int i = 10; i < 20; ++i) EXPECT_EQ(get(kj::str(i)).state, PromiseState::PENDING);
}

TEST_P(StoreContract, TheStoreTellsItsTimeAndItsTraffic) {
  EXPECT_TRUE(store->now() == clock.now());
  clock.advance(1 * kj::SECONDS);
  EXPECT_TRUE(store->now() == clock.now());
  auto before = store->getTraffic();
  create(outside("a"));
  settle(fulfill("a"));
  auto after = store->getTraffic();
  EXPECT_GE(after.requests, before.requests + 2);
  EXPECT_GE(after.transactions, before.transactions + 2);
  EXPECT_LE(after.connections, options().connections + 1);
}

}  // namespace
}  // namespace troth
