#include "guarded-network.h"

#include <capnp/message.h>
#include <kj/debug.h>
#include <troth/pending-call.h>

namespace troth {

using capnp::rpc::Message;

namespace {

// A message that waits in a queue, and whose maker still reads it: what is pipelined on results
// reads them from there.
struct SharedOutgoing final: public kj::Refcounted {
  explicit SharedOutgoing(kj::Own<capnp::OutgoingRpcMessage> message): message(kj::mv(message)) {}

  kj::Own<capnp::OutgoingRpcMessage> message;
};

class GuardedOutgoing final: public capnp::OutgoingRpcMessage {
public:
  GuardedOutgoing(kj::Own<OutgoingRpcMessage> innerParam, Ledger& ledger, const Limits& limits,
      OutputGate::Queue& held, const bool& closed)
      : inner(*innerParam),
        own(kj::mv(innerParam)),
        ledger(ledger),
        limits(limits),
        held(held),
        closed(closed) {}

  capnp::AnyPointer::Builder getBody() override { return inner.getBody(); }
  void setFds(kj::Array<int> fds) override { inner.setFds(kj::mv(fds)); }
  size_t sizeInWords() override { return inner.sizeInWords(); }

  void send() override {
    if (closed) return;
    auto words = inner.sizeInWords();
    if (words > limits.messageWords) {
      kj::throwFatalException(KJ_EXCEPTION(OVERLOADED,
          "a message is too large (limit messageWords); split it", words, limits.messageWords));
    }
    ledger.sent(inner.getBody().getAs<Message>().asReader(), words);
    auto kind = kindOf(inner);
    if (held.mustWait(kind)) return sendLater(kind);
    sendNow(inner, ledger);
  }

private:
  OutgoingRpcMessage& inner;

  // One of these keeps it.
  kj::Own<OutgoingRpcMessage> own;
  kj::Own<SharedOutgoing> shared;
  Ledger& ledger;
  const Limits& limits;
  OutputGate::Queue& held;
  const bool& closed;

  static void sendNow(OutgoingRpcMessage& message, Ledger& ledger) {
    message.send();
    _::CallQueue::current().messageSent(&ledger);
  }

  // What asks for an object by its name tells as much as a call does.
  static OutputGate::What kindOf(OutgoingRpcMessage& message) {
    switch (message.getBody().getAs<Message>().which()) {
      case Message::CALL:
      case Message::BOOTSTRAP: return OutputGate::What::CALLS;
      default: return OutputGate::What::MESSAGES;
    }
  }

  void sendLater(OutputGate::What kind) {
    shared = kj::refcounted<SharedOutgoing>(kj::mv(own));
    held.add(kind, [waiting = kj::addRef(*shared), &ledger = ledger, &closed = closed]() mutable {
      if (!closed) sendNow(*waiting->message, ledger);
    });
  }
};

// A message that makes the RPC system do nothing.
class NoMessage final: public capnp::IncomingRpcMessage {
public:
  NoMessage() { message.initRoot<Message>().initUnimplemented().initResolve().initException(); }

  capnp::AnyPointer::Reader getBody() override {
    return message.getRoot<capnp::AnyPointer>().asReader();
  }
  size_t sizeInWords() override { return 0; }

private:
  capnp::MallocMessageBuilder message;
};

}  // namespace

class GuardedNetwork::GuardedConnection final: public Connection, public kj::Refcounted {
public:
  GuardedConnection(GuardedNetwork& owner, kj::Own<Connection> inner)
      : owner(owner), inner(kj::mv(inner)) {
    owner.current = *this;
  }
  ~GuardedConnection() noexcept(false) {
    owner.current = nullptr;
    _::CallQueue::current().peers.forgetLink(&owner.ledger);
  }

  kj::Own<capnp::RpcFlowController> newStream() override { return inner->newStream(); }
  capnp::rpc::twoparty::VatId::Reader getPeerVatId() override { return inner->getPeerVatId(); }

  // The RPC system asks for this when the link breaks, the vat when it closes it: whoever is first.
  kj::Promise<void> shutdown() override {
    owner.ended = true;
    if (shutDown) return kj::READY_NOW;
    shutDown = true;
    return inner->shutdown();
  }

  kj::Own<capnp::OutgoingRpcMessage> newOutgoingMessage(kj::uint firstSegmentWordSize) override {
    return kj::heap<GuardedOutgoing>(inner->newOutgoingMessage(firstSegmentWordSize), owner.ledger,
        owner.limits, owner.held, owner.closed);
  }

  kj::Promise<kj::Maybe<kj::Own<capnp::IncomingRpcMessage>>> receiveIncomingMessage() override {
    KJ_IF_MAYBE(reason, owner.broken) return kj::cp(*reason);
    return receiving.wrap(inner->receiveIncomingMessage())
        .then(
            [this](kj::Maybe<kj::Own<capnp::IncomingRpcMessage>>&& message) {
              if (message == nullptr) owner.ended = true;
              return screen(kj::mv(message));
            },
            [this](kj::Exception&& exception) -> kj::Maybe<kj::Own<capnp::IncomingRpcMessage>> {
              owner.ended = true;
              kj::throwFatalException(kj::mv(exception));
            });
  }

