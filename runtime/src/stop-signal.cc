#include "stop-signal.h"

#include <kj/debug.h>
#include <uv.h>
#include <csignal>

namespace troth {
namespace {

class SignalWaiter {
public:
  SignalWaiter(kj::PromiseFulfiller<void>& fulfiller, Loop& loop): fulfiller(fulfiller) {
    for (uint i = 0; i < kj::size(SIGNALS); ++i) {
      handles[i] = new uv_signal_t;
      KJ_ASSERT(uv_signal_init(&loop.uv(), handles[i]) == 0);
      handles[i]->data = this;
      KJ_ASSERT(uv_signal_start(handles[i], &onSignal, SIGNALS[i]) == 0);
    }
  }
  ~SignalWaiter() {
    // libuv uses a handle until it has called this.
    for (auto handle: handles) {
      uv_close(reinterpret_cast<uv_handle_t*>(handle),
          [](uv_handle_t* h) { delete reinterpret_cast<uv_signal_t*>(h); });
    }
  }
  KJ_DISALLOW_COPY_AND_MOVE(SignalWaiter);

private:
  static constexpr int SIGNALS[] = {SIGINT, SIGTERM};

  kj::PromiseFulfiller<void>& fulfiller;
  uv_signal_t* handles[kj::size(SIGNALS)];

  static void onSignal(uv_signal_t* handle, int) {
    static_cast<SignalWaiter*>(handle->data)->fulfiller.fulfill();
  }
};

}  // namespace

kj::Promise<void> whenAskedToStop(Loop& loop) {
  return kj::newAdaptedPromise<void, SignalWaiter>(loop);
}

}  // namespace troth
