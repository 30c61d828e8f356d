// What the store in PostgreSQL has that other stores have not: transactions that are counted,
// plans, a layout, sessions, other stores on the same database.

#include <map>
#include <set>

#include "pg-schema.h"
#include "pg-statements.h"
#include "pg-testing.h"
#include "requests.h"
#include "traffic.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

class PgStoreTest: public PgTest {
protected:
  PgStoreTest() { runScript("DROP SCHEMA IF EXISTS troth CASCADE"); }
  ~PgStoreTest() noexcept override {}

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(waitScope);
  }

  void runScript(kj::StringPtr sql) { wait(connect()->runScript(sql)).takeResults(); }

  // Stores do not look around in these tests unless they say so.
  static StoreOptions quiet() {
    StoreOptions options;
    options.pollInterval = 1 * kj::HOURS;
    return options;
  }
  kj::Own<Store> open(StoreOptions options = quiet()) {
    return newPostgresStore(sharedCluster().where(), options);
  }

  // A store that has its connections, and will not look around.
  kj::Own<Store> openReady(StoreOptions options = quiet()) {
    auto store = open(options);
    wait(store->find("nothing"));
    wait(store->search({}));
    return store;
  }

  kj::Exception refusalOf(kj::StringPtr where, StoreOptions options) {
    auto store = newPostgresStore(where, options);
    return thrownBy([&]() { wait(store->create(outside("a"))); });
  }

  kj::Promise<kj::Array<Record>> claim(
      Store& store, kj::StringPtr owner, kj::StringPtr target, uint32_t recordsMax) {
    ClaimRequest request{.lease = {kj::str(owner)}};
    request.targets = kj::arr(kj::str(target));
    request.recordsMax = recordsMax;
    return store.claim(kj::mv(request)).then(recordsOf);
  }

  // Opens several stores at once. All are to come up, on the layout of this program.
  void expectToComeUpAtOnce() {
    kj::Vector<kj::Own<Store>> stores;
    kj::Vector<kj::Promise<Record>> created;
    for (int i = 0; i < 6; ++i) {
      stores.add(open());
      created.add(stores.back()->create(outside(kj::str(i))));
    }
    for (auto& promise: created) EXPECT_EQ(PromiseState::PENDING, wait(kj::mv(promise)).state);
    auto versions = query(*connect(), "SELECT count(*) FROM troth.layout");
    EXPECT_EQ(PG_SCHEMA_VERSION, versions[0].at(0, 0).asInt8());
  }

  // Puts what is there into a layout of the first version.
  void backToFirstLayout() {
    runScript(R"sql(
      DROP TABLE IF EXISTS public.saved;
      CREATE TABLE public.saved AS TABLE troth.promises;
      ALTER TABLE public.saved DROP COLUMN step_number, DROP COLUMN step_created, DROP COLUMN step_digest,
        DROP COLUMN step_params, DROP COLUMN step_value;
      DROP SCHEMA troth CASCADE
    )sql");
    wait(migrate(*connect(), 1));
    runScript("INSERT INTO troth.promises SELECT * FROM public.saved");
  }
  bool hasSecondLayout() {
    constexpr auto FIND = "SELECT 1 FROM pg_indexes WHERE indexdef LIKE '%(root <> parent)%'";
    return query(*connect(), FIND)[0].rows() == 1;
  }

  // Waits until the sessions that listen are `count`.
  void waitForListeners(int64_t count) {
    auto connection = connect();
    for (;;) {
      auto results = query(*connection,
          "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND state = 'idle'");
      if (results[0].at(0, 0).asInt8() == count) return;
      wait(loop.timer().afterDelay(5 * kj::MILLISECONDS));
    }
  }
};

// ---- Group commit ----