  void breakWith(const kj::Exception& reason) { receiving.cancel(reason); }

private:
  GuardedNetwork& owner;
  kj::Own<Connection> inner;
  kj::Canceler receiving;
  bool shutDown = false;

  // Messages that came while more than wordsQueued waited to be read.
  uint32_t unreadMessages = 0;

  // Ends the connection of a peer that makes us say more and more, and does not listen.
  void requireReader(Message::Which which, uint64_t queued) {
    if (queued <= owner.limits.wordsQueued) {
      unreadMessages = 0;
      return;
    }
    if (++unreadMessages <= owner.limits.callsOutstanding && !isEchoed(which)) return;
    owner.ended = true;
    // What it would not read is not worth waiting for.
    shutDown = true;
    kj::throwFatalException(
        KJ_EXCEPTION(OVERLOADED, "the peer goes on sending and does not read (limit wordsQueued)",
            queued, owner.limits.wordsQueued));
  }

  // Whether the RPC system sends back the whole message, because it does not know its kind.
  static bool isEchoed(Message::Which which) {
    switch (which) {
      case Message::UNIMPLEMENTED:
      case Message::ABORT:
      case Message::BOOTSTRAP:
      case Message::CALL:
      case Message::RETURN:
      case Message::FINISH:
      case Message::RESOLVE:
      case Message::RELEASE:
      case Message::DISEMBARGO: return false;
      default: return true;
    }
  }

  kj::Maybe<kj::Own<capnp::IncomingRpcMessage>> screen(
      kj::Maybe<kj::Own<capnp::IncomingRpcMessage>>&& incoming) {
    KJ_IF_MAYBE(message, incoming) {
      if (owner.closed) return kj::Own<capnp::IncomingRpcMessage>(kj::heap<NoMessage>());
      // In this order: a message does not know its size before it is looked at.
      auto body = message->get()->getBody().getAs<Message>();
      auto words = message->get()->sizeInWords();
      if (words > owner.limits.messageWords) {
        owner.ended = true;
        kj::throwFatalException(KJ_EXCEPTION(OVERLOADED,
            "a message of the peer's is too large (limit messageWords); split it", words,
            owner.limits.messageWords));
      }
      auto queued = owner.network.getCurrentQueueSize() / sizeof(capnp::word);
      requireReader(body.which(), queued);
      switch (owner.ledger.received(body, words, queued)) {
        case Ledger::Verdict::PASS: break;
        case Ledger::Verdict::REFUSE:
          refuse(owner.ledger.refusal);
          return kj::Own<capnp::IncomingRpcMessage>(kj::heap<NoMessage>());
        case Ledger::Verdict::SWALLOW:
          return kj::Own<capnp::IncomingRpcMessage>(kj::heap<NoMessage>());
      }
    }
    return kj::mv(incoming);
  }

  void refuse(const Refusal& refusal) {
    auto message = newOutgoingMessage(64 + refusal.reason.size() / sizeof(capnp::word));
    auto ret = message->getBody().initAs<Message>().initReturn();
    ret.setAnswerId(refusal.questionId);
    auto exception = ret.initException();
    exception.setReason(refusal.reason);
    exception.setType(static_cast<capnp::rpc::Exception::Type>(refusal.type));
    message->send();
  }
};

kj::Maybe<kj::Own<GuardedNetwork::Connection>> GuardedNetwork::connect(
    capnp::rpc::twoparty::VatId::Reader id) {
  return network.connect(id).map(
      [this](kj::Own<Connection>&& connection) { return guard(kj::mv(connection)); });
}

kj::Promise<kj::Own<GuardedNetwork::Connection>> GuardedNetwork::accept() {
  return network.accept().then(
      [this](kj::Own<Connection>&& connection) { return guard(kj::mv(connection)); });
}

// The RPC system knows a connection by its address, so there must be only one.
kj::Own<GuardedNetwork::Connection> GuardedNetwork::guard(kj::Own<Connection> connection) {
  KJ_IF_MAYBE(c, current) {
    return kj::addRef(*c);
  }
  return kj::refcounted<GuardedConnection>(*this, kj::mv(connection));
}

kj::Promise<void> GuardedNetwork::close() {
  if (held.mustWait(OutputGate::What::CALLS)) {
    auto sent = gate.whenOpen(OutputGate::What::CALLS).catch_([](kj::Exception&&) {});
    return closing.wrap(kj::mv(sent)).then([this]() { return close(); });
  }
  KJ_IF_MAYBE(c, current) {
    closed = true;
    return c->shutdown().attach(kj::addRef(*c));
  }
  return kj::READY_NOW;
}

void GuardedNetwork::cut(const kj::Exception& reason) {
  closed = true;
  ended = true;
  broken = kj::cp(reason);
  KJ_IF_MAYBE(c, current) c->breakWith(reason);
}

}  // namespace troth
