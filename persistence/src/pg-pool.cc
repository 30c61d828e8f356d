#include "pg-pool.h"

#include <kj/debug.h>
#include <kj/list.h>
#include <kj/refcount.h>

namespace troth {
namespace {

// As good as none: `timeMax` and the delays bound the attempts.
constexpr RetryBudgetOptions OWN_BUDGET{.perCall = 1000, .perSecond = 1000, .most = 1000};

}  // namespace

// Shared by the pool and what it has lent.
class PgPool::Impl final: public kj::Refcounted, private kj::TaskSet::ErrorHandler {
public:
  Impl(Loop& loop, PgPoolOptions options);

  kj::Promise<kj::Own<PgConnection>> take();
  void giveBack(kj::Own<PgConnection> connection);
  void close();

private:
  using Fulfiller = kj::PromiseFulfiller<kj::Own<PgConnection>>;

  class Waiter {
  public:
    Waiter(Fulfiller& fulfiller, Impl& pool): fulfiller(fulfiller), pool(kj::addRef(pool)) {
      pool.waiters.add(*this);
    }
    ~Waiter() noexcept(false) {
      if (link.isLinked()) pool->waiters.remove(*this);
    }

    Fulfiller& fulfiller;
    kj::Own<Impl> pool;
    kj::ListLink<Waiter> link;
  };

  Loop& loop;
  PgPoolOptions options;
  RetryBudget budget{OWN_BUDGET};
  bool isClosed = false;

  kj::List<Waiter, &Waiter::link> waiters;
  kj::Vector<kj::Own<PgConnection>> free;

  // All connections: free, lent, being settled, and being opened.
  kj::uint count = 0;
  kj::uint opening = 0;
  kj::Maybe<kj::TaskSet> tasks;

  // Why the last attempt to open one failed, if it did.
  kj::Maybe<kj::String> problem;

  kj::Maybe<kj::Own<PgConnection>> takeFree();
  kj::Own<PgConnection> lend(kj::Own<PgConnection> connection);
  void put(kj::Own<PgConnection> connection);
  void openMore();
  kj::Promise<kj::Own<PgConnection>> open();
  void openFailed(const kj::Exception& failure);
  Waiter& takeWaiter();

  void taskFailed(kj::Exception&& exception) override;
};

PgPool::Impl::Impl(Loop& loop, PgPoolOptions optionsParam)
    : loop(loop), options(kj::mv(optionsParam)) {
  KJ_REQUIRE(options.connectionsMax > 0, "a PgPool needs one connection at least");
  options.reconnect.retryBudget = budget;
  tasks.emplace(static_cast<kj::TaskSet::ErrorHandler&>(*this));
}

kj::Promise<kj::Own<PgConnection>> PgPool::Impl::take() {
  KJ_IF_MAYBE(connection, takeFree()) return lend(kj::mv(*connection));
  if (waiters.size() >= options.waitersMax) {
    return KJ_EXCEPTION(OVERLOADED,
        "too many wait for a connection to PostgreSQL: limit waitersMax", options.waitersMax);
  }
  auto promise = kj::newAdaptedPromise<kj::Own<PgConnection>, Waiter>(*this);
  openMore();
  auto refusal = [self = kj::addRef(*this)]() -> kj::Promise<kj::Own<PgConnection>> {
    auto max = self->options.waitMax;
    KJ_IF_MAYBE(problem, self->problem) {
      return KJ_EXCEPTION(
          OVERLOADED, "there is no connection to PostgreSQL: limit waitMax", max, *problem);
    }
    return KJ_EXCEPTION(
        OVERLOADED, "no connection to PostgreSQL became free in time: limit waitMax", max);
  };
  return promise.exclusiveJoin(loop.timer().afterDelay(options.waitMax).then(kj::mv(refusal)));
}

kj::Maybe<kj::Own<PgConnection>> PgPool::Impl::takeFree() {
  while (!free.empty()) {
    auto connection = kj::mv(free.back());
    free.removeLast();
    if (!connection->isLost()) return kj::mv(connection);
    --count;
  }
  return nullptr;
}

kj::Own<PgConnection> PgPool::Impl::lend(kj::Own<PgConnection> connection) {
  auto& lent = *connection;
  auto back = kj::defer([pool = kj::addRef(*this), connection = kj::mv(connection)]() mutable {
    pool->giveBack(kj::mv(connection));
  });
  return kj::Own<PgConnection>(&lent, kj::NullDisposer::instance).attach(kj::mv(back));
}

void PgPool::Impl::giveBack(kj::Own<PgConnection> connection) {
  if (connection->isSettled()) return put(kj::mv(connection));
  KJ_IF_MAYBE(set, tasks) {
    auto settled = connection->settle();
    set->add(settled.then(
        [this, connection = kj::mv(connection)]() mutable { put(kj::mv(connection)); }));
  }
}

void PgPool::Impl::put(kj::Own<PgConnection> connection) {
  if (isClosed) return;
  if (connection->isLost()) {
    --count;
    openMore();
  } else if (waiters.empty()) {
    free.add(kj::mv(connection));
  } else {
    takeWaiter().fulfiller.fulfill(lend(kj::mv(connection)));
  }
}

PgPool::Impl::Waiter& PgPool::Impl::takeWaiter() {
  auto& waiter = waiters.front();
  waiters.remove(waiter);
  return waiter;
}

void PgPool::Impl::openMore() {
  KJ_IF_MAYBE(set, tasks) {
    while (opening < waiters.size() && count < options.connectionsMax) {
      ++count;
      ++opening;
      set->add(retry(loop.timer(), options.reconnect, [this]() { return open(); })
                   .then(
                       [this](kj::Own<PgConnection> connection) {
                         --opening;
                         put(kj::mv(connection));
                       },
                       [this](kj::Exception&& failure) { openFailed(failure); }));
    }
  }
}

kj::Promise<kj::Own<PgConnection>> PgPool::Impl::open() {
  try {
    auto connection = co_await PgConnection::connect(loop, options.where);
    co_await options.setUp(*connection);
    problem = nullptr;
    co_return kj::mv(connection);
  } catch (...) {
    auto failure = kj::getCaughtExceptionAsKj();
    problem = kj::str(failure.getDescription());
    kj::throwFatalException(kj::mv(failure));
  }
}

void PgPool::Impl::openFailed(const kj::Exception& failure) {
  --opening;
  --count;
  if (count > 0) return;
  while (!waiters.empty()) takeWaiter().fulfiller.reject(kj::cp(failure));
}

void PgPool::Impl::close() {
  isClosed = true;
  tasks = nullptr;
  free.clear();
  while (!waiters.empty()) {
    takeWaiter().fulfiller.reject(
        KJ_EXCEPTION(FAILED, "a PgPool was destroyed while somebody waited for a connection"));
  }
}

void PgPool::Impl::taskFailed(kj::Exception&& exception) {
  KJ_LOG(ERROR, "a connection to PostgreSQL could not be settled", exception);
}

PgPool::PgPool(Loop& loop, PgPoolOptions options)
    : impl(kj::refcounted<Impl>(loop, kj::mv(options))) {}
PgPool::~PgPool() noexcept(false) { impl->close(); }

kj::Promise<kj::Own<PgConnection>> PgPool::take() { return impl->take(); }

}  // namespace troth
