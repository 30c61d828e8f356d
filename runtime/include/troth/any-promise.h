#pragma once
// What the functions of the promise algebra need to know of their arguments.
//
// They take a kj::Promise<U> and a troth::Promise<T> alike, and give a kj::Promise. A promise given
// to one of them is moved from, though it be an lvalue: afterwards the result owns it, and dropping
// the result drops it.

#include <kj/async.h>

#include <concepts>
#include <ranges>
#include <type_traits>
#include <variant>

namespace troth {

namespace _ {

// Finds the U of a kj::Promise<U>, or of what derives from one.
template <typename U>
std::type_identity<U> valueOf(const kj::Promise<U>& promise);

}  // namespace _

template <typename P>
concept AnyPromise = requires(std::remove_cvref_t<P>& promise) {
  _::valueOf(promise);
};

template <typename R>
concept RangeOfPromises =
    std::ranges::input_range<R> && AnyPromise<std::ranges::range_reference_t<R>>;

// What awaiting a P gives.
template <AnyPromise P>
using ValueOf = typename decltype(_::valueOf(std::declval<std::remove_cvref_t<P>&>()))::type;

// A U in a tuple or an array, where nothing cannot stand for void.
template <typename U>
using Held = std::conditional_t<std::is_void_v<U>, std::monostate, U>;

namespace _ {

// Moves all of `promise`, so that nothing that is left in the caller's variable keeps its call
// alive.
template <AnyPromise P>
kj::Promise<ValueOf<P>> take(P& promise) {
  P whole = kj::mv(promise);
  return kj::mv(static_cast<kj::Promise<ValueOf<P>>&>(whole));
}

// Calls `fn`. KJ flattens a kj::Promise that a continuation returns; this makes one of a
// troth::Promise.
template <typename Fn, typename... Args>
auto callPlainly(Fn& fn, Args&&... args) {
  using Result = std::invoke_result_t<Fn&, Args...>;
  if constexpr (AnyPromise<Result>) {
    auto promise = fn(kj::fwd<Args>(args)...);
    return take(promise);
  } else {
    return fn(kj::fwd<Args>(args)...);
  }
}

// What `fn` returns when it is called with what a promise for U gives.
template <typename Fn, typename U>
struct ResultWith: std::invoke_result<Fn&, U&&> {};
template <typename Fn>
struct ResultWith<Fn, void>: std::invoke_result<Fn&> {};

}  // namespace _
}  // namespace troth
