#pragma once
// What Vat::offload() hands to another thread.

#include "settled.h"

namespace troth::_ {

class Work {
public:
  virtual ~Work() noexcept(false) {}

  // Runs in the other thread. Keeps what it throws.
  virtual void run() noexcept = 0;
};

template <typename Fn>
class WorkOf final: public Work {
public:
  using Result = std::invoke_result_t<Fn&>;
  static_assert(!AnyPromise<Result>,
      "offloaded work runs where there is no event loop: it cannot return a promise");

  explicit WorkOf(Fn fn): fn(kj::mv(fn)) {}

  void run() noexcept override {
    outcome.exception = kj::runCatchingExceptions([this]() {
      if constexpr (std::is_void_v<Result>) {
        fn();
        outcome.value.emplace();
      } else {
        outcome.value.emplace(fn());
      }
    });
  }

  Settled<Result> outcome;

private:
  Fn fn;
};

}  // namespace troth::_
