#pragma once
// all, any, race and settled make one promise of several.
//
//     auto [rate, fee] = co_await troth::all(bank.rate().value(), bank.fee().amount());
//     auto balances = co_await troth::all(calls);        // a kj::Array, in the order of `calls`
//     auto page = co_await troth::any(mirrors);          // the first that works
//
// Each takes promises one by one, or a range of them (a container, an array, a view). They are
// moved from, though they be lvalues. They run at once, whether or not anybody awaits the result.
// As soon as the result is decided the promises that have not settled are dropped, which cancels
// their calls; so are all of them if the result is dropped.
//
// The result settles in a later turn than the promise that decides it, and never in the turn in
// which it is made.

#include <kj/vector.h>

#include <tuple>

#include "settled.h"

namespace troth {

namespace _ {

enum class Until { ALL_KEPT, FIRST_KEPT, FIRST_SETTLED };

// Runs `branches`, and cancels what is left of them when the outcome is known: gives the number of
// the branch that decided.
kj::Promise<uint> join(kj::Array<kj::Promise<void>> branches, Until until);

template <typename U>
using Slot = kj::Maybe<Held<U>>;

// A promise for having what `promise` gives in `slot`.
template <typename U>
kj::Promise<void> putInto(Slot<U>& slot, kj::Promise<U> promise) {
  if constexpr (std::is_void_v<U>) {
    return promise.then([&slot]() { slot.emplace(); });
  } else {
    return promise.then([&slot](U&& value) { slot.emplace(kj::mv(value)); });
  }
}

template <typename T>
T takeFrom(kj::Maybe<T>& slot) {
  return kj::mv(KJ_ASSERT_NONNULL(slot));
}

// The promises of `range`, moved.
template <RangeOfPromises R>
auto takeAll(R&& range) {
  kj::Vector<kj::Promise<ValueOf<std::ranges::range_reference_t<R>>>> promises;
  for (auto&& promise: range) promises.add(take(promise));
  return promises.releaseAsArray();
}

// Joins `promises` and gives what `collect` makes of the slots and of the number of the branch that
// decided.
template <typename U, typename Collect>
auto joinSlots(kj::Array<kj::Promise<U>> promises, Until until, Collect collect) {
  auto slots = kj::heapArray<Slot<U>>(promises.size());
  auto branches = kj::heapArrayBuilder<kj::Promise<void>>(promises.size());
  for (uint i = 0; i < promises.size(); ++i) {
    branches.add(putInto<U>(slots[i], kj::mv(promises[i])));
  }
  return join(branches.finish(), until)
      .then([slots = kj::mv(slots), collect](
                uint decided) mutable { return collect(slots, decided); });
}

// The value of the promise that decides.
template <typename U>
kj::Promise<U> first(kj::Array<kj::Promise<U>> promises, Until until) {
  return joinSlots(kj::mv(promises), until, [](kj::Array<Slot<U>>& slots, uint decided) {
    if constexpr (!std::is_void_v<U>) return takeFrom(slots[decided]);
  });
}

template <typename... Us, size_t... indices>
auto allOf(std::index_sequence<indices...>, kj::Promise<Us>... promises) {
  auto slots = kj::heap<std::tuple<Slot<Us>...>>();
  auto branches = kj::heapArrayBuilder<kj::Promise<void>>(sizeof...(Us));
  (branches.add(putInto<Us>(std::get<indices>(*slots), kj::mv(promises))), ...);
  return join(branches.finish(), Until::ALL_KEPT).then([slots = kj::mv(slots)](uint) mutable {
    if constexpr (!(std::is_void_v<Us> && ...)) {
      return std::tuple<Held<Us>...>(takeFrom(std::get<indices>(*slots))...);
    }
  });
}

template <AnyPromise P, AnyPromise... Ps>
auto arrayOf(P& promise, Ps&... promises) {
  auto array = kj::heapArrayBuilder<kj::Promise<ValueOf<P>>>(1 + sizeof...(Ps));
  array.add(take(promise));
  (array.add(take(promises)), ...);
  return array.finish();
}

template <typename P, typename... Ps>
constexpr bool haveSameValues() {
  return (std::same_as<ValueOf<P>, ValueOf<Ps>> && ...);
}

}  // namespace _

// Kept when all are, with a std::tuple of their values; a promise without a value gives a
// std::monostate, and only such promises a kj::Promise<void>. The first that breaks breaks it at
// once, with that exception.
template <AnyPromise... Ps>
requires(sizeof...(Ps) > 0) auto all(Ps&&... promises) {
  return _::allOf<ValueOf<Ps>...>(std::make_index_sequence<sizeof...(Ps)>(), _::take(promises)...);
}

// The same with a kj::Array of values, in the order of the range. Kept if the range is empty.
template <RangeOfPromises R>
auto all(R&& range) {
  using U = ValueOf<std::ranges::range_reference_t<R>>;
  return _::joinSlots(
      _::takeAll(range), _::Until::ALL_KEPT, [](kj::Array<_::Slot<U>>& slots, uint) {
        if constexpr (!std::is_void_v<U>) return KJ_MAP(slot, slots) {
            return _::takeFrom(slot);
          };
      });
}

// Kept with the first value that there is. If all break, it breaks with one exception that tells
// what each broke with (the first few, if there are many); its type is theirs if they agree, and
// FAILED if they do not. Broken if the range is empty.
template <AnyPromise... Ps>
requires(sizeof...(Ps) > 0 && _::haveSameValues<Ps...>()) auto any(Ps&&... promises) {
  return _::first(_::arrayOf(promises...), _::Until::FIRST_KEPT);
}
template <RangeOfPromises R>
auto any(R&& range) {
  return _::first(_::takeAll(range), _::Until::FIRST_KEPT);
}

// Settles as the first that settles, be it kept or broken. Never settles if the range is empty.
template <AnyPromise... Ps>
requires(sizeof...(Ps) > 0 && _::haveSameValues<Ps...>()) auto race(Ps&&... promises) {
  return _::first(_::arrayOf(promises...), _::Until::FIRST_SETTLED);
}
template <RangeOfPromises R>
auto race(R&& range) {
  return _::first(_::takeAll(range), _::Until::FIRST_SETTLED);
}

// Kept when all have settled, with a std::tuple of a Settled for each. Never breaks.
template <AnyPromise... Ps>
requires(sizeof...(Ps) > 0) auto settled(Ps&&... promises) { return all(settle(promises)...); }

// The same with a kj::Array, in the order of the range. Kept if the range is empty.
template <RangeOfPromises R>
auto settled(R&& range) {
  return all(KJ_MAP(promise, _::takeAll(range)) { return settle(promise); });
}

}  // namespace troth
