#pragma once
// A ConnectedRef is what Vat::connect(address) gives: an object at an address, on whatever
// connection leads there now. A call that is made after a connection was lost goes out on a new
// one.
//
// The state of the connection decides, not the outcome of a call: who only pipelines never looks
// at an outcome.

#include <capnp/capability.h>

#include "connection.h"

namespace troth {

// A link as refs see it, which may outlive it.
class LinkView final: public kj::Refcounted {
public:
  // Null once the link is gone.
  kj::Maybe<Connection&> connection;

  // Whether the stream is there. Until then calls wait for it, and break if it cannot be had.
  bool made = false;

  bool isUsable() {
    KJ_IF_MAYBE(c, connection) {
      return !c->hasEnded();
    }
    return false;
  }
};

// Makes the links of a vat.
class Connector {
public:
  // The link to `host` on which a call goes out that is made now. Null if the vat makes no more.
  virtual kj::Maybe<kj::Own<LinkView>> linkTo(kj::StringPtr host) = 0;
  virtual bool makesLinks() = 0;

  // Calls that may wait for one link to be made.
  virtual uint64_t getCallsQueuedMax() = 0;

protected:
  ~Connector() = default;
};

// The way from refs to their vat, which they may outlive.
class ConnectorRef final: public kj::Refcounted {
public:
  // Null once the vat is gone.
  kj::Maybe<Connector&> connector;
};

class ConnectedRef final: public capnp::ClientHook, public kj::Refcounted {
public:
  static const kj::uint BRAND;

  // The object called `name` at `host`. Asks for it at once, so that calls find it there.
  ConnectedRef(kj::Own<ConnectorRef> connectorRef, kj::StringPtr host, kj::StringPtr name);

  // The first one that calls on `hook` pass through, if there is one.
  static kj::Maybe<ConnectedRef&> find(capnp::ClientHook& hook);

  // Whether calls will never reach the object again.
  bool isLost();

  // Throws OVERLOADED if too many calls wait for the connection.
  void requireRoom();

  capnp::Request<capnp::AnyPointer, capnp::AnyPointer> newCall(uint64_t interfaceId,
      uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint, CallHints hints) override;
  VoidPromiseAndPipeline call(uint64_t interfaceId, uint16_t methodId,
      kj::Own<capnp::CallContextHook>&& context, CallHints hints) override;

  // The object on the connection of the moment, by which the RPC system and what is known of peers
  // tell whose it is. Who keeps it has a ref to that connection only.
  kj::Maybe<capnp::ClientHook&> getResolved() override { return current(); }
  kj::Maybe<kj::Promise<kj::Own<capnp::ClientHook>>> whenMoreResolved() override {
    return kj::Promise<kj::Own<capnp::ClientHook>>(current().addRef());
  }
  kj::Own<capnp::ClientHook> addRef() override { return kj::addRef(*this); }
  const void* getBrand() override { return &BRAND; }
  kj::Maybe<int> getFd() override { return nullptr; }

private:
  kj::Own<ConnectorRef> connectorRef;
  kj::String host;
  kj::String name;
  kj::Own<LinkView> link;

  // The object on `link`.
  kj::Own<capnp::ClientHook> object;

  capnp::ClientHook& current();
  void connect();

  // What takes a call now: the object, or something that refuses it.
  kj::Own<capnp::ClientHook> admit();
};

}  // namespace troth
