#pragma once
// kj::Network on libuv.

#include <kj/async-io.h>
#include <troth/loop.h>

#include "uv-filter.h"
#include "uv-port.h"

namespace troth {

class UvNetwork final: public kj::Network {
public:
  explicit UvNetwork(LoopPort& port): port(port) {}
  UvNetwork(UvNetwork& parent, kj::ArrayPtr<const kj::StringPtr> allow,
      kj::ArrayPtr<const kj::StringPtr> deny)
      : port(parent.port), filter(parent.filter, allow, deny) {}

  kj::Promise<kj::Own<kj::NetworkAddress>> parseAddress(
      kj::StringPtr text, uint portHint = 0) override;
  kj::Own<kj::NetworkAddress> getSockaddr(const void* sockaddr, uint size) override;
  kj::Own<kj::Network> restrictPeers(kj::ArrayPtr<const kj::StringPtr> allow,
      kj::ArrayPtr<const kj::StringPtr> deny = nullptr) override;

private:
  LoopPort& port;
  PeerFilter filter;
};

// Says who is at the other end: an address, or the user and process behind a Unix socket. `filter`
// must outlive the identity.
kj::AuthenticatedStream identify(
    LoopPort& port, const PeerFilter& filter, kj::Own<kj::AsyncIoStream> stream);

// The same as `address.listen()`, with options. `address` comes from a UvNetwork.
kj::Own<kj::ConnectionReceiver> listenOn(kj::NetworkAddress& address, ListenOptions options);

}  // namespace troth
