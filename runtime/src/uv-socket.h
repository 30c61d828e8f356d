#pragma once
// A Socket watches one non-blocking socket and tells its user when the kernel is ready.
//
// Watching is lazy in both directions. It starts when somebody first waits and stays started from
// one wait to the next, because each change costs system calls; it stops when an event comes that
// nobody waits for, because the kernel would repeat it for ever. So bytes (or connections) that
// nobody asked for stay in the kernel, whose limits hold the sender back, and a socket that is read
// without pause is never started or stopped.

#include <kj/io.h>
#include <kj/string.h>
#include <sys/socket.h>

#include "uv-port.h"

namespace troth {

class Socket final {
public:
  // Bits of what is waited for, and of what happened.
  static constexpr uint READABLE = UV_READABLE;
  static constexpr uint WRITABLE = UV_WRITABLE;
  // The connection is gone in both directions. libuv has no name for it, yet reports it to whoever
  // watches anything: so watch for what never comes, urgent data.
  static constexpr uint HUNG_UP = UV_PRIORITIZED;

  class User {
  public:
    // Something happened, or an error did: then all bits are set, and the next system call tells
    // what. The user answers a bit that it does not wait for with stopWatching(), and one that it
    // goes on waiting for with keepWatching().
    virtual void ready(uint events) = 0;
  };

  // `fd` is non-blocking, and closed after this is destroyed.
  Socket(LoopPort& port, User& user, int fd);
  KJ_DISALLOW_COPY_AND_MOVE(Socket);

  int getFd() const { return fd; }
  LoopPort& getPort() { return port; }

  // Each wait keeps a uv_run() of the program's going until it is over.
  void beginWait(uint event);
  void endWait();

  void stopWatching(uint event);

  // For a wait that goes on after ready(): an error has ended the watching.
  void keepWatching(uint event) {
    if ((watched & event) == 0) watch(watched | event);
  }

private:
  LoopPort& port;
  User& user;
  const int fd;
  UvHandle<uv_poll_t> handle;
  uint watched = 0;
  uint waits = 0;

  void watch(uint events);
  static void onPoll(uv_poll_t* raw, int status, int events);
};

// Opens a socket that is non-blocking and not inherited by child processes.
kj::AutoCloseFd openSocket(int family, kj::StringPtr operation);

// Sets one integer option; throws if the kernel refuses.
void setOption(int fd, int level, int option, int value);

}  // namespace troth
