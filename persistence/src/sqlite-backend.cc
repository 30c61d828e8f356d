#include "sqlite-backend.h"

#include "micros.h"
#include "sqlite-schema.h"
#include "sqlite-session.h"
#include "worker.h"

namespace troth {
namespace {

// How many requests may be there beyond those that StoreOptions allow: those of the store itself,
// and those whose promises were dropped.
constexpr uint32_t OWN_REQUESTS_MAX = 4096;

// What a program's function sees of its transaction.
class SqliteSql final: public Sql {
public:
  explicit SqliteSql(const SqliteDialogue& dialogue): dialogue(dialogue) {}

  kj::Promise<SqlRows> runWith(kj::StringPtr statement, kj::Array<SqlValue> values) override {
    return dialogue.run(statement, kj::mv(values));
  }

private:
  const SqliteDialogue& dialogue;
};

// A script has no other result.
struct Executed {};

class SqliteBackend final: public Backend {
public:
  SqliteBackend(kj::StringPtr path, const StoreOptions& options, const kj::Clock& clock)
      : clock(clock),
        sqlTime(options.sqlTime),
        session(openSqliteDatabase(path, options.patience), clock),
        worker([this](kj::Vector<Ticket>&& group) { return kj::heap<GroupJob>(*this, group); },
            options.requestsMax + OWN_REQUESTS_MAX) {}

  ~SqliteBackend() noexcept(false) {
    listener = nullptr;
    session.giveUp();
  }

  void setListener(BackendListener& l) override { listener = l; }

  kj::Promise<kj::Maybe<Record>> carryOut(Request request) override {
    return kj::evalNow([&]() {
      auto paf = kj::newPromiseAndFulfiller<kj::Maybe<Record>>();
      worker.add({kj::mv(request), kj::mv(paf.fulfiller)});
      return kj::mv(paf.promise);
    });
  }

  kj::Promise<Page> search(SearchRequest request) override {
    return look<Page>(
        [request = kj::mv(request)](SqliteSession& session) { return session.search(request); });
  }

  kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) override {
    return look<kj::Array<Claimed>>(
        [request = kj::mv(request)](SqliteSession& session) { return session.claim(request); });
  }

  kj::Promise<Pruned> prune(PruneRequest request) override {
    return look<Pruned>([request](SqliteSession& session) { return session.prune(request); });
  }

  // The worker has the transaction open for as long as `use` runs.
  kj::Promise<Record> transact(Transaction transaction, SqlUse use) override {
    auto dialogue = kj::atomicRefcounted<SqliteDialogue>(sqlTime);
    KJ_DEFER(dialogue->abandon());
    auto opened = dialogue->whenOpen();
    auto paf = kj::newPromiseAndFulfiller<Record>();
    worker.add(kj::heap<TransactJob>(
        *this, kj::mv(transaction), kj::atomicAddRef(*dialogue), kj::mv(paf.fulfiller)));
    SqliteSql sql(*dialogue);
    auto used =
        opened.then([&]() { return use(sql); })
            .then([&](kj::Array<const kj::byte>&& value) { dialogue->finish(kj::mv(value)); },
                [&](kj::Exception&& exception) { dialogue->fail(kj::mv(exception)); })
            .eagerlyEvaluate(nullptr);
    co_return co_await paf.promise;
  }

  kj::Promise<void> execute(kj::String script) override {
    return look<Executed>([script = kj::mv(script)](SqliteSession& session) {
      session.execute(script);
      return Executed();
    }).ignoreResult();
  }

  kj::Promise<Overdue> findOverdue(uint32_t idsMax) override {
    return look<Overdue>([idsMax](SqliteSession& session) { return session.findOverdue(idsMax); });
  }

  kj::Promise<kj::Maybe<kj::Date>> findDue(kj::Array<kj::String> targets) override {
    return look<kj::Maybe<kj::Date>>(
        [targets = kj::mv(targets)](SqliteSession& session) { return session.findDue(targets); });
  }

  kj::Promise<kj::Array<kj::String>> findSettled(kj::Array<kj::String> ids) override {
    return look<kj::Array<kj::String>>(
        [ids = kj::mv(ids)](SqliteSession& session) { return session.findSettled(ids); });
  }

  kj::Date now() override { return wholeMicros(clock.now()); }
  StoreTraffic getTraffic() const override { return traffic; }

private:
  const kj::Clock& clock;
  kj::Duration sqlTime;
  kj::Maybe<BackendListener&> listener;
  StoreTraffic traffic;

  // The worker's thread alone uses it.
  SqliteSession session;
  Worker worker;

