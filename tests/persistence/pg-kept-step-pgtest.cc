// Steps in the row of their call: which there are, and that nobody can tell them from records with
// a row.

#include <random>

#include "pg-kept-step.h"
#include "pg-testing.h"
#include "store-contract.h"
#include "traffic.h"

namespace troth {
namespace {

using S = PromiseState;

CreateRequest stepOf(kj::StringPtr call, kj::StringPtr number) {
  auto request = child(kj::str(call, '.', number), call);
  request.call.params = bytesOf("a step");
  request.settlement = Settlement{.value = bytesOf("done")};
  return strictly(kj::mv(request));
}

class KeptStepTest: public PgTest {
protected:
  KeptStepTest() {
    wait(connect()->runScript("DROP SCHEMA IF EXISTS troth CASCADE")).takeResults();
    store = open();
    wait(store->find("nothing"));
  }
  ~KeptStepTest() noexcept override {}

  ManualClock clock;
  kj::Own<Store> store;

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(waitScope);
  }

  StoreOptions options() const {
    StoreOptions options;
    options.clock = clock;
    options.pollInterval = 1 * kj::HOURS;
    return options;
  }
  kj::Own<Store> open() { return newPostgresStore(sharedCluster().where(), options()); }

  Record create(CreateRequest request) { return wait(store->create(kj::mv(request))); }
  Record get(kj::StringPtr id) { return KJ_ASSERT_NONNULL(wait(store->find(id)), id); }
  std::string search(SearchRequest request) {
    return idsOf(wait(store->search(kj::mv(request))).records);
  }

  // Records a step and the outcome of its call in the same turn.
  void finish(CreateRequest step, SettleRequest outcome) {
    auto recorded = store->create(kj::mv(step));
    auto settled = store->settle(kj::mv(outcome));
    wait(kj::mv(recorded));
    wait(kj::mv(settled));
  }

  // The call "a" of "me", which has done a step.
  void makeCallWithStep() {
    create(leased("a", "me"));
    finish(stepOf("a", "1"), atEpoch(fulfill("a"), 1));
  }

  int64_t count(kj::StringPtr what) {
    return query(*connect(), kj::str("SELECT count(", what, ") FROM troth.promises").cStr())[0]
        .at(0, 0)
        .asInt8();
  }

