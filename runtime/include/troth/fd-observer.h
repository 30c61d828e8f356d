#pragma once
// An FdObserver waits on a Loop until a file descriptor is ready, for libraries that do their own
// input and output, such as a database's client.
//
//     auto observer = loop.observe(fd);
//     while (library_wants_input()) {
//       co_await observer->whenReadable();
//       library_consume_input();
//     }
//
// It speaks of levels, not of edges: a wait resolves at once if what it waits for is so already.
// Watching stays on from one wait to the next, so waiting again for more costs no system call.
//
// Limits. The file descriptor stays the caller's, is made non-blocking, and must stay open until
// the observer is destroyed. One observer per file descriptor, and none for one that a stream of
// the same Loop has. Regular files cannot be observed. One wait at a time in each direction.

#include <kj/async.h>

namespace troth {

class FdObserver {
public:
  virtual ~FdObserver() noexcept(false) {}

  // Resolves when a read would not block: there are bytes, or the end, or an error to be read. Drop
  // the promise to stop waiting. Breaks if the observer is destroyed before.
  virtual kj::Promise<void> whenReadable() = 0;

  // Resolves when a write would not block, or would fail.
  virtual kj::Promise<void> whenWritable() = 0;
};

}  // namespace troth
