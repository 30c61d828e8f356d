#include <fcntl.h>
#include <kj/debug.h>
#include <netinet/tcp.h>
#include <troth/loop.h>

#include "uv-network.h"
#include "uv-observer.h"
#include "uv-port.h"
#include "uv-socket.h"
#include "uv-stream.h"
#include "uv-timer.h"

namespace troth {
namespace {

// Iterations in which libuv may close what belongs to a Loop, beside one for each look-up under
// way. One is enough unless the program has handles of its own there.
constexpr uint CLOSING_TURNS_MAX = 16;

// The uv_loop_t of a Loop that is not given one.
class OwnedUv {
public:
  OwnedUv(): loop(new uv_loop_t) {
    int code = uv_loop_init(loop);
    if (code < 0) {
      delete loop;
      kj::throwFatalException(uvError(code, "make an event loop"));
    }
  }

  ~OwnedUv() noexcept(false) {
    uint turnsMax = CLOSING_TURNS_MAX + loop->active_reqs.count;
    for (uint i = 0; i < turnsMax; ++i) {
      if (uv_loop_close(loop) == 0) {
        delete loop;
        return;
      }
      uv_run(loop, loop->active_reqs.count > 0 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    }
    // To free memory that a handle still uses would be worse than to leak it.
    KJ_FAIL_REQUIRE("a Loop was destroyed while a libuv handle of the program was open on it") {
      break;
    }
  }
  KJ_DISALLOW_COPY_AND_MOVE(OwnedUv);

  uv_loop_t& get() { return *loop; }

private:
  uv_loop_t* loop;
};

thread_local Loop* threadLoop = nullptr;

int wholeSeconds(kj::Duration duration) {
  return (duration + kj::SECONDS - kj::NANOSECONDS) / kj::SECONDS;
}

}  // namespace

struct Loop::Impl {
  // `owned` is null if the loop is the program's.
  Impl(uv_loop_t& loop, kj::Own<OwnedUv> owned)
      : owned(kj::mv(owned)),
        port(loop),
        events(port),
        waitScope(events),
        timer(port),
        network(port) {
    waitScope.setBusyPollInterval(TURNS_PER_POLL_MAX);
    port.setQueue(LoopPort::Queue{events, waitScope});
  }

  ~Impl() noexcept(false) {
    // While there is still an event loop for their destructors to use.
    waitScope.cancelAllDetached();
    port.setQueue(nullptr);
  }

  kj::Own<OwnedUv> owned;
  LoopPort port;
  kj::EventLoop events;
  kj::WaitScope waitScope;
  UvTimer timer;
  UvNetwork network;
};

Loop::Loop() {
  auto owned = kj::heap<OwnedUv>();
  auto& loop = owned->get();
  impl = kj::heap<Impl>(loop, kj::mv(owned));
  threadLoop = this;
}

Loop::Loop(uv_loop_t& loop): impl(kj::heap<Impl>(loop, kj::Own<OwnedUv>())) { threadLoop = this; }

Loop::~Loop() noexcept(false) { threadLoop = nullptr; }

Loop& Loop::current() {
  KJ_REQUIRE(threadLoop != nullptr, "this thread has no troth::Loop; make one, or a Vat, first");
  return *threadLoop;
}

kj::Maybe<Loop&> Loop::find() {
  if (threadLoop == nullptr) return nullptr;
  return *threadLoop;
}

kj::WaitScope& Loop::waitScope() { return impl->waitScope; }
kj::Timer& Loop::timer() { return impl->timer; }
kj::Network& Loop::network() { return impl->network; }
void Loop::setBusyPoll(kj::Duration longest) { impl->port.setBusyPoll(longest); }
uv_loop_t& Loop::uv() { return impl->port.uv(); }
const kj::Executor& Loop::executor() { return impl->events.getExecutor(); }

kj::Own<kj::ConnectionReceiver> Loop::listen(kj::NetworkAddress& address, ListenOptions options) {
  return listenOn(address, options);
}

kj::Own<kj::AsyncIoStream> Loop::wrapSocket(kj::AutoCloseFd socket) {
  int type = 0;
  socklen_t size = sizeof(type);
  checkSystem(getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size), "wrap a socket");
  KJ_REQUIRE(type == SOCK_STREAM, "only stream sockets can be wrapped", type);
  int flags = checkSystem(fcntl(socket, F_GETFL), "wrap a socket");
  checkSystem(fcntl(socket, F_SETFL, flags | O_NONBLOCK), "wrap a socket");
  auto peer = PeerName::ofSocket(socket);
  return newStream(impl->port, kj::mv(socket), peer);
}

kj::Own<FdObserver> Loop::observe(int fd) { return newFdObserver(impl->port, fd); }

kj::TwoWayPipe Loop::newTwoWayPipe() {
  int fds[2];
  checkSystem(
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), "make a pipe");
  kj::AutoCloseFd ends[] = {kj::AutoCloseFd(fds[0]), kj::AutoCloseFd(fds[1])};
  PeerName peer = PeerName::ofSocket(fds[0]);
  return {
      {newStream(impl->port, kj::mv(ends[0]), peer), newStream(impl->port, kj::mv(ends[1]), peer)}};
}

void setKeepAlive(kj::AsyncIoStream& stream, KeepAlive options) {
  auto set = [&](int level, int option, int value) {
    stream.setsockopt(level, option, &value, sizeof(value));
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, wholeSeconds(options.idle));
  set(IPPROTO_TCP, TCP_KEEPINTVL, wholeSeconds(options.interval));
  set(IPPROTO_TCP, TCP_KEEPCNT, options.unansweredMax);
}

}  // namespace troth
