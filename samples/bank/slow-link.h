#pragma once
// A link on which a round trip takes as long as to another city: it delivers what goes over a
// stream half of `roundTrip` later, in each direction, and leaves its order and its pieces alone.

#include <kj/async-io.h>
#include <troth/vat.h>

class SlowLink {
public:
  SlowLink(troth::Vat& vat, kj::Own<kj::AsyncIoStream> farEnd, kj::Duration roundTrip)
      : timer(vat.timer()), delay(roundTrip / 2), far(kj::mv(farEnd)), pipe(kj::newTwoWayPipe()) {
    there = relay(*pipe.ends[1], *far).eagerlyEvaluate(nullptr);
    back = relay(*far, *pipe.ends[1]).eagerlyEvaluate(nullptr);
  }

  // The near end of the link.
  kj::Own<kj::AsyncIoStream> takeEnd() { return kj::mv(pipe.ends[0]); }

private:
  static constexpr size_t PIECE_BYTES_MAX = 65536;

  kj::Timer& timer;
  kj::Duration delay;
  kj::Own<kj::AsyncIoStream> far;
  kj::TwoWayPipe pipe;
  kj::Promise<void> there = nullptr;
  kj::Promise<void> back = nullptr;

  kj::Promise<void> relay(kj::AsyncIoStream& from, kj::AsyncIoStream& to) {
    kj::Promise<void> delivered = kj::READY_NOW;
    for (;;) {
      auto piece = kj::heapArray<kj::byte>(PIECE_BYTES_MAX);
      auto size = co_await from.tryRead(piece.begin(), 1, piece.size());
      if (size == 0) break;
      delivered = deliver(kj::mv(delivered), to, kj::mv(piece), size).eagerlyEvaluate(nullptr);
    }
    co_await delivered;
    to.shutdownWrite();
  }

  kj::Promise<void> deliver(
      kj::Promise<void> earlier, kj::AsyncIoStream& to, kj::Array<kj::byte> piece, size_t size) {
    auto due = timer.now() + delay;
    co_await earlier;
    co_await timer.atTime(due);
    co_await to.write(piece.begin(), size);
  }
};
