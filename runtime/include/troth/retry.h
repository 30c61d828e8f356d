#pragma once
// retry() makes a call again while it fails for a reason that may pass: OVERLOADED, which says that
// the call was refused, or DISCONNECTED, which says that something was lost on the way.
//
//     auto account = bank.findAccount("alice").retry().account();          // one round trip,
//     auto amount = account.balance().amount();                            // and more on failure
//     auto rates = co_await troth::retry(vat.timer(), {}, [&]() { return bank.rates(); });
//
// As a member of a Promise it is a property of the call that the promise comes from, and must be
// asked for in the turn in which the call is made. Refs and promises taken from it keep pipelining,
// and stand for the attempt that succeeds. While the call waits for its next attempt, calls that
// need it wait too; then all go out together, in the order in which they were made. The function
// takes another function, which each attempt calls anew; it can make several calls.
//
// What may happen twice. An attempt that broke with DISCONNECTED may have been carried out, its
// answer lost: retry only what may happen twice, or what the server knows how to recognise. A call
// without a policy is never delivered twice. If it needs the one that is retried, it goes out again
// with that one after OVERLOADED, when neither can have run; after DISCONNECTED it breaks, unless
// it has a policy of its own. (A server that hands out objects of a call before the call has
// settled, and then breaks it with OVERLOADED, may get calls on those objects twice.)
//
// Limits. A ref from Vat::connect(address) connects anew, so that a call on it is tried again after
// its server has restarted. Every other ref to an object of another vat ends with its connection: a
// call whose target is gone for good is not tried again. Retry the call that gave the ref, or use
// the function, and get the ref in it. An object of a retried call that is passed as an argument,
// or to a stock client, is known to the other side only when the call has settled: calls made on it
// there cost a round trip more. The member needs a Loop in its thread, and is refused in the body
// of a map, for a map, and for a streaming call.

#include <kj/timer.h>

#include "any-promise.h"

namespace troth {

// Whether the same call may succeed later: what broke it is OVERLOADED or DISCONNECTED. FAILED and
// UNIMPLEMENTED stay as they are.
bool isRetryable(const kj::Exception& exception);

// Where the random part of a delay comes from.
class JitterSource {
public:
  virtual ~JitterSource() = default;

  // At least 0, less than 1.
  virtual double next() = 0;
};

struct RetryBudgetOptions {
  // How many retries each call adds, and each second. The second is for programs that make few
  // calls.
  double perCall = 0.1;
  double perSecond = 1;

  // How many there are at first, and at most.
  double most = 100;
};

// Bounds the retries of all calls that share it to a part of the calls, so that a server that fails
// is not buried in calls made again. Used by one thread.
class RetryBudget {
public:
  explicit RetryBudget(RetryBudgetOptions options = {});

  // The one of this thread.
  static RetryBudget& current();

  // A call is made that may be retried.
  void add();

  // Takes one retry; false if there is none left.
  bool take(kj::TimePoint now);

private:
  RetryBudgetOptions options;
  double left;
  kj::Maybe<kj::TimePoint> lastTaken;
};

struct RetryPolicy {
  // The first attempt included. At least 1.
  kj::uint attemptsMax = 5;

  // The delay before attempt n + 1 is a random part ("full jitter") of delayFirst * 2^(n - 1), and
  // of delayMax at most. Random, so that clients that failed together do not come back together.
  kj::Duration delayFirst = 100 * kj::MILLISECONDS;
  kj::Duration delayMax = 10 * kj::SECONDS;

  // No attempt starts later than this after the first. One that has started is not cut short: for
  // that, see within().
  kj::Duration timeMax = 30 * kj::SECONDS;

  // Must outlive the promise. Without one, the thread's own is used.
  kj::Maybe<RetryBudget&> retryBudget = nullptr;

  // Must outlive the promise. Without one, the thread's own is used, which is seeded by the system.
  kj::Maybe<JitterSource&> jitter = nullptr;
};

namespace _ {

// The one of this thread, seeded by the system.
JitterSource& threadJitter();

// Delays that double, up to a bound. Each is a random part of what it may be.
class JitteredDelay {
public:
  // `jitter` must outlive the delays. Without one, the thread's own is used.
  JitteredDelay(kj::Duration first, kj::Duration most, kj::Maybe<JitterSource&> jitter);

  kj::Duration next();

private:
  kj::Duration below;
  kj::Duration most;
  kj::Maybe<JitterSource&> jitter;
};

// Decides what follows an attempt that broke.
class Backoff {
public:
  Backoff(kj::Timer& timer, RetryPolicy policy);

  // Resolves when it is time for the next attempt. Null if there is to be none: if that is because
  // of a limit, `failure` then says so.
  kj::Maybe<kj::Promise<void>> afterFailure(kj::Exception& failure);

private:
  kj::Timer& timer;
  RetryPolicy policy;
  kj::TimePoint end;
  JitteredDelay delay;
  kj::uint attempts = 0;

  RetryBudget& getBudget() { return policy.retryBudget.orDefault(RetryBudget::current()); }
};

template <typename Fn>
class Retrying {
public:
  using U = ValueOf<std::invoke_result_t<Fn&>>;

  Retrying(kj::Timer& timer, RetryPolicy policy, Fn fn)
      : backoff(timer, kj::mv(policy)), fn(kj::mv(fn)) {}

  kj::Promise<U> attempt() {
    return kj::evalNow([this]() {
      return callPlainly(fn);
    }).catch_([this](kj::Exception&& failure) -> kj::Promise<U> {
      KJ_IF_MAYBE(next, backoff.afterFailure(failure)) {
        return next->then([this]() { return attempt(); });
      }
      return kj::mv(failure);
    });
  }

private:
  Backoff backoff;
  Fn fn;
};

}  // namespace _

// Gives what the promise that fn() returns gives. Calls `fn` at once, and again after a delay while
// what it throws, or its promise breaks with, is retryable and `policy` allows. Breaks with the
// last failure; if that is because a limit of the policy is reached, its text names the limit.
// Dropping the result drops the attempt that is under way, and makes no more. `timer` must outlive
// the result.
template <typename Fn>
requires AnyPromise<std::invoke_result_t<Fn&>>
auto retry(kj::Timer& timer, RetryPolicy policy, Fn fn) {
  auto retrying = kj::heap<_::Retrying<Fn>>(timer, kj::mv(policy), kj::mv(fn));
  auto result = retrying->attempt();
  return result.attach(kj::mv(retrying));
}

}  // namespace troth
