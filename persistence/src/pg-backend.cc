#include "pg-backend.h"

#include <kj/debug.h>
#include <troth/loop.h>
#include <troth/retry.h>
#include <troth/settled.h>

#include <algorithm>

#include "micros.h"
#include "pg-kept-step.h"
#include "pg-pool.h"
#include "pg-round.h"
#include "pg-schema.h"
#include "pg-statements.h"
#include "pg-transactions.h"

namespace troth {
namespace {

// How long to leave a database alone that has just failed.
constexpr auto PAUSE_AFTER_FAILURE = 100 * kj::MILLISECONDS;

// The server gives a program's statement, or its idle transaction, up by itself this long after the
// store should have.
constexpr auto STATEMENT_GRACE = 1 * kj::SECONDS;
constexpr auto IDLE_GRACE = 30 * kj::SECONDS;

constexpr int64_t END_OF_TIME = kj::maxValue;

// States as SQL has them; all if none are named.
PgParameter statesOf(kj::ArrayPtr<const PromiseState> states) {
  PgInt2Array array;
  if (states.size() == 0) states = kj::arrayPtr(PROMISE_STATES, kj::size(PROMISE_STATES));
  for (auto state: states) array.add(static_cast<int16_t>(state));
  return array.finish();
}

PgParameter textsOf(kj::ArrayPtr<const kj::String> texts) {
  PgTextArray array(texts.size());
  for (auto& text: texts) array.add(text);
  return array.finish();
}

bool isWanted(const Record& record, kj::ArrayPtr<const PromiseState> states) {
  if (states.size() == 0) return true;
  for (auto state: states) {
    if (state == record.state) return true;
  }
  return false;
}

// Another process may have made the next lease instead, at the same epoch.
bool isSameLease(const Record& a, const Record& b) {
  KJ_IF_MAYBE(mine, a.lease) {
    KJ_IF_MAYBE(theirs, b.lease) {
      return a.epoch == b.epoch && mine->owner == theirs->owner && mine->expires == theirs->expires;
    }
  }
  return false;
}

// The statement that finds what `request` asks for, and what it takes.
PgExecution searchFor(const SearchRequest& request, uint32_t recordsMax) {
  Cursor start;
  KJ_IF_MAYBE(since, request.since) start.created = *since;
  KJ_IF_MAYBE(after, request.after) {
    auto cursor = Cursor::parse(*after);
    if (cursor.created >= start.created) start = kj::mv(cursor);
  }
  int64_t before = END_OF_TIME;
  KJ_IF_MAYBE(b, request.before) before = toMicros(*b);
  auto parameters = [&](auto&&... more) {
    return kj::arr(statesOf(request.states), PgParameter::int8(toMicros(start.created)),
        PgParameter::text(start.id), PgParameter::int8(before), PgParameter::int8(recordsMax),
        kj::mv(more)...);
  };
  auto callsSince = [&]() {
    constexpr int64_t BACK = pg::KEPT_STEP_AGE_MAX / kj::MICROSECONDS;
    return PgParameter::int8(toMicros(start.created) - BACK);
  };
  KJ_IF_MAYBE(p, request.parent) return {pg::SEARCH_BY_PARENT, parameters(PgParameter::text(*p))};
  KJ_IF_MAYBE(r, request.root) {
    return {pg::SEARCH_BY_ROOT, parameters(PgParameter::text(*r), callsSince())};
  }
  KJ_IF_MAYBE(t, request.tag) return {pg::SEARCH_BY_TAG, parameters(PgParameter::text(*t))};
  return {pg::SEARCH_BY_STATE, parameters(callsSince())};
}

class PgBackend final: public Backend, private kj::TaskSet::ErrorHandler {
public:
  PgBackend(Loop& loop, kj::StringPtr uri, const StoreOptions& options)
      : loop(loop),
        uri(kj::str(uri)),
        patience(options.patience),
        roundsMax(options.connections),
        virtualClock(options.clock),
        localClock(kj::systemPreciseCalendarClock()),
        pool(loop, poolOptions()),
        transactions(loop, transactionOptions(options), traffic),
        tasks(*this) {
    tasks.add(listen());
    tasks.add(giveUpInTime());
  }

