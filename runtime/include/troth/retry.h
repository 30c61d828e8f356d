#pragma once
// retry() makes a call again while it fails for a reason that may pass.
//
//     auto balance = co_await troth::retry(vat.timer(), {}, [&]() { return account.balance(); });
//
// It takes a function, not a promise: a call is made once, and its promise settles once; each
// attempt is a new call. An attempt that broke with DISCONNECTED may have been carried out, its
// answer lost: retry only what may happen twice, or what the server knows how to recognise.

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

struct RetryPolicy {
  // The first attempt included. At least 1.
  kj::uint attemptsMax = 5;

  // The delay before attempt n + 1 is a random part ("full jitter") of delayFirst * 2^(n - 1), and
  // of delayMax at most. Random, so that clients that failed together do not come back together.
  kj::Duration delayFirst = 100 * kj::MILLISECONDS;
  kj::Duration delayMax = 10 * kj::SECONDS;

  // No attempt starts later than this after the first. One that has started is not cut short: for
  // that, see within().
  kj::Duration budget = 30 * kj::SECONDS;

  // Must outlive the promise. Without one, the thread's own is used, which is seeded by the system.
  kj::Maybe<JitterSource&> jitter = nullptr;
};

namespace _ {

// Decides what follows an attempt that broke.
class Backoff {
public:
  Backoff(kj::Timer& timer, RetryPolicy policy);

  // Resolves when it is time for the next attempt, or breaks with what the whole breaks with.
  kj::Promise<void> afterFailure(kj::Exception&& failure);

private:
  kj::Timer& timer;
  RetryPolicy policy;
  kj::TimePoint end;
  kj::Duration delayBelow;
  kj::uint attempts = 0;
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
    }).catch_([this](kj::Exception&& failure) {
      return backoff.afterFailure(kj::mv(failure)).then([this]() { return attempt(); });
    });
  }

private:
  Backoff backoff;
  Fn fn;
};

}  // namespace _

// Gives what the promise that fn() returns gives. Calls `fn` at once, and again after a delay while
// what it throws, or its promise breaks with, is retryable and `policy` allows. Breaks with the
// last failure; if that is because attempts or the budget are used up, its text says so. Dropping
// the result drops the attempt that is under way, and makes no more. `timer` must outlive the
// result.
template <typename Fn>
requires AnyPromise<std::invoke_result_t<Fn&>>
auto retry(kj::Timer& timer, RetryPolicy policy, Fn fn) {
  auto retrying = kj::heap<_::Retrying<Fn>>(timer, kj::mv(policy), kj::mv(fn));
  auto result = retrying->attempt();
  return result.attach(kj::mv(retrying));
}

}  // namespace troth