TEST_F(PgStoreTest, AThousandPromisesTakeAHandfulOfTransactions) {
  constexpr int PROMISES = 1000;
  auto store = openReady();
  auto before = store->getTraffic();
  kj::Vector<kj::Promise<void>> requests(2 * PROMISES);
  for (int i = 0; i < PROMISES; ++i) {
    auto id = kj::str("p", i);
    requests.add(store->create(work(id)).ignoreResult());
    requests.add(store->settle(fulfill(id)).ignoreResult());
  }
  wait(kj::joinPromises(requests.releaseAsArray()));
  auto traffic = store->getTraffic() - before;
  EXPECT_EQ(uint64_t(2 * PROMISES), traffic.requests);
  EXPECT_LE(traffic.transactions, 5u);
  EXPECT_LE(traffic.statements, 4 * traffic.transactions);
}

TEST_F(PgStoreTest, ALoneCallerTakesTwoTransactionsOfOneStatement) {
  auto store = openReady();
  auto traffic = cost(*store, [&](int time) {
    auto id = kj::str("a", time);
    wait(store->create(outside(id)));
    wait(store->settle(fulfill(id)));
  });
  EXPECT_EQ(2u, traffic.transactions);
  EXPECT_EQ(2u, traffic.statements);
}

// Does nothing for so many events.
kj::Promise<void> events(int count) {
  for (int i = 0; i < count; ++i) co_await kj::evalLater([]() {});
}

TEST_F(PgStoreTest, WhatFollowsFromARequestWithoutWaitingTravelsWithIt) {
  auto store = openReady();
  auto traffic = cost(*store, [&](int time) {
    auto made = store->create(outside(kj::str("a", time)));
    auto next = events(20).then([&]() { return store->create(outside(kj::str("b", time))); });
    wait(kj::mv(made));
    wait(kj::mv(next));
  });
  EXPECT_EQ(1u, traffic.transactions);
}

TEST_F(PgStoreTest, RequestsThatComeDuringATransactionFormTheNext) {
  constexpr int TURNS = 200;
  auto options = quiet();
  options.connections = 1;
  auto store = openReady(options);
  auto before = store->getTraffic();
  kj::Vector<kj::Promise<void>> requests(TURNS);
  for (int i = 0; i < TURNS; ++i) {
    requests.add(store->create(outside(kj::str("p", i))).ignoreResult());
    // A turn of the loop that does not wait for the database.
    kj::evalLater([]() {}).wait(waitScope);
  }
  wait(kj::joinPromises(requests.releaseAsArray()));
  EXPECT_LT((store->getTraffic() - before).transactions, uint64_t(TURNS));
}

TEST_F(PgStoreTest, AClaimOfManyWithTheirChildrenTakesAsManyStatementsAsOfOne) {
  auto store = openReady();
  auto claimNext = [&](uint32_t recordsMax) {
    ClaimRequest request{.lease = {kj::str("me")}};
    request.targets = kj::arr(kj::str("bank"));
    request.recordsMax = recordsMax;
    request.childrenMax = 10;
    auto before = store->getTraffic();
    auto claimed = wait(store->claim(kj::mv(request)));
    EXPECT_EQ(recordsMax, claimed.size());
    for (auto& one: claimed) EXPECT_EQ(2u, one.children.records.size());
    return (store->getTraffic() - before).statements;
  };
  kj::Vector<kj::Promise<Record>> created;
  for (int i = 0; i < 51; ++i) {
    auto id = kj::str("p", i);
    wait(store->create(work(id)));
    created.add(store->create(child(kj::str(id, ".1"), id)));
    created.add(store->create(child(kj::str(id, ".2"), id)));
  }
  for (auto& promise: created) wait(kj::mv(promise));
  // To begin, lock, write, read the children, and commit.
  EXPECT_EQ(5u, claimNext(1));
  EXPECT_EQ(5u, claimNext(50));
}

// ---- Plans ----

// How many parameters `sql` has.
int parametersOf(kj::StringPtr sql) {
  int count = 0;
  for (auto at = strchr(sql.cStr(), '$'); at != nullptr; at = strchr(at + 1, '$')) {
    count = kj::max(count, atoi(at + 1));
  }
  return count;
}

