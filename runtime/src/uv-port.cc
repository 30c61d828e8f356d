#include "uv-port.h"

#include <kj/debug.h>
#include <thread>
#include <utility>

namespace troth {
namespace {

// The handles that a port has for itself.
constexpr size_t OWN_HANDLES = 4;

}  // namespace

LoopPort::LoopPort(uv_loop_t& loop)
    : loop(loop),
      waker(registry, this,
          [&](uv_async_t* raw) {
            return uv_async_init(&loop, raw, [](uv_async_t* raw) {
              auto& port = *static_cast<LoopPort*>(raw->data);
              port.woken = true;
              port.updateIdle();
            });
          }),
      idle(registry, this, [&](uv_idle_t* raw) { return uv_idle_init(&loop, raw); }),
      prepare(registry, this, [&](uv_prepare_t* raw) { return uv_prepare_init(&loop, raw); }),
      check(registry, this, [&](uv_check_t* raw) { return uv_check_init(&loop, raw); }) {
  uv_prepare_start(&prepare.get(), [](uv_prepare_t* raw) {
    auto& port = *static_cast<LoopPort*>(raw->data);
    if (port.insideWait && port.isRunnable()) port.startIdle();
  });
  uv_check_start(&check.get(), [](uv_check_t* raw) {
    auto& port = *static_cast<LoopPort*>(raw->data);
    ++port.polls;
    port.pump();
  });
  uv_unref(reinterpret_cast<uv_handle_t*>(&waker.get()));
  uv_unref(reinterpret_cast<uv_handle_t*>(&prepare.get()));
  uv_unref(reinterpret_cast<uv_handle_t*>(&check.get()));
}

LoopPort::~LoopPort() noexcept(false) {
  bool alone = registry.size() == OWN_HANDLES;
  registry.closeAll();
  KJ_REQUIRE(
      alone, "a Loop was destroyed before a stream, listener, timer or look-up that uses it") {
    break;
  }
}

bool LoopPort::wait() {
  if (pumping) return answerPump();
  // Without an active handle that counts, libuv would return at once instead of waiting for other
  // threads.
  auto raw = reinterpret_cast<uv_handle_t*>(&waker.get());
  uv_ref(raw);
  KJ_DEFER(uv_unref(raw));
  if (busyPoll > 0 * kj::SECONDS) {
    auto& clock = kj::systemPreciseMonotonicClock();
    auto start = clock.now();
    do {
      if (runUv(UV_RUN_NOWAIT)) return true;
      if (isRunnable()) return false;
      // To whoever else wants this processor.
      std::this_thread::yield();
    } while (clock.now() - start < busyPoll);
  }
  return runUv(UV_RUN_ONCE);
}

// Asks, because inside wait() KJ announces only the first of the events that it gets.
bool LoopPort::isRunnable() {
  KJ_IF_MAYBE(q, queue) return q->events.isRunnable();
  return false;
}

bool LoopPort::poll() {
  if (pumping) return answerPump();
  return runUv(UV_RUN_NOWAIT);
}

bool LoopPort::runUv(uv_run_mode mode) {
  insideWait = true;
  updateIdle();
  uv_run(&loop, mode);
  insideWait = false;
  bool result = std::exchange(woken, false);
  updateIdle();
  KJ_IF_MAYBE(exception, failure) {
    auto thrown = kj::mv(*exception);
    failure = nullptr;
    kj::throwFatalException(kj::mv(thrown));
  }
  return result;
}

void LoopPort::setRunnable(bool newRunnable) {
  runnable = newRunnable;
  updateIdle();
}

void LoopPort::wake() const { uv_async_send(const_cast<uv_async_t*>(&waker.getUnchecked())); }

void LoopPort::updateIdle() {
  if (!idle.isOpen()) return;
  if ((runnable || woken) && !insideWait) {
    startIdle();
  } else {
    uv_idle_stop(&idle.get());
  }
}

void LoopPort::startIdle() {
  uv_idle_start(&idle.get(), [](uv_idle_t* raw) { static_cast<LoopPort*>(raw->data)->pump(); });
}

void LoopPort::pump() {
  if (insideWait || pumping || !(runnable || woken)) return;
  KJ_IF_MAYBE(q, queue) {
    pumping = true;
    guard([&]() {
      if (woken) {
        // Only when waiting or polling does KJ ask for the requests of other threads.
        auto asked = kj::newPromiseAndFulfiller<void>();
        pumpAnswered = kj::mv(asked.fulfiller);
        asked.promise.wait(q->waitScope);
        pumpAnswered = nullptr;
      } else {
        q->events.run(TURNS_PER_POLL_MAX);
      }
    });
    pumping = false;
    updateIdle();
  }
}

// libuv is on the outside and polls by itself, so that there is nothing to do but to let pump() go
// on.
bool LoopPort::answerPump() {
  pumpAnswered->fulfill();
  return std::exchange(woken, false);
}

void LoopPort::keep(kj::Exception&& exception) noexcept {
  if (insideWait) {
    if (failure == nullptr) failure = kj::mv(exception);
  } else {
    KJ_LOG(ERROR, "a callback in the program's event loop failed", exception);
  }
}

}  // namespace troth
