#pragma once
// A link that the test moves by hand: what counts round trips without asking who makes them.

#include <kj/async-io.h>
#include <troth/loop.h>

#include <deque>

namespace troth {

// Joins a client and a server. Bytes wait in it until the test lets them through.
class SlowLink {
public:
  explicit SlowLink(Loop& loop)
      : client(loop.newTwoWayPipe()),
        server(loop.newTwoWayPipe()),
        toServer(*client.ends[1], *server.ends[0]),
        toClient(*server.ends[0], *client.ends[1]) {}
  KJ_DISALLOW_COPY_AND_MOVE(SlowLink);

  kj::Own<kj::AsyncIoStream> takeClientEnd() { return kj::mv(client.ends[0]); }
  kj::Own<kj::AsyncIoStream> takeServerEnd() { return kj::mv(server.ends[1]); }

  // Runs both sides until `promise` settles, and tells how often what they had sent had to travel
  // there and back again.
  template <typename T>
  uint64_t countRoundTrips(kj::Promise<T>& promise, Loop& loop) {
    settle(loop);
    uint64_t count = 0;
    while (!promise.poll(loop.waitScope())) {
      ++count;
      toServer.letThrough(loop);
      settle(loop);
      toClient.letThrough(loop);
      settle(loop);
    }
    return count;
  }

private:
  // What goes in one direction.
  class Direction {
  public:
    Direction(kj::AsyncIoStream& from, kj::AsyncIoStream& to)
        : to(to), reading(read(from).eagerlyEvaluate([](kj::Exception&&) {})) {}

    void letThrough(Loop& loop) {
      for (; !held.empty(); held.pop_front()) {
        to.write(held.front().begin(), held.front().size()).wait(loop.waitScope());
      }
    }

  private:
    kj::AsyncIoStream& to;
    std::deque<kj::Array<kj::byte>> held;
    kj::byte buffer[65536];
    kj::Promise<void> reading;

    kj::Promise<void> read(kj::AsyncIoStream& from) {
      for (;;) {
        auto size = co_await from.tryRead(buffer, 1, sizeof(buffer));
        if (size == 0) co_return;
        held.push_back(kj::heapArray(buffer, size));
      }
    }
  };

  kj::TwoWayPipe client;
  kj::TwoWayPipe server;
  Direction toServer;
  Direction toClient;

  static void settle(Loop& loop) {
    for (int quiet = 0; quiet < 5; ++quiet) {
      while (loop.waitScope().poll() > 0) quiet = 0;
    }
  }
};

}  // namespace troth
