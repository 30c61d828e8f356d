#pragma once
// A Happening is what any number of others wait for. It happens once, or fails: what comes first
// stands.

#include <kj/async.h>
#include <kj/vector.h>

namespace troth {

class Happening {
public:
  void happen() {
    if (isOver()) return;
    hasHappened = true;
    for (auto& waiter: waiters) waiter->fulfill();
    waiters.clear();
  }

  void fail(const kj::Exception& reason) {
    if (isOver()) return;
    failure = kj::cp(reason);
    for (auto& waiter: waiters) waiter->reject(kj::cp(reason));
    waiters.clear();
  }

  // Resolves when it has happened. Breaks if it fails, or if this is gone before.
  kj::Promise<void> when() {
    if (hasHappened) return kj::READY_NOW;
    KJ_IF_MAYBE(reason, failure) return kj::cp(*reason);
    auto paf = kj::newPromiseAndFulfiller<void>();
    waiters.add(kj::mv(paf.fulfiller));
    return kj::mv(paf.promise);
  }

private:
  bool hasHappened = false;
  kj::Maybe<kj::Exception> failure;
  kj::Vector<kj::Own<kj::PromiseFulfiller<void>>> waiters;

  bool isOver() const { return hasHappened || failure != nullptr; }
};

}  // namespace troth
