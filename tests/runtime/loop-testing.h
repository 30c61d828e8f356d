#pragma once
// What the tests of the event loop share.

#include <gtest/gtest.h>
#include <kj/debug.h>
#include <string.h>
#include <troth/loop.h>
#include <unistd.h>
#include <uv.h>

#include <functional>

namespace troth {

// Both ends of a connection.
struct Connection {
  kj::Own<kj::AsyncIoStream> client;
  kj::Own<kj::AsyncIoStream> server;
};

// Listens on `address`, connects, and stops listening. Port 0 is replaced by the one that the
// kernel chose.
inline Connection connectOver(Loop& loop, kj::StringPtr address) {
  auto& waitScope = loop.waitScope();
  auto parsed = loop.network().parseAddress(address).wait(waitScope);
  auto listener = parsed->listen();
  if (address.endsWith(":0")) {
    auto text = kj::str(address.slice(0, address.size() - 1), listener->getPort());
    parsed = loop.network().parseAddress(text).wait(waitScope);
  }
  auto connecting = parsed->connect();
  auto server = listener->accept().wait(waitScope);
  return {connecting.wait(waitScope), kj::mv(server)};
}

// A path that no other test uses.
inline kj::String temporaryPath(kj::StringPtr name) {
  return kj::str(testing::TempDir().c_str(), "troth-", getpid(), "-", name);
}

// A loop such as a program has that never heard of Troth.
class ProgramLoop {
public:
  ProgramLoop() { uv_loop_init(&loop); }
  ~ProgramLoop() noexcept(false) {
    uv_run(&loop, UV_RUN_DEFAULT);
    KJ_ASSERT(uv_loop_close(&loop) == 0, "a handle was left open");
  }
  KJ_DISALLOW_COPY_AND_MOVE(ProgramLoop);

  uv_loop_t& get() { return loop; }
  void run() { uv_run(&loop, UV_RUN_DEFAULT); }

private:
  uv_loop_t loop;
};

// A timer of the program's own.
class ProgramTimer {
public:
  ProgramTimer(uv_loop_t& loop, uint64_t periodMs, std::function<void(ProgramTimer&)> onTick)
      : onTick(onTick) {
    uv_timer_init(&loop, &timer);
    timer.data = this;
    auto callback = [](uv_timer_t* raw) {
      auto& self = *static_cast<ProgramTimer*>(raw->data);
      ++self.ticks;
      self.onTick(self);
    };
    uv_timer_start(&timer, callback, periodMs, periodMs);
  }
  KJ_DISALLOW_COPY_AND_MOVE(ProgramTimer);

  // The loop must run once more before this is destroyed.
  void close() { uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr); }

  int ticks = 0;

private:
  uv_timer_t timer;
  std::function<void(ProgramTimer&)> onTick;
};

inline bool mentions(const kj::Exception& exception, const char* text) {
  bool found = strstr(exception.getDescription().cStr(), text) != nullptr;
  if (!found) KJ_LOG(ERROR, "the exception does not mention", text, exception);
  return found;
}

// Fails the test if `promise` does not fail, and returns why it did.
template <typename T>
kj::Exception failureOf(kj::Promise<T> promise, kj::WaitScope& waitScope) {
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { promise.wait(waitScope); })) {
    return kj::mv(*exception);
  }
  ADD_FAILURE() << "expected an exception";
  return KJ_EXCEPTION(FAILED, "there was no exception");
}

}  // namespace troth