  // Brings what a session has done to the store's thread, also when it has failed in the end.
  class SessionJob: public Job {
  public:
    explicit SessionJob(SqliteBackend& backend): backend(backend) {}

    void run() final {
      KJ_DEFER({
        news = backend.session.takeNews();
        traffic = backend.session.getTraffic();
      });
      use(backend.session);
    }
    void finish() final {
      tellNews();
      succeed();
    }
    void fail(const kj::Exception& exception) final {
      tellNews();
      reject(exception);
    }

  protected:
    SqliteBackend& backend;

    virtual void use(SqliteSession& session) = 0;
    virtual void succeed() = 0;
    virtual void reject(const kj::Exception& exception) = 0;

  private:
    kj::Vector<RequestOutcome> news;
    StoreTraffic traffic;

    void tellNews() {
      backend.traffic = traffic;
      for (auto& outcome: news) backend.tell(outcome);
    }
  };

  class GroupJob final: public SessionJob {
  public:
    GroupJob(SqliteBackend& backend, kj::Vector<Ticket>& group)
        : SessionJob(backend), group(kj::mv(group)) {}

  private:
    kj::Vector<Ticket> group;
    kj::Array<RequestOutcome> outcomes;

    void use(SqliteSession& session) override { outcomes = session.carryOut(group); }
    void succeed() override {
      for (auto& outcome: outcomes) backend.tell(outcome);
      for (size_t i = 0; i < group.size(); ++i) {
        KJ_IF_MAYBE(refusal, outcomes[i].refusal) {
          group[i].waiter->reject(kj::mv(*refusal));
        } else {
          group[i].waiter->fulfill(kj::mv(outcomes[i].record));
        }
      }
    }
    void reject(const kj::Exception& exception) override {
      for (auto& ticket: group) ticket.waiter->reject(kj::cp(exception));
    }
  };

  class TransactJob final: public SessionJob {
  public:
    TransactJob(SqliteBackend& backend, Transaction&& transaction,
        kj::Own<const SqliteDialogue> dialogue, kj::Own<kj::PromiseFulfiller<Record>> waiter)
        : SessionJob(backend),
          transaction(kj::mv(transaction)),
          dialogue(kj::mv(dialogue)),
          waiter(kj::mv(waiter)) {}

  private:
    Transaction transaction;
    kj::Own<const SqliteDialogue> dialogue;
    kj::Own<kj::PromiseFulfiller<Record>> waiter;
    RequestOutcome outcome;

    void use(SqliteSession& session) override {
      outcome = session.transact(transaction, *dialogue);
    }
    void succeed() override {
      backend.tell(outcome);
      KJ_IF_MAYBE(refusal, outcome.refusal) {
        waiter->reject(kj::mv(*refusal));
      } else {
        waiter->fulfill(kj::mv(KJ_ASSERT_NONNULL(outcome.record)));
      }
    }
    void reject(const kj::Exception& exception) override { waiter->reject(kj::cp(exception)); }
  };

  template <typename Result, typename Use>
  class LookJob final: public SessionJob {
  public:
    LookJob(SqliteBackend& backend, Use&& useParam, kj::Own<kj::PromiseFulfiller<Result>> waiter)
        : SessionJob(backend), useSession(kj::mv(useParam)), waiter(kj::mv(waiter)) {}

  private:
    Use useSession;
    kj::Own<kj::PromiseFulfiller<Result>> waiter;
    kj::Maybe<Result> result;

    void use(SqliteSession& session) override { result.emplace(useSession(session)); }
    void succeed() override { waiter->fulfill(kj::mv(KJ_ASSERT_NONNULL(result))); }
    void reject(const kj::Exception& exception) override { waiter->reject(kj::cp(exception)); }
  };

  template <typename Result, typename Use>
  kj::Promise<Result> look(Use&& use) {
    return kj::evalNow([&]() {
      auto paf = kj::newPromiseAndFulfiller<Result>();
      worker.add(kj::heap<LookJob<Result, Use>>(*this, kj::mv(use), kj::mv(paf.fulfiller)));
      return kj::mv(paf.promise);
    });
  }

  void tell(const RequestOutcome& outcome) {
    KJ_IF_MAYBE(l, listener) {
      KJ_IF_MAYBE(record, outcome.record) {
        if (outcome.news == RequestOutcome::News::SETTLED) l->settled(*record);
        if (outcome.news == RequestOutcome::News::DUE) l->workDue(record->call.target);
      }
    }
  }
};

}  // namespace

kj::Own<Backend> newSqliteBackend(kj::StringPtr path, const StoreOptions& options) {
  auto& clock = options.clock.orDefault(kj::systemPreciseCalendarClock());
  return kj::heap<SqliteBackend>(path, options, clock);
}

}  // namespace troth
