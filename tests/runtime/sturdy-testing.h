#pragma once
// Vats whose objects are restored over real sockets.

#include <optional>

#include "testing.h"

namespace troth {

inline std::vector<kj::byte> testKey(kj::byte fill = 7) { return std::vector<kj::byte>(32, fill); }

// A server with restorers "Node" and "late" on a Unix socket, and a client, in one thread.
class SturdyVats {
public:
  SturdyVats(): path(temporaryPath("sturdy")), address(kj::str("unix:", path)) { start(); }
  ~SturdyVats() noexcept(false) {
    server = std::nullopt;
    unlink(path.cStr());
  }

  void start(std::vector<kj::byte> key = testKey(), kj::Maybe<SturdySecrets&> secrets = nullptr) {
    auto options = vatOptions(loop);
    options.publicAddress = address.cStr();
    options.sturdyKey = kj::mv(key);
    options.sturdySecrets = secrets;
    server.emplace(kj::mv(options));
    nodes.emplace(server->restorer<lab::Node>([this](kj::StringPtr key) {
      ++made;
      KJ_REQUIRE(key != "nobody", "no such node", key);
      return kj::heap<NodeServer>(lab, key.cStr());
    }));
    late.emplace(server->restorer<lab::Node>("late", [this](kj::StringPtr key) {
      ++made;
      return lab.wait().then([this, key]() {
        KJ_REQUIRE(key != "nobody", "no such node", key);
        return kj::heap<NodeServer>(lab, key.cStr());
      });
    }));
    server->listen(address).wait(loop.waitScope());
  }

  // The server's process ends; another one comes.
  void restart(std::vector<kj::byte> key = testKey(), kj::Maybe<SturdySecrets&> secrets = nullptr) {
    nodes = std::nullopt;
    late = std::nullopt;
    server = std::nullopt;
    client = std::nullopt;
    settle();
    client.emplace(vatOptions(loop));
    start(kj::mv(key), secrets);
  }

  void settle() {
    for (int quiet = 0; quiet < 5; ++quiet) {
      while (loop.waitScope().poll() > 0) quiet = 0;
    }
  }

  // The sturdy ref of an object of the server's restorer "Node", for others.
  kj::String saved(kj::StringPtr key) { return (*nodes)(key).save().wait(*this).toText(); }

  ObjectHost& host() { return server->getObjectHost(); }

  std::string labelOf(const Ref<lab::Node>& node) {
    return node.label().label().wait(loop.waitScope()).cStr();
  }
  std::string failureOfLabel(const Ref<lab::Node>& node) {
    return describe(failureOf(node.label(), loop.waitScope()));
  }

  operator kj::WaitScope&() { return loop.waitScope(); }

  kj::String path;
  kj::String address;
  Lab lab;
  Loop loop;
  int made = 0;
  std::optional<Vat> server;
  std::optional<Vat> client{vatOptions(loop)};
  std::optional<Restorer<lab::Node>> nodes;
  std::optional<Restorer<lab::Node>> late;
};

}  // namespace troth