  // Whether the row of `call` keeps `step`, which are recorded together.
  bool isKept(CreateRequest step, SettleRequest outcome) {
    auto before = count("step_number");
    finish(kj::mv(step), kj::mv(outcome));
    return count("step_number") > before;
  }
};

// ---- Which there are ----

TEST_F(KeptStepTest, AStepThatIsRecordedWithTheOutcomeOfItsCallHasNoRow) {
  create(leased("a", "me"));
  auto before = store->getTraffic();
  finish(stepOf("a", "1"), atEpoch(fulfill("a"), 1));
  auto traffic = store->getTraffic() - before;
  EXPECT_EQ(1u, traffic.transactions);
  EXPECT_EQ(1u, traffic.statements);
  EXPECT_EQ(1, count("*"));
}

TEST_F(KeptStepTest, OfSeveralOneHasNoRow) {
  create(leased("a", "me"));
  auto first = store->create(stepOf("a", "1"));
  auto second = store->create(stepOf("a", "2"));
  wait(store->settle(atEpoch(fulfill("a"), 1)));
  wait(kj::mv(first));
  wait(kj::mv(second));
  EXPECT_EQ(2, count("*"));
  EXPECT_EQ(1, count("step_number"));
  EXPECT_EQ(search({.parent = kj::str("a")}), "a.1,a.2");
}

TEST_F(KeptStepTest, WhatARowCannotSayHasARowOfItsOwn) {
  auto outcome = [&](kj::StringPtr id) {
    create(leased(id, "me"));
    return atEpoch(fulfill(id), 1);
  };
  auto rejected = stepOf("rejected", "1");
  rejected.settlement = Settlement{S::REJECTED, nullptr, PromiseError{.text = kj::str("no")}};
  EXPECT_FALSE(isKept(kj::mv(rejected), outcome("rejected")));
  auto tagged = stepOf("tagged", "1");
  tagged.tags = kj::arr(kj::str("tag"));
  EXPECT_FALSE(isKept(kj::mv(tagged), outcome("tagged")));
  auto urgent = withDeadline(stepOf("urgent", "1"), clock.now() + 1 * kj::SECONDS);
  EXPECT_FALSE(isKept(kj::mv(urgent), outcome("urgent")));
  auto asking = stepOf("asking", "1");
  asking.call.target = kj::str("bank");
  EXPECT_FALSE(isKept(kj::mv(asking), outcome("asking")));
  EXPECT_FALSE(isKept(child("pending.1", "pending"), outcome("pending")));
  EXPECT_FALSE(isKept(stepOf("named", "x"), outcome("named")));
  EXPECT_FALSE(isKept(stepOf("zeros", "01"), outcome("zeros")));
  EXPECT_FALSE(isKept(stepOf("zero", "0"), outcome("zero")));
  EXPECT_FALSE(isKept(stepOf("large", "2147483648"), outcome("large")));
  EXPECT_TRUE(isKept(stepOf("largest", "2147483647"), outcome("largest")));
}

TEST_F(KeptStepTest, OnlyTheFirstLeaseOfACallThatIsFulfilledKeepsSteps) {
  create(leased("rejected", "me"));
  EXPECT_FALSE(isKept(stepOf("rejected", "1"), atEpoch(reject("rejected"), 1)));
  create(outside("by nobody"));
  create(child("by nobody.part", "by nobody"));
  EXPECT_FALSE(isKept(stepOf("by nobody", "1"), fulfill("by nobody")));
  create(leased("second", "me"));
  wait(store->release(releasing("second", 1, "me")));
  EXPECT_EQ(2u, create(leased("second", "you")).epoch);
  EXPECT_FALSE(isKept(stepOf("second", "1"), atEpoch(fulfill("second"), 2)));
}

TEST_F(KeptStepTest, AStepThatIsMadeLongAfterItsCallHasARow) {
  for (auto id: {"soon"_kj, "late"_kj}) create(leased(id, "me"));
  clock.advance(pg::KEPT_STEP_AGE_MAX);
  EXPECT_TRUE(isKept(stepOf("soon", "1"), atEpoch(fulfill("soon"), 1)));
  clock.advance(MICROSECOND);
  EXPECT_FALSE(isKept(stepOf("late", "1"), atEpoch(fulfill("late"), 1)));
}

TEST_F(KeptStepTest, AStepWhoseCallWasSettledByOthersIsRecordedAllTheSame) {
  create(leased("a", "me"));
  auto other = open();
  wait(other->settle(cancel("a")));
  finish(stepOf("a", "1"), fulfill("a"));
  EXPECT_EQ(S::CANCELED, get("a").state);
  EXPECT_EQ(S::FULFILLED, get("a.1").state);
  EXPECT_EQ(0, count("step_number"));
}

// ---- That nobody can tell ----

TEST_F(KeptStepTest, IsReadAndRepeatedAsARecord) {
  makeCallWithStep();
  auto record = show(get("a.1"));
  EXPECT_EQ(record, show(create(stepOf("a", "1"))));
  EXPECT_EQ(record, show(wait(store->whenSettled("a.1"))));
  EXPECT_EQ(record, show(wait(store->settle(strictly(fulfill("a.1", "done"))))));
  EXPECT_EQ(record, show(wait(store->settle(reject("a.1")))));
  auto other = open();
  EXPECT_EQ(record, show(wait(other->create(stepOf("a", "1")))));
  EXPECT_EQ(record, show(wait(other->create(outside("a.1")))));
  auto failure = thrownBy([&]() { wait(other->create(strictly(outside("a.1")))); });
  EXPECT_MENTIONS(failure.getDescription(), "the id \"a.1\" is taken");
  EXPECT_EQ(1, count("*"));
}

TEST_F(KeptStepTest, ATransactionUnderItsIdIsNotRun) {
  makeCallWithStep();
  TransactRequest request{.record = child("a.1", "a")};
  request.record.call.params = bytesOf("a step");
  auto record = wait(store->transact(
      kj::mv(request), [](Sql&) -> kj::Promise<kj::Array<const kj::byte>> { KJ_UNREACHABLE; }));
  EXPECT_EQ(show(get("a.1")), show(record));
  EXPECT_EQ(1, count("*"));
}

TEST_F(KeptStepTest, MayHaveAChild) {
  makeCallWithStep();
  create(child("a.1.1", "a.1"));
  EXPECT_EQ(KJ_ASSERT_NONNULL(get("a.1.1").root), "a");
  EXPECT_EQ(search({.root = kj::str("a")}), "a,a.1,a.1.1");
}

TEST_F(KeptStepTest, IsDeletedWithItsCall) {
  makeCallWithStep();
  create(leased("b", "me"));
  create(strictly(child("b.1", "b")));
  create(leased("b.2", "me"));
  clock.advance(MICROSECOND);
  auto pruned = wait(store->prune({.settledBefore = clock.now()}));
  EXPECT_EQ(1u, pruned.trees);
  EXPECT_EQ(2u, pruned.records);
  EXPECT_TRUE(wait(store->find("a.1")) == nullptr);
  create(leased("a", "me"));
  EXPECT_EQ(S::PENDING, create(child("a.1", "a")).state);
}

TEST_F(KeptStepTest, IsInTheViewForPeople) {
  makeCallWithStep();
  auto connection = connect();
  auto rows = query(*connection, R"sql(
    SELECT concat_ws(' ', id, state, parent, root, target, params_bytes, value_bytes, epoch,
      created = (SELECT created FROM troth.promises_readable WHERE id = 'a'), settled = created)
    FROM troth.promises_readable ORDER BY id
  )sql");
  ASSERT_EQ(2u, rows[0].rows());
  EXPECT_EQ("a.1 fulfilled a a 6 4 0 t t", textOf(rows[0].at(1, 0)));
}

// ---- Two records of one id ----

TEST_F(KeptStepTest, IsNotKeptIfThereIsARecordOfItsId) {
  create(leased("a", "me"));
  auto theirs = wait(open()->create(outside("a.1")));
  auto recorded = store->create(stepOf("a", "1"));
  wait(store->settle(atEpoch(fulfill("a"), 1)));
  auto failure = thrownBy([&]() { wait(kj::mv(recorded)); });
  EXPECT_MENTIONS(failure.getDescription(), "the id \"a.1\" is taken");
  EXPECT_EQ(0, count("step_number"));
  EXPECT_EQ(show(theirs), show(get("a.1")));
  EXPECT_EQ(S::FULFILLED, get("a").state);
}

// A transaction that keeps "a.1" in the row of "a", and has not been committed.
class KeepingTest: public KeptStepTest {
protected:
  KeepingTest() {
    create(leased("a", "me"));
    query(*keeping, "BEGIN");
    query(*keeping, R"sql(
      UPDATE troth.promises
      SET state = 1, settled = created, due = NULL, lease_owner = NULL, lease_expires = NULL,
        version = version + 1, step_number = 1, step_created = created, step_digest = digest,
        step_params = '', step_value = 'theirs'
    )sql");
  }
  ~KeepingTest() noexcept override {}

