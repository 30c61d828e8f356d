#pragma once
// A Loop runs KJ's promises, sockets and timers on libuv.
//
// KJ gives C++ promises, cancellation and streams, libuv is the event loop that programs already
// have. A Loop joins them: it is the event loop of its thread, and whatever speaks KJ (RPC, HTTP,
// TLS) does its input and output on a `uv_loop_t`.
//
//     troth::Loop loop;
//     auto address = loop.network().parseAddress("localhost:7700").wait(loop.waitScope());
//     auto stream = address->connect().wait(loop.waitScope());
//     stream->write("hello", 5).wait(loop.waitScope());
//     loop.timer().afterDelay(10 * kj::MILLISECONDS).wait(loop.waitScope());
//
// Limits. One Loop per thread, used by that thread alone; `executor()` is the way in from others.
// Promises, streams, listeners, observers and addresses are destroyed before their Loop: one that
// is not makes the destructor throw, after it has been made harmless. `wait()` blocks, so it is
// refused inside a promise's continuation, and must not be called in a libuv callback.

#include <kj/async-io.h>
#include <kj/async.h>
#include <kj/io.h>
#include <kj/timer.h>

#include "fd-observer.h"

struct uv_loop_s;
typedef struct uv_loop_s uv_loop_t;

namespace troth {

// How a listener gets its connections.
struct ListenOptions {
  enum class Port {
    // The listener alone has the port; a second one is refused.
    EXCLUSIVE,
    // Every listener that says so shares the port, and the kernel spreads connections over them.
    // This is how several vats, one per thread, serve one port.
    SHARED,
  };

  Port port = Port::EXCLUSIVE;

  // Connections that wait in the kernel until accept() is called; more are refused or retried by
  // the kernel. A larger queue rides out larger bursts and makes clients of an overloaded server
  // wait longer. The system may lower it (somaxconn).
  kj::uint connectionsQueuedMax = 511;
};

// When to give up on a peer that is silent because it, or the network between, is gone.
struct KeepAlive {
  // Silence after which probing starts.
  kj::Duration idle = 60 * kj::SECONDS;

  // Time between probes, and how many may go unanswered before the connection is reset.
  kj::Duration interval = 10 * kj::SECONDS;
  kj::uint unansweredMax = 5;
};

// Turns on TCP keep-alive. Durations are rounded up to whole seconds.
void setKeepAlive(kj::AsyncIoStream& stream, KeepAlive options = {});

class Loop final {
public:
  // Runs on a `uv_loop_t` of its own. Waiting on a promise drives it.
  Loop();

  // Lives on a loop that the program runs. While the program is in uv_run(), promises make
  // progress: what one of libuv's callbacks makes runnable runs before libuv sleeps again. A
  // pending promise of ours (read, write, accept, timer, look-up) keeps uv_run() going, an idle
  // stream does not, nor does a request to or from another thread. `loop` must outlive the Loop,
  // and the program must run it once more before uv_loop_close(), because handles of ours finish
  // closing there.
  explicit Loop(uv_loop_t& loop);

  // Cancels detached promises. A name look-up that has begun cannot be interrupted: a Loop that
  // owns its `uv_loop_t` waits for it.
  ~Loop() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Loop);

  // The Loop of this thread. Throws FAILED if it has none.
  static Loop& current();

  // The same; null if it has none.
  static kj::Maybe<Loop&> find();

  // What `promise.wait()` asks for. Valid in both modes.
  kj::WaitScope& waitScope();

  // Timers never fire early. A delay counts from the call; `now()` stands still while promises run.
  kj::Timer& timer();

  // Understands `host:port`, `1.2.3.4:5`, `[::1]:5`, `*:5` (every interface, IPv4 and IPv6),
  // `unix:/path` and `unix-abstract:name`. All addresses of a name are tried in order. A Unix
  // listener takes over the file of a server that died, never that of one that lives, and removes
  // its file when it closes.
  kj::Network& network();

  // For how long a thread that waits looks for events again and again before it sleeps; 0, which is
  // the default, for not at all. A thread that looks goes on at once when the disk, the database or
  // a peer has answered. One that sleeps has to be woken, which on a virtual machine can take
  // longer than the answer. A busy loop keeps a processor busy: use it for a server that has one to
  // spare, with a little more than what its answers take. Other threads that want the processor get
  // it. Without effect while the program is in uv_run().
  void setBusyPoll(kj::Duration longest);

  // The loop underneath, for handles of the program's own.
  uv_loop_t& uv();

  // Runs functions in this thread on behalf of others. Safe to use from any thread, as is every
  // kj::Executor.
  const kj::Executor& executor();

  // Like `address.listen()`, with options. `address` comes from `network()`.
  kj::Own<kj::ConnectionReceiver> listen(kj::NetworkAddress& address, ListenOptions options = {});

  // Makes a stream of a connected stream socket. Dropping a pending read loses nothing; dropping a
  // pending write may leave a part of it written. The buffer of a read is used until its promise is
  // resolved or gone, and so are the pieces of a write.
  kj::Own<kj::AsyncIoStream> wrapSocket(kj::AutoCloseFd socket);

  // Waits for `fd` on behalf of a library that reads and writes it. `fd` stays the caller's, who
  // closes it after the observer is gone.
  kj::Own<FdObserver> observe(int fd);

  // Two streams, each the other's peer, over the kernel's sockets.
  kj::TwoWayPipe newTwoWayPipe();

private:
  struct Impl;
  kj::Own<Impl> impl;
};

}  // namespace troth
