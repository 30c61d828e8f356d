#pragma once
// Socket addresses: as text, as the kernel has them, and small enough to keep for error messages.

#include <kj/array.h>
#include <kj/one-of.h>
#include <kj/string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace troth {

// One address that a socket can be connected or bound to.
class SocketAddress {
public:
  SocketAddress(const void* raw, size_t size);

  // Every interface, over IPv4 and IPv6.
  static SocketAddress wildcard(uint16_t port);
  static SocketAddress unixPath(kj::StringPtr path);
  static SocketAddress unixAbstract(kj::StringPtr name);

  // Null if `host` is not a numeric address.
  static kj::Maybe<SocketAddress> findNumeric(kj::StringPtr host, uint16_t port);

  const sockaddr* raw() const { return &address.generic; }
  socklen_t size() const { return length; }
  int family() const { return address.generic.sa_family; }
  bool isWildcard() const { return any; }

  // 0 if the address has no port.
  uint16_t port() const;
  void setPort(uint16_t port);

  // A Unix socket that is not bound, as most clients' are.
  bool isUnnamed() const;

  // Null unless the address is a file.
  kj::Maybe<kj::StringPtr> findPath() const;

  kj::String toString() const;

private:
  union {
    sockaddr generic;
    sockaddr_in inet4;
    sockaddr_in6 inet6;
    sockaddr_un local;
  } address;
  socklen_t length;
  bool any = false;

  SocketAddress();
};

// A name that has to be looked up.
struct HostName {
  kj::String host;
  uint16_t port;
};

// Parses every form that Loop::network() understands. `portHint` stands in for a port that is
// missing, unless it is 0.
kj::OneOf<SocketAddress, HostName> parseAddressText(kj::StringPtr text, uint portHint);

// What error messages call the other end of a connection. Every connection keeps one, so it is
// small.
class PeerName {
public:
  PeerName();
  explicit PeerName(const SocketAddress& address);

  // The name of the other end of a connected socket.
  static PeerName ofSocket(int fd);

  kj::String toString() const;

private:
  union {
    sockaddr generic;
    sockaddr_in inet4;
    sockaddr_in6 inet6;
  } address;
};

}  // namespace troth