  void setListener(BackendListener& l) override { listener = l; }

  kj::Promise<kj::Maybe<Record>> carryOut(Request request) override {
    ++traffic.requests;
    auto paf = kj::newPromiseAndFulfiller<kj::Maybe<Record>>();
    lanes.add(kj::mv(request), kj::mv(paf.fulfiller), loop.timer().now() + patience);
    startRounds();
    return kj::mv(paf.promise);
  }

  kj::Promise<Page> search(SearchRequest request) override {
    // One more tells whether there is another page.
    auto results = co_await query(searchFor(request, request.recordsMax + 1));
    auto& result = results[0];
    auto count = kj::min(result.rows(), request.recordsMax);
    kj::Vector<Record> records(count);
    Page page;
    for (size_t row = 0; row < count; ++row) {
      auto record = pg::readRecord(result, row).record;
      project(record, now());
      if (row + 1 == count && result.rows() > count) page.next = Cursor::after(record).toText();
      if (isWanted(record, request.states)) records.add(kj::mv(record));
    }
    page.records = records.releaseAsArray();
    co_return kj::mv(page);
  }

  kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) override {
    auto connection = co_await pool.take();
    auto drafts = co_await lockDue(*connection, request);
    if (drafts.size() == 0) {
      co_await connection->settle();
      co_return nullptr;
    }
    co_return co_await writeClaimed(kj::mv(connection), kj::mv(drafts), request.childrenMax);
  }

  kj::Promise<Pruned> prune(PruneRequest request) override {
    auto results = co_await query({pg::PRUNE,
        kj::arr(PgParameter::int8(toMicros(request.settledBefore)),
            PgParameter::int8(request.treesMax))});
    uint64_t tops = results[0].at(0, 0).asInt8();
    uint64_t children = results[0].at(0, 1).asInt8();
    co_return Pruned{tops, tops + children};
  }

  kj::Promise<Record> transact(Transaction transaction, SqlUse use) override {
    ++traffic.requests;
    auto transacted = co_await transactions.transact(kj::mv(transaction), kj::mv(use));
    KJ_IF_MAYBE(l, listener) {
      if (transacted.news == PgTransactions::News::SETTLED) l->settled(transacted.record);
    }
    co_return kj::mv(transacted.record);
  }

  kj::Promise<void> execute(kj::String script) override {
    ++traffic.requests;
    return transactions.execute(kj::mv(script));
  }

  kj::Promise<Overdue> findOverdue(uint32_t idsMax) override {
    PgExecution executions[] = {
        {pg::NOW}, {pg::FIND_OVERDUE, kj::arr(PgParameter::int8(idsMax + 1))}};
    auto connection = co_await pool.take();
    auto sent = localClock.now();
    auto results = co_await run(*connection, executions);
    setClock(results[0].at(0, 0).asInt8(), sent);
    Overdue overdue;
    kj::Vector<kj::String> ids;
    for (size_t row = 0; row < results[1].rows(); ++row) {
      auto deadline = fromMicros(results[1].at(row, 1).asInt8());
      if (deadline > now() || row == idsMax) {
        overdue.next = deadline;
        break;
      }
      ids.add(kj::heapString(results[1].at(row, 0).asText()));
    }
    overdue.ids = ids.releaseAsArray();
    co_return kj::mv(overdue);
  }

  kj::Promise<kj::Maybe<kj::Date>> findDue(kj::Array<kj::String> targets) override {
    auto results = co_await query({pg::FIND_DUE, kj::arr(textsOf(targets))});
    auto due = results[0].at(0, 0);
    if (due.isNull()) co_return nullptr;
    co_return fromMicros(due.asInt8());
  }

