#pragma once
// A peer that speaks the wire's messages by hand, and so can say what no RPC system would.

#include "testing.h"

namespace troth {

class RawPeer {
public:
  RawPeer(kj::Own<kj::AsyncIoStream> stream, kj::WaitScope& waitScope)
      : stream(kj::mv(stream)), waitScope(waitScope) {}

  // Writes the message that `fill` makes.
  template <typename Fill>
  void send(Fill&& fill) {
    capnp::MallocMessageBuilder message;
    fill(message.initRoot<capnp::rpc::Message>());
    capnp::writeMessage(*stream, message).wait(waitScope);
  }

  void bootstrap(uint32_t question) {
    send([&](auto message) { message.initBootstrap().setQuestionId(question); });
  }

  // Calls a method of Node on the object that `answer` gives: the first pointer in any answer.
  template <typename Fill>
  void call(uint32_t question, uint32_t answer, uint16_t method, Fill&& fill) {
    send([&](capnp::rpc::Message::Builder message) {
      auto call = message.initCall();
      call.setQuestionId(question);
      call.setInterfaceId(capnp::typeId<lab::Node>());
      call.setMethodId(method);
      auto target = call.initTarget().initPromisedAnswer();
      target.setQuestionId(answer);
      if (answer != BOOTSTRAP) target.initTransform(1)[0].setGetPointerField(0);
      fill(call.initParams());
    });
  }
  void call(uint32_t question, uint32_t answer, uint16_t method) {
    call(question, answer, method, [](capnp::rpc::Payload::Builder) {});
  }

  void finish(uint32_t question) {
    send([&](auto message) { message.initFinish().setQuestionId(question); });
  }

  void write(kj::ArrayPtr<const kj::byte> bytes) {
    stream->write(bytes.begin(), bytes.size()).wait(waitScope);
  }

  // The next message; null at the end of the stream.
  kj::Maybe<kj::Own<capnp::MessageReader>> receive() {
    return capnp::tryReadMessage(*stream).wait(waitScope);
  }

  // Reads until the answer to `question`, and gives what it broke with; null if it did not.
  kj::Maybe<std::string> outcomeOf(uint32_t question) {
    for (;;) {
      auto message = KJ_REQUIRE_NONNULL(receive(), "the peer is gone");
      auto root = message->getRoot<capnp::rpc::Message>();
      if (root.isAbort()) return std::string(root.getAbort().getReason().cStr());
      if (!root.isReturn() || root.getReturn().getAnswerId() != question) continue;
      if (!root.getReturn().isException()) return nullptr;
      return std::string(root.getReturn().getException().getReason().cStr());
    }
  }

  // Reads to the end of the stream, and gives the reason the peer gave for ending it.
  std::string reasonOfEnd() {
    std::string reason;
    kj::runCatchingExceptions([&]() {
      for (;;) {
        KJ_IF_MAYBE(message, receive()) {
          auto root = message->get()->getRoot<capnp::rpc::Message>();
          if (root.isAbort()) reason = root.getAbort().getReason().cStr();
        } else {
          break;
        }
      }
    });
    return reason;
  }

  kj::AsyncIoStream& getStream() { return *stream; }

  // The question that bootstrap() is to use for call() to find the object.
  static constexpr uint32_t BOOTSTRAP = 0;

private:
  kj::Own<kj::AsyncIoStream> stream;
  kj::WaitScope& waitScope;
};

// The ordinals of Node's methods.
enum NodeMethod : uint16_t {
  MAKE = 0,
  LABEL = 1,
  ECHO = 4,
  SAME = 6,
  JOIN = 7,
  HOLD = 9,
  BLOB = 15,
  LATER = 26,
};

// Makes the one parameter of a call the object that `answer` gives.
inline void passAnswer(capnp::rpc::Payload::Builder params, uint32_t answer) {
  capnp::BuilderCapabilityTable table;
  auto content = table.imbue(params.getContent()).initAsAnyStruct(0, 1);
  content.getPointerSection()[0].setAs<capnp::Capability>(
      capnp::Capability::Client(capnp::newBrokenCap("a placeholder")));
  auto descriptor = params.initCapTable(1)[0].initReceiverAnswer();
  descriptor.setQuestionId(answer);
  if (answer != RawPeer::BOOTSTRAP) descriptor.initTransform(1)[0].setGetPointerField(0);
}

// A vat that serves a Node, and a hostile client.
class RawClient {
public:
  explicit RawClient(Limits limits = {}): server(kj::heap<Vat>(vatOptions(loop, limits))) {
    server->serve(kj::heap<NodeServer>(lab));
  }

  RawPeer connect() {
    auto pipe = loop.newTwoWayPipe();
    server->accept(kj::mv(pipe.ends[0]));
    return RawPeer(kj::mv(pipe.ends[1]), loop.waitScope());
  }

  Lab lab;
  Loop loop;
  kj::Own<Vat> server;
};

}  // namespace troth
