#pragma once
// A server that can be stopped and started again at one address, and a client of it.

#include <troth/retry.h>

#include "testing.h"

namespace troth {

// Always the same part of a delay; counts the delays.
struct FixedJitter final: public JitterSource {
  double next() override {
    ++delays;
    return part;
  }

  double part = 0;
  int delays = 0;
};

struct Restartable {
  Restartable(): Restartable(Reconnect(), Limits()) {}
  explicit Restartable(Reconnect reconnect, Limits limits = {})
      : client(kj::heap<Vat>(clientOptions(kj::mv(reconnect), limits))) {}

  void start() { startListening().wait(loop.waitScope()); }

  kj::Promise<void> startListening() {
    server = kj::heap<Vat>(vatOptions(loop));
    server->serve(kj::heap<NodeServer>(lab));
    server->serve("named", kj::heap<NodeServer>(lab, "named"));
    return server->listen(address).ignoreResult();
  }

  // Stops the server, and waits until the client knows.
  void stop(Ref<lab::Node> root) {
    auto held = root.hold();
    settle();
    server = nullptr;
    EXPECT_EQ(
        failureOf(kj::mv(held), loop.waitScope()).getType(), kj::Exception::Type::DISCONNECTED);
  }

  void restart(Ref<lab::Node> root) {
    stop(kj::mv(root));
    start();
  }

  Ref<lab::Node> connect() { return client->connect<lab::Node>(address); }

  void settle() {
    for (int quiet = 0; quiet < 5; ++quiet) {
      while (loop.waitScope().poll() > 0) quiet = 0;
    }
  }
  operator kj::WaitScope&() { return loop.waitScope(); }

  Lab lab;
  Loop loop;
  kj::Own<Vat> client;
  kj::String address = kj::str("unix:", temporaryPath("restart"));
  kj::Own<Vat> server;

private:
  VatOptions clientOptions(Reconnect reconnect, Limits limits) {
    auto options = vatOptions(loop, limits);
    options.reconnect = kj::mv(reconnect);
    return options;
  }
};

}  // namespace troth