class PgPlanTest: public PgStoreTest {
protected:
  ~PgPlanTest() noexcept override {}

  // A session as the store's own.
  kj::Own<PgConnection> session() {
    auto connection = connect();
    wait(connection->run({{pg::SET_UP_SESSION}})).takeResults();
    return connection;
  }

  std::string planOf(PgConnection& connection, const PgStatement& statement) {
    static int prepared = 0;
    auto name = kj::str("plan", ++prepared);
    query(connection, kj::str("PREPARE ", name, " AS ", statement.sql).cStr());
    auto count = parametersOf(statement.sql);
    auto nulls = kj::strArray(kj::repeat("NULL"_kj, count), ", ");
    auto results = query(connection,
        kj::str("EXPLAIN EXECUTE ", name, count > 0 ? kj::str('(', nulls, ')') : kj::str()).cStr());
    std::string plan;
    for (size_t row = 0; row < results[0].rows(); ++row) {
      plan += textOf(results[0].at(row, 0)) + '\n';
    }
    return plan;
  }

  // Each step of a plan, with its conditions.
  static std::vector<std::string> stepsOf(const std::string& plan) {
    std::vector<std::string> steps;
    for (size_t at = 0; at < plan.size();) {
      auto next = plan.find("->", at + 2);
      steps.push_back(plan.substr(at, next - at));
      at = next == std::string::npos ? plan.size() : next;
    }
    return steps;
  }

  static bool has(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  }

  // Neither a table nor an index is read from end to end, unless an order tells where to stop.
  void expectIndexed(const PgStatement& statement) {
    auto plan = planOf(*session(), statement);
    for (auto& step: stepsOf(plan)) {
      EXPECT_FALSE(has(step, "Seq Scan")) << statement.name << ":\n" << plan;
      bool isScan = has(step, "Scan using") || has(step, "Bitmap Index Scan");
      bool isOrdered = has(step, "promises_deadline");
      if (isScan && !isOrdered) {
        EXPECT_TRUE(has(step, "Index Cond")) << statement.name << ":\n" << plan;
      }
    }
  }

  void expectAllIndexed() {
    for (auto statement: pg::requestStatements()) expectIndexed(*statement);
  }
};

TEST_F(PgPlanTest, NoStatementReadsATableThatIsEmpty) {
  openReady();
  expectAllIndexed();
}

TEST_F(PgPlanTest, NoStatementReadsATableThatIsFull) {
  openReady();
  runScript(R"sql(
    INSERT INTO troth.promises (id, state, awaited, method_id, version, interface_id, created,
      settled, deadline, due, epoch, target, parent, root, tags, digest, params, value,
      step_number, step_created)
    SELECT 'p' || i, (i % 10 > 0)::int, false, 0, 1, 0, i, CASE WHEN i % 10 > 0 THEN i END,
      CASE WHEN i % 3 = 0 THEN i END, CASE WHEN i % 10 = 0 THEN i END, 0, 'target' || i % 5,
      CASE WHEN i % 4 = 0 THEN 'p' || i / 4 END, CASE WHEN i % 4 = 0 THEN 'p' || i / 16 END,
      ARRAY['tag'], '', '', '', CASE WHEN i % 10 > 5 THEN 1 END,
      CASE WHEN i % 10 > 5 THEN i END
    FROM generate_series(1, 20000) AS i;
    INSERT INTO troth.promise_tags SELECT 'tag', created, id FROM troth.promises;
    ANALYZE troth.promises, troth.promise_tags
  )sql");
  expectAllIndexed();
}

