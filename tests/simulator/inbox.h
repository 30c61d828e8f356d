#pragma once
// An Inbox is how anything reaches a vat: what the database answers and tells, and what other vats
// say. It outlives the vat, and then drops what comes.

#include <kj/function.h>
#include <kj/refcount.h>

#include <deque>

namespace troth::simulator {

class Inbox final: public kj::Refcounted {
public:
  // Calls `what` now, or when the vat goes on, or never.
  void deliver(kj::Function<void()> what) {
    if (closed) return;
    if (paused) {
      held.push_back(kj::mv(what));
    } else {
      what();
    }
  }

  void pause() { paused = true; }
  void resume() {
    paused = false;
    while (!held.empty() && !paused) {
      auto what = kj::mv(held.front());
      held.pop_front();
      what();
    }
  }

  void close() {
    closed = true;
    held.clear();
  }

  bool isPaused() const { return paused; }
  bool isClosed() const { return closed; }

private:
  bool paused = false;
  bool closed = false;
  std::deque<kj::Function<void()>> held;
};

}  // namespace troth::simulator