  kj::Own<PgConnection> keeping = connect();

  bool isTheirs(const Record& record) { return record.value.asPtr() == bytesOf("theirs").asPtr(); }
};

TEST_F(KeepingTest, WhoKeepsItAsWellWaitsAndFindsIt) {
  auto step = stepOf("a", "1");
  step.repetition = Repetition::CONVERGE;
  auto recorded = store->create(kj::mv(step));
  auto settled = store->settle(fulfill("a"));
  auto watcher = connect();
  constexpr auto WAITING = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
  while (query(*watcher, WAITING)[0].rows() == 0) {
    ASSERT_FALSE(recorded.poll(waitScope));
    wait(loop.timer().afterDelay(5 * kj::MILLISECONDS));
  }
  query(*keeping, "COMMIT");
  EXPECT_TRUE(isTheirs(wait(kj::mv(recorded))));
  EXPECT_EQ(S::FULFILLED, wait(kj::mv(settled)).state);
  EXPECT_EQ(1, count("*"));
}

TEST_F(KeepingTest, WhoMakesARowOfItMeanwhileHasTheRecord) {
  auto mine = show(wait(open()->create(outside("a.1"))));
  query(*keeping, "COMMIT");
  EXPECT_EQ(1, count("step_number"));
  EXPECT_EQ(mine, show(get("a.1")));
  EXPECT_EQ(search({}), "a,a.1");
  EXPECT_EQ(search({.parent = kj::str("a")}), "");
  constexpr auto SHOWN = "SELECT FROM troth.promises_readable WHERE id = 'a.1'";
  EXPECT_EQ(1u, query(*connect(), SHOWN)[0].rows());
}

// ---- Searches ----

// Carries out the same requests in two stores, of which one keeps steps.
class KeptStepSearchTest: public KeptStepTest {
protected:
  ~KeptStepSearchTest() noexcept override {}