TEST_F(PgPlanTest, APageOfALargeFamilyReadsNoMoreThanItHas) {
  openReady();
  runScript(R"sql(
    INSERT INTO troth.promises (id, state, awaited, method_id, version, interface_id, created, epoch,
      target, parent, root, digest, params, value)
    SELECT 'p' || i, 1, false, 0, 1, 0, i, 0, '', 'parent' || i % 2, 'root', '', '', ''
    FROM generate_series(1, 20000) AS i;
    ANALYZE troth.promises
  )sql");
  auto connection = session();
  query(*connection, kj::str("PREPARE page AS ", pg::SEARCH_BY_PARENT.sql).cStr());
  auto plan = query(*connection, R"sql(
    EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF)
    EXECUTE page('{0,1,2,3,4}', 0, '', 1000000, 101, 'parent1')
  )sql");
  // All of its children are on some 200 pages.
  std::string buffers;
  for (size_t row = 0; row < plan[0].rows() && buffers.empty(); ++row) {
    auto line = textOf(plan[0].at(row, 0));
    if (has(line, "Buffers: shared")) buffers = line;
  }
  auto pages = 0;
  for (auto part: {"hit=", "read="}) {
    auto at = buffers.find(part);
    if (at != std::string::npos) pages += atoi(buffers.c_str() + at + strlen(part));
  }
  EXPECT_GT(pages, 0) << buffers;
  EXPECT_LT(pages, 50) << buffers;
}

TEST_F(PgPlanTest, ASessionOfTheStoreHasTheSettingsOfThisTest) {
  auto connection = session();
  auto results = query(
      *connection, "SELECT current_setting('enable_seqscan'), current_setting('plan_cache_mode')");
  EXPECT_EQ("off", textOf(results[0].at(0, 0)));
  EXPECT_EQ("force_generic_plan", textOf(results[0].at(0, 1)));
}

// ---- The layout ----

TEST_F(PgStoreTest, StoresThatStartAtOnceOnAnEmptyDatabaseDoNotCollide) { expectToComeUpAtOnce(); }

TEST_F(PgStoreTest, StoresThatStartAtOnceOnALayoutOfTheFirstVersionDoNotCollide) {
  openReady();
  backToFirstLayout();
  ASSERT_FALSE(hasSecondLayout());
  expectToComeUpAtOnce();
  EXPECT_TRUE(hasSecondLayout());
}

TEST_F(PgStoreTest, TheViewHasWordsForNumbersAndSeesStatesAsTheyAreNow) {
  auto store = openReady();
  auto request = work("a");
  request.tags = kj::arr(kj::str("x"), kj::str("y"));
  wait(store->create(kj::mv(request)));
  wait(store->settle(reject("a", "no")));
  wait(store->create(outside("late")));
  runScript("UPDATE troth.promises SET deadline = 1 WHERE id = 'late'");
  auto connection = connect();
  auto rows = query(*connection, R"sql(
    SELECT concat_ws(' ', id, state, target, interface_id, method_id, params_bytes, value_bytes,
      error_type, error_text, tags, epoch)
    FROM troth.promises_readable ORDER BY id
  )sql");
  EXPECT_EQ("a rejected bank 0xfedcba9876543210 7 6 0 failed no {x,y} 0", textOf(rows[0].at(0, 0)));
  EXPECT_EQ("late timedout 0x0000000000000000 0 0 0 0", textOf(rows[0].at(1, 0)));
}

TEST_F(PgStoreTest, ALayoutOfTheFirstVersionIsBroughtUpToDateWithWhatIsInIt) {
  auto store = openReady();
  wait(store->create(work("root")));
  wait(store->create({.id = kj::str("root.1"), .parent = kj::str("root")}));
  wait(store->create({.id = kj::str("root.1.1"), .parent = kj::str("root.1")}));
  store = nullptr;
  backToFirstLayout();
  store = openReady();
  auto page = wait(store->search({.root = kj::str("root")}));
  ASSERT_EQ(3, page.records.size());
  EXPECT_EQ("root.1.1", page.records[2].id);
  EXPECT_TRUE(hasSecondLayout());
}

// Whatever fails, a request hears of it as soon as the store does.
TEST_F(PgStoreTest, ALaterLayoutIsRefusedAtOnceWithWords) {
  openReady();
  runScript("INSERT INTO troth.layout (version) VALUES (1000)");
  auto options = quiet();
  options.patience = 1 * kj::HOURS;
  auto refusal = refusalOf(sharedCluster().where(), options);
  EXPECT_EQ(Type::FAILED, refusal.getType());
  EXPECT_MENTIONS(refusal.getDescription(), "later version of Troth");
  EXPECT_MENTIONS(refusal.getDescription(), "1000");
}

