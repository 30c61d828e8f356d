#pragma once
// What makes a promise of another: map, flatMap, recover, finally, via; and lazy, which makes one
// of nothing.
//
//     auto euros = account.balance().cents().map([](int64_t cents) { return cents / 100; });
//     auto known = troth::recover(euros, [](kj::Exception&&) { return 0; });
//
// All but lazy() are free functions on a kj::Promise or a troth::Promise, and members of a
// troth::Promise. They take the promise over: dropping the result drops it. A function given to
// them may return a troth::Promise where it may return a kj::Promise. What it throws breaks the
// result. It runs when somebody awaits the result, as a continuation given to kj::Promise::then()
// does, in a later turn than the one in which the result was made, even if the promise has settled
// long since; and it never runs if the result is dropped before.
//
// then() and catch_() are those of kj::Promise.

#include <capnp/common.h>

#include "settled.h"

namespace troth {

namespace _ {

// A continuation of a kj::Promise<U> that calls `fn`.
template <typename U, typename Fn>
auto continuing(Fn fn) {
  if constexpr (std::is_void_v<U>) {
    return [fn = kj::mv(fn)]() mutable { return callPlainly(fn); };
  } else {
    return [fn = kj::mv(fn)](U&& value) mutable { return callPlainly(fn, kj::mv(value)); };
  }
}

template <typename U>
kj::Promise<void> withoutValue(kj::Promise<U> promise) {
  if constexpr (std::is_void_v<U>) {
    return promise;
  } else {
    return promise.ignoreResult();
  }
}

}  // namespace _

// A promise for fn(value), or fn() if the promise has no value. `fn` makes a value of it; if it
// makes a promise, use flatMap().
template <AnyPromise P, typename Fn>
auto map(P&& promise, Fn fn) {
  using U = ValueOf<P>;
  static_assert(!AnyPromise<typename _::ResultWith<Fn, U>::type>,
      "the function given to map() returns a promise: use flatMap()");
  return _::take(promise).then(_::continuing<U>(kj::mv(fn)));
}

// The promise that fn(value) returns.
template <AnyPromise P, typename Fn>
auto flatMap(P&& promise, Fn fn) {
  using U = ValueOf<P>;
  static_assert(AnyPromise<typename _::ResultWith<Fn, U>::type>,
      "the function given to flatMap() must return a promise: use map()");
  return _::take(promise).then(_::continuing<U>(kj::mv(fn)));
}

// The same value; or, if the promise breaks, fn(exception), which is a value or a promise for one.
// `fn` passes on what it does not know by throwing it.
template <AnyPromise P, typename Fn>
kj::Promise<ValueOf<P>> recover(P&& promise, Fn fn) {
  using U = ValueOf<P>;
  using Made = std::invoke_result_t<Fn&, kj::Exception&&>;
  using Result = std::conditional_t<AnyPromise<Made>, kj::Promise<U>, U>;
  return _::take(promise).catch_([fn = kj::mv(fn)](kj::Exception&& exception) mutable -> Result {
    return _::callPlainly(fn, kj::mv(exception));
  });
}

// Calls fn() when the promise has settled, kept or broken, and then settles as it did. If `fn`
// returns a promise, waits for it first. What `fn` throws, or its promise breaks with, takes the
// place of the outcome. A promise that is dropped has not settled: for what must happen then too,
// attach() a kj::defer().
template <AnyPromise P, typename Fn>
kj::Promise<ValueOf<P>> finally(P&& promise, Fn fn) {
  using U = ValueOf<P>;
  return settle(promise).then([fn = kj::mv(fn)](Settled<U>&& outcome) mutable {
    if constexpr (AnyPromise<std::invoke_result_t<Fn&>>) {
      return _::withoutValue(_::callPlainly(fn)).then([outcome = kj::mv(outcome)]() mutable {
        return kj::mv(outcome).toPromise();
      });
    } else {
      fn();
      return kj::mv(outcome).toPromise();
    }
  });
}

// A promise for fn(value) where `fn` runs in the event loop of another thread: the one whose Loop
// or kj::EventLoop `executor` belongs to. If it returns a promise, that is awaited there. The
// result settles in this thread.
//
// `fn` gets a reference to the value, which stays where it is; it, the value and what it returns
// are destroyed in this thread, and so must not be of a kind that the other thread changes the
// innards of: a Ref or a reader is for one thread. Dropping the result cancels `fn` and waits until
// the other thread has done so. Breaks with DISCONNECTED if the other loop is gone.
template <AnyPromise P, typename Fn>
auto via(P&& promise, const kj::Executor& executor, Fn fn) {
  return _::take(promise).then(_::continuing<ValueOf<P>>(
      [executor = executor.addRef(), fn = kj::mv(fn)](auto&&... values) mutable {
        return executor->executeAsync([fn = kj::mv(fn), ... values = kj::mv(values)]() mutable {
          return _::callPlainly(fn, values...);
        });
      }));
}

// A promise for fn(), a value or a promise. `fn` runs when the promise is first awaited, not
// before; if the promise is dropped unawaited, never.
template <typename Fn>
auto lazy(Fn fn) {
  return kj::Promise<void>(kj::READY_NOW).then(_::continuing<void>(kj::mv(fn)));
}

namespace _ {

// The members of Self, a promise for a T, that do what the functions above do. The map() of a list
// is another: it maps the elements.
template <typename Self, typename T>
class Transformable {
public:
  template <typename Fn>
  requires(CAPNP_KIND(T) != capnp::Kind::LIST) auto map(Fn fn) {
    return troth::map(self(), kj::mv(fn));
  }
  template <typename Fn>
  auto flatMap(Fn fn) {
    return troth::flatMap(self(), kj::mv(fn));
  }
  template <typename Fn>
  auto recover(Fn fn) {
    return troth::recover(self(), kj::mv(fn));
  }
  template <typename Fn>
  auto finally(Fn fn) {
    return troth::finally(self(), kj::mv(fn));
  }
  template <typename Fn>
  auto via(const kj::Executor& executor, Fn fn) {
    return troth::via(self(), executor, kj::mv(fn));
  }

private:
  Self& self() { return static_cast<Self&>(*this); }
};

}  // namespace _
}  // namespace troth
