#pragma once
// Two vats on one loop, with everything between them in sight.

#include <capnp/rpc.capnp.h>
#include <capnp/serialize-async.h>
#include <capnp/serialize.h>
#include <gtest/gtest.h>
#include <kj/debug.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include <set>

#include "lab.h"

namespace troth {

// What went through one end of a stream.
struct Observed {
  using Which = capnp::rpc::Message::Which;

  int writes = 0;
  std::vector<Which> sent;
  std::vector<Which> received;

  // Times that calls were sent after an answer to one had been received, the first time included.
  int roundTrips = 0;

  int countSent(Which which) const { return std::count(sent.begin(), sent.end(), which); }
  int countReceived(Which which) const {
    return std::count(received.begin(), received.end(), which);
  }
};

// Cuts the bytes of one direction into RPC messages.
class MessageCutter {
public:
  template <typename Each>
  void add(kj::ArrayPtr<const kj::byte> piece, Each&& each) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    for (;;) {
      auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
      memcpy(words.begin(), bytes.data(), words.size() * sizeof(capnp::word));
      auto size = capnp::expectedSizeInWordsFromPrefix(words);
      if (words.size() == 0 || words.size() < size) return;
      capnp::FlatArrayMessageReader reader(words.slice(0, size));
      each(reader.getRoot<capnp::rpc::Message>());
      bytes.erase(bytes.begin(), bytes.begin() + size * sizeof(capnp::word));
    }
  }

private:
  std::vector<kj::byte> bytes;
};

// A stream that tells what goes through it.
class ObservedStream final: public kj::AsyncIoStream {
public:
  ObservedStream(kj::Own<kj::AsyncIoStream> inner, Observed& observed)
      : inner(kj::mv(inner)), observed(observed) {}

  kj::Promise<size_t> tryRead(void* buffer, size_t minBytes, size_t maxBytes) override {
    return inner->tryRead(buffer, minBytes, maxBytes).then([this, buffer](size_t size) {
      auto bytes = kj::arrayPtr(static_cast<const kj::byte*>(buffer), size);
      incoming.add(bytes, [this](capnp::rpc::Message::Reader message) {
        observed.received.push_back(message.which());
        if (message.isReturn() && bootstraps.erase(message.getReturn().getAnswerId()) == 0) {
          answered = true;
        }
      });
      return size;
    });
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    ++observed.writes;
    see(kj::arrayPtr(static_cast<const kj::byte*>(buffer), size));
    return inner->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    ++observed.writes;
    for (auto piece: pieces) see(piece);
    return inner->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner->whenWriteDisconnected(); }
  void shutdownWrite() override { inner->shutdownWrite(); }
  void abortRead() override { inner->abortRead(); }
  void getsockopt(int level, int option, void* value, kj::uint* length) override {
    inner->getsockopt(level, option, value, length);
  }
  void setsockopt(int level, int option, const void* value, kj::uint length) override {
    inner->setsockopt(level, option, value, length);
  }
  void getsockname(struct sockaddr* address, kj::uint* length) override {
    inner->getsockname(address, length);
  }
  void getpeername(struct sockaddr* address, kj::uint* length) override {
    inner->getpeername(address, length);
  }

private:
  kj::Own<kj::AsyncIoStream> inner;
  Observed& observed;
  MessageCutter incoming;
  MessageCutter outgoing;
  bool answered = true;

  // Requests for an object that are not answered: they are no calls, nor are their answers.
  std::set<uint32_t> bootstraps;

  void see(kj::ArrayPtr<const kj::byte> piece) {
    outgoing.add(piece, [this](capnp::rpc::Message::Reader message) {
      observed.sent.push_back(message.which());
      if (message.isBootstrap()) bootstraps.insert(message.getBootstrap().getQuestionId());
      if (message.isCall() && answered) {
        ++observed.roundTrips;
        answered = false;
      }
    });
  }
};

inline VatOptions vatOptions(Loop& loop, Limits limits = {}) {
  VatOptions options;
  options.loop = loop;
  options.limits = limits;
  return options;
}

// A client and a server in one thread, joined by a socket.
class TwoVats {
public:
  explicit TwoVats(Limits serverLimits = {}, Limits clientLimits = {})
      : server(kj::heap<Vat>(vatOptions(loop, serverLimits))),
        client(kj::heap<Vat>(vatOptions(loop, clientLimits))) {
    server->serve(kj::heap<NodeServer>(lab));
  }

  // The server's main object, over a connection of its own. `observed` is the client's end of it.
  Ref<lab::Node> connect() {
    auto pipe = loop.newTwoWayPipe();
    server->accept(kj::mv(pipe.ends[0]));
    return client->connect<lab::Node>(kj::heap<ObservedStream>(kj::mv(pipe.ends[1]), observed));
  }

  // Runs what can run now, the other side's answers included.
  void settle() {
    for (int quiet = 0; quiet < 5; ++quiet) {
      while (loop.waitScope().poll() > 0) quiet = 0;
    }
  }

  uint64_t roundTrips() const { return client->getTraffic().roundTrips; }

  operator kj::WaitScope&() { return loop.waitScope(); }

  Lab lab;
  Loop loop;
  Observed observed;
  kj::Own<Vat> server;
  kj::Own<Vat> client;
};

inline std::string describe(const kj::Exception& exception) {
  return exception.getDescription().cStr();
}

// What `promise` breaks with; fails the test if it does not break.
template <typename T>
kj::Exception failureOf(kj::Promise<T> promise, kj::WaitScope& waitScope) {
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { promise.wait(waitScope); })) {
    return kj::mv(*exception);
  }
  ADD_FAILURE() << "expected a failure";
  return KJ_EXCEPTION(FAILED, "there was no failure");
}

#define EXPECT_MENTIONS(text, part) \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << "in: " << (text)

template <typename T>
std::vector<T> toVector(const auto& list) {
  std::vector<T> result;
  for (auto element: list) result.push_back(element);
  return result;
}

// A path that no other test uses.
inline kj::String temporaryPath(kj::StringPtr name) {
  return kj::str(testing::TempDir().c_str(), "troth-", getpid(), "-", name);
}

}  // namespace troth