  kj::Promise<kj::Array<kj::String>> findSettled(kj::Array<kj::String> ids) override {
    auto results = co_await query({pg::FIND_SETTLED, kj::arr(textsOf(ids))});
    kj::Vector<kj::String> settled;
    for (size_t row = 0; row < results[0].rows(); ++row) {
      settled.add(kj::heapString(results[0].at(row, 0).asText()));
    }
    co_return settled.releaseAsArray();
  }

  kj::Date now() override {
    KJ_IF_MAYBE(clock, virtualClock) return wholeMicros(clock->now());
    return wholeMicros(localClock.now() + clockOffset);
  }

  StoreTraffic getTraffic() const override { return traffic; }

private:
  Loop& loop;
  kj::String uri;
  kj::Duration patience;
  uint32_t roundsMax;
  kj::Maybe<const kj::Clock&> virtualClock;
  const kj::Clock& localClock;

  // What the database's clock is ahead of ours.
  kj::Duration clockOffset = 0 * kj::SECONDS;
  kj::Maybe<BackendListener&> listener;
  PgLanes lanes;
  PgPool pool;
  StoreTraffic traffic;
  PgTransactions transactions;

  // Why the last attempt to listen failed, which is that to connect, if anything is wrong with it.
  kj::String trouble;
  uint32_t rounds = 0;
  bool roundScheduled = false;
  kj::TaskSet tasks;

  // ---- Connections ----

  // One more than rounds take, for searches and claims.
  PgPoolOptions poolOptions() {
    PgPoolOptions result{.where = kj::str(uri), .connectionsMax = roundsMax + 1};
    result.waitMax = patience;
    result.setUp = [this](PgConnection& connection) {
      return setUp(connection, {pg::SET_UP_SESSION});
    };
    return result;
  }

  PgTransactions::Options transactionOptions(const StoreOptions& options) {
    PgPoolOptions pool{.where = kj::str(uri), .connectionsMax = options.sqlConnections};
    pool.waitMax = patience;
    pool.setUp = [this, sqlTime = options.sqlTime](PgConnection& connection) {
      auto millis = [](kj::Duration time) { return PgParameter::int8(time / kj::MILLISECONDS); };
      return setUp(connection,
          {pg::SET_UP_SQL_SESSION,
              kj::arr(millis(sqlTime + STATEMENT_GRACE), millis(sqlTime + IDLE_GRACE))});
    };
    return {kj::mv(pool), patience, options.sqlTime, [this]() { return now(); }};
  }

  kj::Promise<void> setUp(PgConnection& connection, PgExecution session) {
    ++traffic.connections;
    co_await migrate(connection);
    PgExecution executions[] = {{pg::NOW}, kj::mv(session)};
    auto sent = localClock.now();
    auto results = (co_await connection.run(executions)).takeResults();
    setClock(results[0].at(0, 0).asInt8(), sent);
  }

  // The answer took its time there and back.
  void setClock(int64_t micros, kj::Date sent) {
    auto received = localClock.now();
    clockOffset = fromMicros(micros) - (sent + (received - sent) / 2);
  }

  kj::Promise<kj::Array<PgResult>> run(
      PgConnection& connection, kj::ArrayPtr<const PgExecution> executions) {
    traffic.transactions += 1;
    traffic.statements += executions.size();
    return limited(connection.run(executions)).then([](PgOutcome&& outcome) {
      return outcome.takeResults();
    });
  }

  kj::Promise<kj::Array<PgResult>> query(PgExecution execution) {
    auto connection = co_await pool.take();
    co_return co_await run(*connection, kj::arrayPtr(&execution, 1));
  }

  // A database that does not answer is as good as gone.
  kj::Promise<PgOutcome> limited(kj::Promise<PgOutcome> outcome) {
    return loop.timer()
        .timeoutAfter(patience, kj::mv(outcome))
        .catch_([](kj::Exception&& exception) -> PgOutcome {
          return PgFailure{KJ_EXCEPTION(DISCONNECTED, "the database does not answer",
                               exception.getDescription()),
              nullptr, PgCommit::IN_DOUBT};
        });
  }

  // ---- Requests, in groups ----

