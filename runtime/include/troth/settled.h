#pragma once
// A Settled<U> is how a promise ended: with a value or with an exception.

#include <kj/debug.h>

#include "any-promise.h"

namespace troth {

// One of the two is null. The value of a promise that has none is a std::monostate.
template <typename U>
struct Settled {
  kj::Maybe<Held<U>> value;
  kj::Maybe<kj::Exception> exception;

  bool isKept() const { return exception == nullptr; }

  // The value; throws the exception if the promise broke.
  Held<U>& get() {
    KJ_IF_MAYBE(e, exception) kj::throwFatalException(kj::cp(*e));
    return KJ_ASSERT_NONNULL(value);
  }

  // The promise again.
  kj::Promise<U> toPromise() && {
    KJ_IF_MAYBE(e, exception) return kj::mv(*e);
    if constexpr (std::is_void_v<U>) {
      return kj::READY_NOW;
    } else {
      return kj::mv(KJ_ASSERT_NONNULL(value));
    }
  }
};

// Resolves to how `promise` ended; never breaks.
template <AnyPromise P>
kj::Promise<Settled<ValueOf<P>>> settle(P&& promise) {
  using U = ValueOf<P>;
  auto broken = [](kj::Exception&& exception) { return Settled<U>{nullptr, kj::mv(exception)}; };
  if constexpr (std::is_void_v<U>) {
    return _::take(promise).then([]() { return Settled<U>{std::monostate(), nullptr}; }, broken);
  } else {
    return _::take(promise).then(
        [](U&& value) {
          return Settled<U>{kj::mv(value), nullptr};
        },
        broken);
  }
}

}  // namespace troth