  kj::Own<Store> model = newMemoryStore(options());
  std::mt19937 random{20261128};

  // Makes a call of "me".
  void createInBoth(kj::StringPtr id, kj::Maybe<kj::StringPtr> parent) {
    for (auto each: {model.get(), store.get()}) {
      auto request = leased(id, "me");
      request.parent = parent.map([](kj::StringPtr p) { return kj::str(p); });
      wait(each->create(kj::mv(request)));
    }
  }

  void finishInBoth(kj::StringPtr call) {
    auto number = kj::str(1 + random() % 3);
    wait(model->create(stepOf(call, number)));
    wait(model->settle(fulfill(call)));
    finish(stepOf(call, number), fulfill(call));
  }

  void passTime() {
    constexpr int64_t MICROS[] = {0, 0, 0, 1, 50'000, 100'000};
    clock.advance(MICROS[random() % kj::size(MICROS)] * kj::MICROSECONDS);
  }

  // Calls at the top and on two levels below, with steps that are made up to 0.2 s later.
  void makeCalls() {
    std::vector<std::string> open;
    std::string last;
    for (int i = 0; i < 60; ++i) {
      auto id = i % 3 == 0 ? "c" + std::to_string(i) : last + ".call" + std::to_string(i);
      kj::Maybe<kj::StringPtr> parent;
      if (i % 3 > 0) parent = last.c_str();
      createInBoth(id.c_str(), parent);
      last = id;
      open.push_back(id);
      passTime();
      while (open.size() > 3) {
        auto place = open.begin() + static_cast<ptrdiff_t>(random() % open.size());
        finishInBoth(place->c_str());
        open.erase(place);
      }
    }
  }

  // All that a search finds, in pages of `recordsMax`.
  std::string pages(Store& from, const std::function<SearchRequest()>& query, uint32_t recordsMax) {
    std::string all;
    kj::Maybe<kj::String> after;
    do {
      auto request = query();
      request.recordsMax = recordsMax;
      request.after = kj::mv(after);
      auto page = wait(from.search(kj::mv(request)));
      for (auto& record: page.records) all += show(record) + "\n";
      after = kj::mv(page.next);
    } while (after != nullptr);
    return all;
  }

  void expectSame(const std::function<SearchRequest()>& query) {
    auto expected = pages(*model, query, 1000);
    for (uint32_t recordsMax: {1000u, 7u, 1u}) {
      ASSERT_EQ(expected, pages(*store, query, recordsMax)) << "in pages of " << recordsMax;
    }
  }
};

TEST_F(KeptStepSearchTest, FindKeptStepsInTheirPlaces) {
  auto start = clock.now();
  makeCalls();
  ASSERT_GT(count("step_number"), 30);
  ASSERT_LT(count("step_number"), count("*") - 1);
  using States = std::vector<S>;
  for (auto& states: {States(), States{S::FULFILLED}, States{S::PENDING, S::FULFILLED},
           States{S::PENDING, S::REJECTED}}) {
    auto query = [&]() {
      return SearchRequest{.states = kj::heapArray(states.data(), states.size())};
    };
    expectSame(query);
    expectSame([&]() {
      auto request = query();
      request.since = start + 400 * kj::MILLISECONDS;
      request.before = start + 1 * kj::SECONDS;
      return request;
    });
    for (auto id: {"c0", "c27", "c27.call28", "c27.call28.call29", "missing"}) {
      expectSame([&]() {
        auto request = query();
        request.root = kj::str(id);
        return request;
      });
      expectSame([&]() {
        auto request = query();
        request.parent = kj::str(id);
        return request;
      });
    }
  }
}

}  // namespace
}  // namespace troth
