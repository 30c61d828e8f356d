#pragma once
// A Deadline is the time by which a call is to be done. It is set with within(), on a promise of
// anything in the results of the call, and travels with the call.
//
//     auto account = bank.openAccount("alice", 100).within(5 * kj::SECONDS).account();
//     auto cents = co_await account.balance().within(std::chrono::seconds(1)).amount();
//
// The promise stays what it is: accessors pipeline as before, in as many round trips. Of several
// deadlines the nearest counts. When it passes,
//
//   - the call breaks with OVERLOADED, and so does what needs its results and has not settled. That
//     happens here, be the peer reachable or not; a call that has not been sent never is.
//   - its server drops the promise of the method, even if the schema does not allow callers to
//     cancel it, and with that everything the method waits for.
//   - calls that the method made for it end too, however many vats away: their deadline is never
//     later. Those it makes before it first waits, and those on refs that its call object gave it,
//     inherit the deadline by themselves, as long as the method runs. Others are given it with
//     `.within(call)`.
//
// Limits. A peer without Object, a streaming method, and a call that was sent before within(),
// leave the deadline on this side: when it passes the call is cancelled, which the schema may not
// allow. A stock client that is made of a ref inherits nothing. In the body of a map calls have no
// deadline of their own: the map has. The thread needs a troth::Loop, for its timer.
//
// Promises that are not of calls have the function below.

#include <kj/timer.h>

#include <chrono>
#include <concepts>

#include "any-promise.h"

namespace troth {

namespace _ {

// A longer time counts as this one.
constexpr kj::Duration DEADLINE_MAX = 100 * 365 * kj::DAYS;

template <typename Rep, typename Period>
kj::Duration toDuration(std::chrono::duration<Rep, Period> time) {
  constexpr double MAX = DEADLINE_MAX / kj::SECONDS;
  auto seconds = std::chrono::duration<double>(time).count();
  if (!(seconds < MAX)) return DEADLINE_MAX;
  if (seconds <= 0) return 0 * kj::NANOSECONDS;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count() * kj::NANOSECONDS;
}

// A call as its server sees it.
template <typename C>
concept ServedCall = requires(const C& call) {
  { call.deadline() } -> std::same_as<kj::Maybe<kj::TimePoint>>;
};

kj::Exception deadlinePassed(kj::Duration limit);

}  // namespace _

class Deadline {
public:
  // `limit` from now. If that is zero or less, the call breaks without being sent.
  Deadline(kj::Duration limit);
  template <typename Rep, typename Period>
  Deadline(std::chrono::duration<Rep, Period> limit): Deadline(_::toDuration(limit)) {}

  // That of the call which a method serves; none if it has none.
  template <_::ServedCall C>
  Deadline(const C& call): end(call.deadline()) {}

  // `end` is on the scale of the loop's timer.
  static Deadline at(kj::TimePoint end) { return Deadline(end); }

  // On the scale of the loop's timer. Null if there is none.
  kj::Maybe<kj::TimePoint> getEnd() const { return end; }

  // What was asked for; null if the deadline is that of another call.
  kj::Maybe<kj::Duration> getLimit() const { return limit; }

private:
  explicit Deadline(kj::TimePoint end): end(end) {}

  kj::Maybe<kj::TimePoint> end;
  kj::Maybe<kj::Duration> limit;
};

// Settles as `promise` does, if it does within `limit` from now. If not, drops it, which cancels
// its call if it is of one, and breaks with OVERLOADED. Needs no Loop, takes any promise, and gives
// one without accessors. The deadline is this side's alone: it does not travel.
template <AnyPromise P>
kj::Promise<ValueOf<P>> within(kj::Timer& timer, kj::Duration limit, P&& promise) {
  auto late = timer.afterDelay(limit).then(
      [limit]() -> kj::Promise<ValueOf<P>> { return _::deadlinePassed(limit); });
  return _::take(promise).exclusiveJoin(kj::mv(late));
}

}  // namespace troth