  // At the end of the turn, so that requests that are made together travel together.
  void startRounds() {
    if (roundScheduled || rounds >= roundsMax || !lanes.isReady()) return;
    roundScheduled = true;
    tasks.add(kj::evalLast([this]() {
      roundScheduled = false;
      ++rounds;
      return carryOutRounds().attach(kj::defer([this]() {
        --rounds;
        startRounds();
      }));
    }));
  }

  kj::Promise<void> carryOutRounds() {
    while (lanes.isReady()) {
      auto taken = co_await settle(pool.take());
      KJ_IF_MAYBE(exception, taken.exception) {
        // Whatever else is wrong passes, or the requests give up in time.
        if (exception->getType() == kj::Exception::Type::FAILED) lanes.rejectReady(*exception);
        co_await loop.timer().afterDelay(PAUSE_AFTER_FAILURE);
      } else if (co_await carryOutOn(*taken.get()) == Ended::FAILED) {
        taken.value = nullptr;
        co_await loop.timer().afterDelay(PAUSE_AFTER_FAILURE);
      }
    }
  }

  enum class Ended { DONE, FAILED };

  kj::Promise<Ended> carryOutOn(PgConnection& connection) {
    while (lanes.isReady()) {
      PgRound round(lanes.take(GROUP_REQUESTS_MAX, GROUP_BYTES_MAX), lanes, now());
      startRounds();
      ++traffic.transactions;
      traffic.statements += round.executions().size();
      auto outcome = co_await limited(connection.run(round.executions()));
      KJ_IF_MAYBE(failure, outcome.findFailure()) {
        round.failed(*failure, lanes);
        co_return Ended::FAILED;
      }
      auto results = outcome.takeResults();
      round.succeeded(results, lanes, listener);
    }
    co_return Ended::DONE;
  }

  kj::Promise<void> giveUpInTime() {
    for (;;) {
      co_await loop.timer().afterDelay(patience / 4);
      lanes.giveUp(loop.timer().now(), trouble);
    }
  }

  // ---- Claims ----

  struct Draft {
    Record record;
    uint64_t version;
  };

  kj::Promise<kj::Array<Draft>> lockDue(PgConnection& connection, const ClaimRequest& request) {
    PgExecution executions[] = {{pg::BEGIN},
        {pg::LOCK_DUE,
            kj::arr(textsOf(request.targets), PgParameter::int8(toMicros(now())),
                PgParameter::int8(request.recordsMax))}};
    auto results = co_await run(connection, executions);
    kj::Vector<Draft> drafts;
    for (size_t row = 0; row < results[1].rows(); ++row) {
      auto locked = pg::readRecord(results[1], row);
      kj::Maybe<Record> record = kj::mv(locked.record);
      TakeRequest take{kj::str(KJ_ASSERT_NONNULL(record).id),
          {kj::str(request.lease.owner), request.lease.duration}};
      auto verdict = transition(record, kj::mv(take), now());
      if (verdict.refusal == nullptr) {
        drafts.add(Draft{kj::mv(KJ_ASSERT_NONNULL(record)), locked.version});
      }
    }
    co_return drafts.releaseAsArray();
  }

  kj::Promise<kj::Array<Claimed>> writeClaimed(
      kj::Own<PgConnection> connection, kj::Array<Draft> drafts, uint32_t childrenMax) {
    pg::UpdateRows rows;
    for (auto& draft: drafts) rows.add(draft.record, draft.version);
    kj::Vector<PgExecution> executions;
    executions.add(rows.finish());
    if (childrenMax > 0) executions.add(readChildren(drafts, childrenMax));
    executions.add(PgExecution{pg::COMMIT});
    traffic.statements += executions.size();
    auto outcome = co_await limited(connection->run(executions));
    KJ_IF_MAYBE(failure, outcome.findFailure()) {
      connection = nullptr;
      if (failure->commit == PgCommit::NONE) kj::throwFatalException(kj::cp(failure->exception));
      co_return co_await readClaimed(kj::mv(drafts), childrenMax);
    }
    for (auto& draft: drafts) lanes.believe(draft.record, draft.version + 1);
    auto claimed = KJ_MAP(draft, drafts) { return Claimed{kj::mv(draft.record), {}}; };
    auto results = outcome.takeResults();
    if (childrenMax > 0) pg::addChildren(claimed, results[1], childrenMax, now());
    co_return kj::mv(claimed);
  }

