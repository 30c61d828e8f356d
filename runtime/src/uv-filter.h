#pragma once
// What kj::Network::restrictPeers() allows and denies.

#include "uv-address.h"

// After <kj/string.h>, which it needs and does not include.
#include <kj/cidr.h>
#include <kj/vector.h>

namespace troth {

// Each filter narrows the one that it was made from; the first allows everything. Rules are those
// of restrictPeers(): CIDR blocks and the words `local`, `private`, `public`, `network`, `unix` and
// `unix-abstract`. The most specific block that matches an address decides, a denial in case of a
// tie. A filter must outlive those made from it.
class PeerFilter {
public:
  PeerFilter() = default;
  PeerFilter(const PeerFilter& parent, kj::ArrayPtr<const kj::StringPtr> allow,
      kj::ArrayPtr<const kj::StringPtr> deny);

  bool allows(const SocketAddress& address) const;

private:
  struct Rules {
    kj::Vector<kj::CidrRange> ranges;
    bool publicAddresses = false;
    bool networkAddresses = false;
    bool unixPaths = false;
    bool unixAbstract = false;

    void add(kj::StringPtr rule);
  };

  kj::Maybe<const PeerFilter&> parent;
  Rules allow;
  Rules deny;

  bool allowsInternet(const sockaddr& address) const;
  bool allowsUnix(const SocketAddress& address) const;
};

}  // namespace troth
