#pragma once
// A LoopPort lets a kj::EventLoop and a uv_loop_t take turns in one thread.
//
// Either side may be on the outside. When a promise is waited for, KJ runs its queue and calls
// wait(), which runs libuv once; `prepare` then keeps libuv from sleeping if a timer has just given
// KJ something to do. When the program is in uv_run(), KJ's queue runs from two handles of libuv:
// `check`, right after the poll for input and output, so that what a callback made runnable runs in
// the same iteration; and `idle`, which is active only while the queue is not empty, so that libuv
// neither sleeps nor returns before it has run.

#include <kj/async.h>
#include <kj/exception.h>
#include <kj/time.h>
#include <uv.h>

#include "uv-handle.h"

namespace troth {

// Events of KJ's that run before libuv gets a turn, so that a busy queue does not starve timers,
// sockets and other threads.
constexpr uint TURNS_PER_POLL_MAX = 1000;

class LoopPort final: public kj::EventPort {
public:
  explicit LoopPort(uv_loop_t& loop);
  ~LoopPort() noexcept(false);

  // Names the queue that libuv's callbacks run. Undone with null before the queue goes away.
  // `waitScope` polls at least every TURNS_PER_POLL_MAX events.
  struct Queue {
    kj::EventLoop& events;
    kj::WaitScope& waitScope;
  };
  void setQueue(kj::Maybe<Queue> newQueue) { queue = kj::mv(newQueue); }

  // For how long wait() looks for events before it sleeps.
  void setBusyPoll(kj::Duration longest) { busyPoll = longest; }

  uv_loop_t& uv() { return loop; }
  HandleRegistry& handles() { return registry; }

  // Counts libuv's polls, to tell when a reading of the clock is out of date.
  uint64_t pollCount() const { return polls; }

  // Calls `func`, which comes from one of libuv's callbacks, and keeps what it throws out of
  // libuv's C frames: wait() throws it instead, or, when the program runs the loop, it is logged.
  template <typename Func>
  void guard(Func&& func) noexcept {
    try {
      func();
    } catch (...) {
      keep(kj::getCaughtExceptionAsKj());
    }
  }

  bool wait() override;
  bool poll() override;
  void setRunnable(bool runnable) override;
  void wake() const override;

private:
  uv_loop_t& loop;
  HandleRegistry registry;
  kj::Maybe<Queue> queue;
  kj::Maybe<kj::Exception> failure;
  uint64_t polls = 0;
  kj::Duration busyPoll = 0 * kj::SECONDS;

  // KJ's queue is not empty; kept because KJ tells about changes only.
  bool runnable = false;
  // wake() was called and neither wait() nor poll() has said so yet.
  bool woken = false;
  // KJ is on the outside: it runs its queue itself.
  bool insideWait = false;
  // One of our own callbacks is running KJ's queue.
  bool pumping = false;
  // Ends the wait inside pump() that makes KJ ask for the requests of other threads.
  kj::Own<kj::PromiseFulfiller<void>> pumpAnswered;

  UvHandle<uv_async_t> waker;
  UvHandle<uv_idle_t> idle;
  UvHandle<uv_prepare_t> prepare;
  UvHandle<uv_check_t> check;

  bool runUv(uv_run_mode mode);
  bool isRunnable();
  void pump();
  void updateIdle();
  void startIdle();
  bool answerPump();
  void keep(kj::Exception&& exception) noexcept;
};

}  // namespace troth
