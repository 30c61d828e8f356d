#include "connected-ref.h"

#include <kj/debug.h>

namespace troth {

const kj::uint ConnectedRef::BRAND = 0;

ConnectedRef::ConnectedRef(
    kj::Own<ConnectorRef> connectorRef, kj::StringPtr host, kj::StringPtr name)
    : connectorRef(kj::mv(connectorRef)),
      host(kj::str(host)),
      name(kj::str(name)),
      link(kj::refcounted<LinkView>()),
      object(capnp::newBrokenCap(KJ_EXCEPTION(DISCONNECTED, "this vat is shutting down"))) {
  connect();
}

kj::Maybe<ConnectedRef&> ConnectedRef::find(capnp::ClientHook& hook) {
  auto at = &hook;
  for (;;) {
    if (at->getBrand() == &BRAND) return kj::downcast<ConnectedRef>(*at);
    KJ_IF_MAYBE(resolved, at->getResolved()) {
      at = resolved;
    } else {
      return nullptr;
    }
  }
}

bool ConnectedRef::isLost() {
  if (link->isUsable()) return false;
  KJ_IF_MAYBE(connector, connectorRef->connector) {
    return !connector->makesLinks();
  }
  return true;
}

capnp::ClientHook& ConnectedRef::current() {
  if (!link->isUsable()) connect();
  return *object;
}

// Without a vat to connect in, the object stays what it was, on a connection that breaks all calls.
void ConnectedRef::connect() {
  KJ_IF_MAYBE(connector, connectorRef->connector) {
    KJ_IF_MAYBE(made, connector->linkTo(host)) {
      link = kj::mv(*made);
      auto old = kj::mv(object);
      object = capnp::ClientHook::from(KJ_ASSERT_NONNULL(link->connection).getObject(name));
      // Not now: whoever walks along the hooks may be at the old one.
      kj::evalLater([old = kj::mv(old)]() {}).detach([](kj::Exception&&) {});
    }
  }
}

void ConnectedRef::requireRoom() {
  current();
  if (link->made) return;
  KJ_IF_MAYBE(connector, connectorRef->connector) {
    KJ_IF_MAYBE(connection, link->connection) {
      auto most = connector->getCallsQueuedMax();
      if (connection->getTraffic().callsSent < most) return;
      kj::throwFatalException(KJ_EXCEPTION(OVERLOADED,
          "too many calls wait for a connection to be made (limit callsQueued); retry later", host,
          most));
    }
  }
}

kj::Own<capnp::ClientHook> ConnectedRef::admit() {
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { requireRoom(); })) {
    return capnp::newBrokenCap(kj::mv(*exception));
  }
  return object->addRef();
}

capnp::Request<capnp::AnyPointer, capnp::AnyPointer> ConnectedRef::newCall(uint64_t interfaceId,
    uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint, CallHints hints) {
  return admit()->newCall(interfaceId, methodId, sizeHint, hints);
}

capnp::ClientHook::VoidPromiseAndPipeline ConnectedRef::call(uint64_t interfaceId,
    uint16_t methodId, kj::Own<capnp::CallContextHook>&& context, CallHints hints) {
  return admit()->call(interfaceId, methodId, kj::mv(context), hints);
}

}  // namespace troth
