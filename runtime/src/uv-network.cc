#include "uv-network.h"

#include <kj/debug.h>
#include <kj/refcount.h>

#include "uv-error.h"
#include "uv-listener.h"
#include "uv-resolver.h"
#include "uv-stream.h"

namespace troth {
namespace {

// All addresses of one host, shared by those who connect to them.
struct AddressList final: public kj::Refcounted {
  AddressList(LoopPort& port, const PeerFilter& filter, kj::Vector<SocketAddress>&& addresses)
      : port(port), filter(filter), addresses(kj::mv(addresses)) {}
  LoopPort& port;
  const PeerFilter& filter;
  kj::Vector<SocketAddress> addresses;
};

using StreamPromise = kj::Promise<kj::Own<kj::AsyncIoStream>>;

StreamPromise connectTo(AddressList& list, size_t index) {
  return kj::evalNow([&]() -> StreamPromise {
    auto& address = list.addresses[index];
    KJ_REQUIRE(list.filter.allows(address), "restrictPeers() forbids to connect to this address",
        address.toString());
    return connectStream(list.port, address);
  });
}

// Tries the address at `index`, then those after it. Fails with the reason of the last.
StreamPromise connectFrom(kj::Own<AddressList> list, size_t index) {
  auto promise = connectTo(*list, index);
  if (index + 1 == list->addresses.size()) return promise;
  return promise.catch_([list = kj::mv(list), index](kj::Exception&&) mutable {
    return connectFrom(kj::mv(list), index + 1);
  });
}

class Address final: public kj::NetworkAddress {
public:
  explicit Address(kj::Own<AddressList> list): list(kj::mv(list)) {}

  StreamPromise connect() override { return connectFrom(kj::addRef(*list), 0); }
  kj::Promise<kj::AuthenticatedStream> connectAuthenticated() override {
    return connect()
        .then([&list = *list](kj::Own<kj::AsyncIoStream> stream) {
          return identify(list.port, list.filter, kj::mv(stream));
        })
        .attach(kj::addRef(*list));
  }
  kj::Own<kj::ConnectionReceiver> listen() override { return listen(ListenOptions{}); }
  kj::Own<kj::ConnectionReceiver> listen(ListenOptions options);

  kj::Own<kj::DatagramPort> bindDatagramPort() override {
    KJ_UNIMPLEMENTED("troth::Loop has no datagrams; use streams");
  }

  kj::Own<kj::NetworkAddress> clone() override { return kj::heap<Address>(kj::addRef(*list)); }

  kj::String toString() override {
    return kj::strArray(
        KJ_MAP(address, list->addresses) { return address.toString(); }, ",");
  }

private:
  kj::Own<AddressList> list;
};

// Listens on all addresses of the host that this machine has; on the same port even if the kernel
// chooses it.
kj::Own<kj::ConnectionReceiver> Address::listen(ListenOptions options) {
  kj::Vector<kj::Own<kj::ConnectionReceiver>> listeners;
  kj::Maybe<kj::Exception> failure;
  for (auto address: list->addresses) {
    if (address.port() == 0 && listeners.size() > 0) address.setPort(listeners[0]->getPort());
    auto exception = kj::runCatchingExceptions(
        [&]() { listeners.add(newListener(list->port, list->filter, address, options)); });
    KJ_IF_MAYBE(e, exception) failure = kj::mv(*e);
  }
  KJ_IF_MAYBE(e, failure) {
    if (listeners.size() == 0) kj::throwFatalException(kj::mv(*e));
  }
  if (listeners.size() == 1) return kj::mv(listeners[0]);
  return kj::newAggregateConnectionReceiver(listeners.releaseAsArray());
}

kj::Own<kj::NetworkAddress> newAddress(
    LoopPort& port, const PeerFilter& filter, const SocketAddress& address) {
  kj::Vector<SocketAddress> one;
  one.add(address);
  return kj::heap<Address>(kj::refcounted<AddressList>(port, filter, kj::mv(one)));
}

kj::Own<kj::PeerIdentity> unixIdentity(kj::AsyncIoStream& stream) {
  ucred credentials{};
  uint size = sizeof(credentials);
  stream.getsockopt(SOL_SOCKET, SO_PEERCRED, &credentials, &size);
  kj::LocalPeerIdentity::Credentials result;
  if (credentials.pid > 0) result.pid = credentials.pid;
  if (credentials.uid != static_cast<uid_t>(-1)) result.uid = credentials.uid;
  return kj::LocalPeerIdentity::newInstance(result);
}

}  // namespace

kj::AuthenticatedStream identify(
    LoopPort& port, const PeerFilter& filter, kj::Own<kj::AsyncIoStream> stream) {
  sockaddr_storage raw{};
  uint size = sizeof(raw);
  stream->getpeername(reinterpret_cast<sockaddr*>(&raw), &size);
  SocketAddress peer(&raw, size);
  auto identity = peer.family() == AF_UNIX
      ? unixIdentity(*stream)
      : kj::NetworkPeerIdentity::newInstance(newAddress(port, filter, peer));
  return {kj::mv(stream), kj::mv(identity)};
}

kj::Promise<kj::Own<kj::NetworkAddress>> UvNetwork::parseAddress(
    kj::StringPtr text, uint portHint) {
  return kj::evalNow([&]() {
    auto parsed = parseAddressText(text, portHint);
    KJ_IF_MAYBE(name, parsed.tryGet<HostName>()) return resolve(port, kj::mv(*name));
    kj::Vector<SocketAddress> one;
    one.add(parsed.get<SocketAddress>());
    return kj::Promise<kj::Vector<SocketAddress>>(kj::mv(one));
  }).then([this](kj::Vector<SocketAddress>&& addresses) -> kj::Own<kj::NetworkAddress> {
    return kj::heap<Address>(kj::refcounted<AddressList>(port, filter, kj::mv(addresses)));
  });
}

kj::Own<kj::NetworkAddress> UvNetwork::getSockaddr(const void* sockaddr, uint size) {
  SocketAddress address(sockaddr, size);
  KJ_REQUIRE(filter.allows(address), "restrictPeers() forbids this address", address.toString());
  return newAddress(port, filter, address);
}

kj::Own<kj::Network> UvNetwork::restrictPeers(
    kj::ArrayPtr<const kj::StringPtr> allow, kj::ArrayPtr<const kj::StringPtr> deny) {
  return kj::heap<UvNetwork>(*this, allow, deny);
}

kj::Own<kj::ConnectionReceiver> listenOn(kj::NetworkAddress& address, ListenOptions options) {
  KJ_IF_MAYBE(ours, kj::dynamicDowncastIfAvailable<Address>(address)) return ours->listen(options);
  KJ_FAIL_REQUIRE("only an address from this Loop's network() can be listened on with options");
}

}  // namespace troth
