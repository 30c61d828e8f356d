#pragma once
// A Resolver<T> is the writable end of a promise.
//
//     auto [promise, resolver] = troth::newResolver<int>();
//     resolver.resolve(5);
//
// The promise settles once: the first of resolve(), reject() and follow() decides, and later ones
// change nothing. If the Resolver is gone before any of them, the promise breaks. Both ends are
// used by one thread.

#include "any-promise.h"

namespace troth {

template <typename T>
class Resolver {
public:
  explicit Resolver(kj::Own<kj::PromiseFulfiller<kj::Promise<T>>> fulfiller)
      : fulfiller(kj::mv(fulfiller)) {}
  ~Resolver() noexcept(false) { abandon(); }
  Resolver(Resolver&&) = default;
  Resolver& operator=(Resolver&& other) {
    abandon();
    fulfiller = kj::mv(other.fulfiller);
    return *this;
  }

  // Each of these returns whether it decided how the promise settles. It did not if another one has
  // before, or if nobody holds the promise any more.

  bool resolve(Held<T> value) {
    if constexpr (std::is_void_v<T>) {
      return follow(kj::Promise<void>(kj::READY_NOW));
    } else {
      return follow(kj::Promise<T>(kj::mv(value)));
    }
  }
  bool resolve() requires std::is_void_v<T> { return resolve(std::monostate()); }

  bool reject(kj::Exception exception) {
    if (!isPending()) return false;
    fulfiller->reject(kj::mv(exception));
    return true;
  }

  // Makes the promise settle as `other` will, and be dropped with it.
  template <AnyPromise P>
  bool follow(P&& other) {
    if (!isPending()) return false;
    fulfiller->fulfill(_::take(other));
    return true;
  }

  // Whether the promise still waits for this: it is not decided, and somebody holds it.
  bool isPending() const {
    return fulfiller.get() != nullptr &&
        const_cast<kj::PromiseFulfiller<kj::Promise<T>>&>(*fulfiller).isWaiting();
  }

private:
  kj::Own<kj::PromiseFulfiller<kj::Promise<T>>> fulfiller;

  void abandon() {
    reject(KJ_EXCEPTION(FAILED, "the Resolver of this promise is gone, and never resolved it"));
  }
};

// The two ends of a new promise.
template <typename T>
struct PromiseAndResolver {
  kj::Promise<T> promise;
  Resolver<T> resolver;
};

template <typename T>
PromiseAndResolver<T> newResolver() {
  auto pair = kj::newPromiseAndFulfiller<kj::Promise<T>>();
  return {kj::mv(pair.promise), Resolver<T>(kj::mv(pair.fulfiller))};
}

}  // namespace troth