// ---- Databases that cannot be used ----

TEST_F(PgStoreTest, ADatabaseThatIsUnknownIsRefusedAtOnce) {
  auto options = quiet();
  options.patience = 1 * kj::HOURS;
  auto where = kj::str("host=", sharedCluster().getFolder(), " user=troth dbname=nowhere");
  auto refusal = refusalOf(where, options);
  EXPECT_EQ(Type::FAILED, refusal.getType());
  EXPECT_MENTIONS(refusal.getDescription(), "nowhere");
}

TEST_F(PgStoreTest, AUserWhoIsUnknownIsRefusedAtOnce) {
  auto options = quiet();
  options.patience = 1 * kj::HOURS;
  auto where = kj::str("host=", sharedCluster().getFolder(), " user=nobody dbname=postgres");
  auto refusal = refusalOf(where, options);
  EXPECT_EQ(Type::FAILED, refusal.getType());
  EXPECT_MENTIONS(refusal.getDescription(), "nobody");
}

TEST_F(PgStoreTest, AServerThatIsNotThereIsGivenUpWithTheReason) {
  auto options = quiet();
  options.patience = 300 * kj::MILLISECONDS;
  auto refusal = refusalOf("host=/nowhere user=troth", options);
  EXPECT_EQ(Type::OVERLOADED, refusal.getType());
  EXPECT_MENTIONS(refusal.getDescription(), "/nowhere");
}

// ---- Other stores ----

TEST_F(PgStoreTest, ANotificationWakesAWaiterOfAnotherStore) {
  auto one = openReady(), other = openReady();
  waitForListeners(2);
  wait(one->create(outside("a")));
  auto settled = other->whenSettled("a");
  // Whoever settles it is to know that somebody waits.
  while (!wait(one->find("a")).map([](auto& r) { return r.awaited; }).orDefault(false)) {}
  wait(one->settle(fulfill("a")));
  EXPECT_EQ(bytesOf("value").asPtr(), wait(kj::mv(settled)).value.asPtr());
}

TEST_F(PgStoreTest, ANotificationWakesWhoeverWaitsForWorkInAnotherStore) {
  auto one = openReady(), other = openReady();
  waitForListeners(2);
  auto due = other->whenDue({"target"_kj});
  wait(other->find("nothing"));
  wait(one->create(work("a", "target")));
  wait(kj::mv(due));
}

