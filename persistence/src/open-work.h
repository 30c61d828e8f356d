#pragma once
// OpenWork counts what is under way, for who has to wait until all of it is done.

#include <kj/async.h>
#include <kj/vector.h>

namespace troth {

class OpenWork {
public:
  // Counts until it is dropped. It must not outlive this.
  class Piece {
  public:
    explicit Piece(OpenWork& all): all(all) { ++all.count; }
    ~Piece() noexcept(false) { all.done(); }
    KJ_DISALLOW_COPY_AND_MOVE(Piece);

  private:
    OpenWork& all;
  };
  kj::Own<Piece> open() { return kj::heap<Piece>(*this); }

  bool isDone() const { return count == 0; }
  bool isLast() const { return count == 1; }

  kj::Promise<void> whenDone() {
    if (count == 0) return kj::READY_NOW;
    auto paf = kj::newPromiseAndFulfiller<void>();
    waiters.add(kj::mv(paf.fulfiller));
    return kj::mv(paf.promise);
  }

private:
  size_t count = 0;
  kj::Vector<kj::Own<kj::PromiseFulfiller<void>>> waiters;

  void done() {
    if (--count > 0) return;
    for (auto& waiter: waiters) waiter->fulfill();
    waiters.clear();
  }
};

}  // namespace troth