  static PgExecution readChildren(kj::ArrayPtr<const Draft> drafts, uint32_t childrenMax) {
    PgTextArray parents(drafts.size());
    for (auto& draft: drafts) parents.add(draft.record.id);
    return {pg::READ_CHILDREN,
        kj::arr(parents.finish(), PgParameter::int8(childrenMax + 1),
            PgParameter::int8(CLAIM_CHILDREN_BYTES_MAX))};
  }

  // Nobody knows whether the claim was committed: the records do.
  kj::Promise<kj::Array<Claimed>> readClaimed(kj::Array<Draft> drafts, uint32_t childrenMax) {
    auto ids = KJ_MAP(draft, drafts) { return kj::str(draft.record.id); };
    std::sort(ids.begin(), ids.end());
    auto results = co_await readBack(kj::mv(ids));
    kj::Vector<Claimed> claimed;
    // The children can be read later.
    auto children = [&]() {
      Page page;
      if (childrenMax > 0) page.next = Cursor::beforeAll().toText();
      return page;
    };
    for (size_t row = 0; row < results[0].rows(); ++row) {
      auto found = pg::readRecord(results[0], row);
      for (auto& draft: drafts) {
        if (draft.record.id != found.record.id || draft.version + 1 != found.version) continue;
        if (!isSameLease(draft.record, found.record)) continue;
        claimed.add(Claimed{kj::mv(draft.record), children()});
      }
    }
    co_return claimed.releaseAsArray();
  }

  // As often as it takes, for a limited time.
  kj::Promise<kj::Array<PgResult>> readBack(kj::Array<kj::String> ids) {
    auto end = loop.timer().now() + patience;
    for (;;) {
      try {
        co_return co_await query({pg::READ_BACK, kj::arr(textsOf(ids))});
      } catch (const kj::Exception& exception) {
        if (!isRetryable(exception) || loop.timer().now() >= end) throw;
      }
      co_await loop.timer().afterDelay(PAUSE_AFTER_FAILURE);
    }
  }

  // ---- What other processes say ----

  kj::Promise<void> listen() {
    for (;;) {
      try {
        auto connection = co_await PgConnection::connect(loop, uri);
        trouble = nullptr;
        connection->onNotification(
            [this](kj::StringPtr channel, kj::StringPtr payload) { heard(channel, payload); });
        PgExecution executions[] = {{pg::LISTEN_SETTLED}, {pg::LISTEN_DUE}};
        (co_await connection->run(executions)).takeResults();
        co_await connection->whenLost();
      } catch (...) {
        auto exception = kj::getCaughtExceptionAsKj();
        trouble = kj::str(exception.getDescription());
        KJ_LOG(INFO, "a store does not hear what other processes do, and looks itself", exception);
      }
      co_await loop.timer().afterDelay(10 * PAUSE_AFTER_FAILURE);
    }
  }

  void heard(kj::StringPtr channel, kj::StringPtr payload) {
    KJ_IF_MAYBE(l, listener) {
      if (channel == pg::SETTLED_CHANNEL) l->settledElsewhere(payload);
      if (channel == pg::DUE_CHANNEL) l->workDue(payload);
    }
  }

  void taskFailed(kj::Exception&& exception) override {
    KJ_LOG(WARNING, "a store has lost its database, and will try again", exception);
  }
};

}  // namespace

kj::Own<Backend> newPgBackend(kj::StringPtr uri, const StoreOptions& options) {
  KJ_REQUIRE(options.connections > 0, "a store needs a connection (StoreOptions::connections)");
  KJ_REQUIRE(options.sqlConnections > 0,
      "a store needs a connection for SQL (StoreOptions::sqlConnections)");
  return kj::heap<PgBackend>(Loop::current(), uri, options);
}

}  // namespace troth