TEST_F(PgStoreTest, APollSeesWhatAKilledListenerDidNotHear) {
  auto one = openReady();
  StoreOptions options;
  options.pollInterval = 20 * kj::MILLISECONDS;
  auto other = open(options);
  waitForListeners(2);
  wait(one->create(outside("a")));
  auto settled = other->whenSettled("a");
  query(*connect(),
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
  wait(one->settle(fulfill("a")));
  EXPECT_EQ(bytesOf("value").asPtr(), wait(kj::mv(settled)).value.asPtr());
  waitForListeners(2);
}

TEST_F(PgStoreTest, StoresThatClaimAtOnceGetNoRecordTwice) {
  constexpr int STORES = 4, RECORDS = 100;
  kj::Vector<kj::Own<Store>> stores;
  for (int i = 0; i < STORES; ++i) stores.add(openReady());
  kj::Vector<kj::Promise<Record>> created;
  for (int i = 0; i < RECORDS; ++i) created.add(stores[0]->create(work(kj::str("p", i))));
  for (auto& promise: created) wait(kj::mv(promise));
  std::map<std::string, int> claimed;
  for (size_t before = RECORDS; before > 0;) {
    kj::Vector<kj::Promise<kj::Array<Record>>> claims;
    for (int i = 0; i < 2 * STORES; ++i) {
      claims.add(claim(*stores[i % STORES], kj::str("owner ", i), "bank", 7));
    }
    before = 0;
    for (auto& promise: claims) {
      auto records = wait(kj::mv(promise));
      EXPECT_LE(records.size(), 7u);
      before += records.size();
      for (auto& record: records) {
        ++claimed[record.id.cStr()];
        EXPECT_EQ(1u, record.epoch);
      }
    }
  }
  EXPECT_EQ(size_t(RECORDS), claimed.size());
  for (auto& [id, times]: claimed) EXPECT_EQ(1, times) << id;
}

TEST_F(PgStoreTest, AClaimLocksNoMoreThanItTakes) {
  auto store = openReady();
  for (int i = 0; i < 10; ++i) {
    auto request = work(kj::str("p", i), i % 2 == 0 ? "even" : "odd");
    wait(store->create(kj::mv(request)));
  }
  auto one = connect(), other = connect();
  auto lock = [&](PgConnection& connection) {
    PgTextArray targets;
    targets.add("even");
    targets.add("odd");
    PgExecution executions[] = {{pg::BEGIN},
        {pg::LOCK_DUE,
            kj::arr(targets.finish(), PgParameter::int8(INT64_MAX), PgParameter::int8(5))}};
    return wait(connection.run(executions)).takeResults()[1].rows();
  };
  EXPECT_EQ(5u, lock(*one));
  EXPECT_EQ(5u, lock(*other));
}

// ---- Conflicts ----

TEST_F(PgStoreTest, ADeadlockIsOvercome) {
  // Only the store's sessions look for deadlocks, so that they are the ones to lose.
  auto where = kj::str(sharedCluster().where(), " options='-c deadlock_timeout=2s'");
  auto store = newPostgresStore(where, quiet());
  wait(store->create(outside("a")));
  wait(store->create(outside("b")));
  auto rival = connect();
  query(*rival, "SET deadlock_timeout = '1h'");
  PgStatement begin{nullptr, "BEGIN"};
  PgStatement lockA{nullptr, "SELECT 1 FROM troth.promises WHERE id = 'a' FOR UPDATE"};
  PgStatement lockB{nullptr, "SELECT 1 FROM troth.promises WHERE id = 'b' FOR UPDATE"};
  wait(rival->run({{begin}, {lockB}})).takeResults();
  auto first = store->settle(fulfill("a")), second = store->settle(fulfill("b"));
  auto watcher = connect();
  constexpr auto WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted";
  while (query(*watcher, WAITING)[0].at(0, 0).asInt8() == 0) {}
  wait(rival->run({{lockA}})).takeResults();
  rival = nullptr;
  EXPECT_EQ(PromiseState::FULFILLED, wait(kj::mv(first)).state);
  EXPECT_EQ(PromiseState::FULFILLED, wait(kj::mv(second)).state);
  // Which the server counts a little later.
  constexpr auto DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'";
  while (query(*watcher, DEADLOCKS)[0].at(0, 0).asInt8() == 0) {}
}

TEST_F(PgStoreTest, AWrongPasswordIsRefusedAtOnce) {
  runScript("CREATE ROLE guarded LOGIN PASSWORD 'secret'");
  auto hba = textOf(query(*connect(), "SHOW hba_file")[0].at(0, 0));
  runScript(
      kj::str("COPY (SELECT 'local all guarded scram-sha-256' UNION ALL "
              "SELECT 'local all all trust') TO '",
          hba.c_str(), "'"));
  query(*connect(), "SELECT pg_reload_conf()");
  auto options = quiet();
  options.patience = 1 * kj::HOURS;
  auto where =
      kj::str("host=", sharedCluster().getFolder(), " user=guarded password=wrong dbname=postgres");
  auto refusal = refusalOf(where, options);
  EXPECT_EQ(Type::FAILED, refusal.getType());
  EXPECT_MENTIONS(refusal.getDescription(), "password authentication failed");
}

}  // namespace
}  // namespace troth
