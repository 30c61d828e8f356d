#include "uv-address.h"

#include <arpa/inet.h>
#include <kj/debug.h>
#include <stddef.h>
#include <string.h>

namespace troth {
namespace {

constexpr uint PORT_MAX = 65535;

template <typename... Params>
[[noreturn]] void failPlain(Params&&... params) {
  kj::throwFatalException(kj::Exception(
      kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::str(kj::fwd<Params>(params)...)));
}

uint16_t checkPort(kj::StringPtr text, kj::StringPtr digits) {
  uint port = 0;
  bool valid = digits.size() > 0;
  for (char c: digits) {
    valid = valid && c >= '0' && c <= '9';
    if (valid) port = port * 10 + (c - '0');
    valid = valid && port <= PORT_MAX;
  }
  if (!valid) {
    failPlain(
        '"', digits, "\" is not a port in \"", text, "\"; expected a number from 0 to ", PORT_MAX);
  }
  return port;
}

struct HostAndPort {
  kj::String host;
  kj::Maybe<kj::StringPtr> port;
  bool bracketed = false;
};

// Cuts `[host]:port`, `host:port`, or either without a port. More than one colon without brackets
// is an IPv6 address.
kj::Maybe<HostAndPort> split(kj::StringPtr text) {
  if (text.startsWith("[")) {
    KJ_IF_MAYBE(close, text.findFirst(']')) {
      auto host = kj::str(text.slice(1, *close));
      auto rest = text.slice(*close + 1);
      if (rest.size() == 0) return HostAndPort{kj::mv(host), nullptr, true};
      if (rest[0] == ':') return HostAndPort{kj::mv(host), rest.slice(1), true};
    }
    return nullptr;
  }
  KJ_IF_MAYBE(colon, text.findFirst(':')) {
    auto rest = text.slice(*colon + 1);
    if (rest.findFirst(':') == nullptr) return HostAndPort{kj::str(text.slice(0, *colon)), rest};
  }
  return HostAndPort{kj::str(text), nullptr};
}

bool isHostName(kj::StringPtr host) {
  for (kj::byte c: host.asBytes()) {
    if (c <= ' ' || c == '/' || c == ':' || c == '[' || c == ']' || c == 127) return false;
  }
  return host.size() > 0;
}

template <typename Address>
kj::String inetString(int family, const Address& address) {
  char buffer[INET6_ADDRSTRLEN];
  return kj::str(inet_ntop(family, &address, buffer, sizeof(buffer)));
}

kj::String toString(const sockaddr_in& address) {
  return kj::str(inetString(AF_INET, address.sin_addr), ':', ntohs(address.sin_port));
}

kj::String toString(const sockaddr_in6& address) {
  return kj::str('[', inetString(AF_INET6, address.sin6_addr), "]:", ntohs(address.sin6_port));
}

}  // namespace

SocketAddress::SocketAddress(): length(0) { memset(&address, 0, sizeof(address)); }

SocketAddress::SocketAddress(const void* raw, size_t size): SocketAddress() {
  KJ_REQUIRE(size >= sizeof(sa_family_t) && size <= sizeof(address), "not a socket address", size);
  memcpy(&address, raw, size);
  length = size;
}

SocketAddress SocketAddress::wildcard(uint16_t port) {
  SocketAddress result;
  result.address.inet6.sin6_family = AF_INET6;
  result.length = sizeof(sockaddr_in6);
  result.any = true;
  result.setPort(port);
  return result;
}

SocketAddress SocketAddress::unixPath(kj::StringPtr path) {
  SocketAddress result;
  auto& local = result.address.local;
  if (path.size() == 0 || path.size() >= sizeof(local.sun_path) ||
      path.findFirst('\0') != nullptr) {
    failPlain("\"unix:", path, "\" is not an address; expected a path of 1 to ",
        sizeof(local.sun_path) - 1, " bytes after unix:");
  }
  local.sun_family = AF_UNIX;
  memcpy(local.sun_path, path.begin(), path.size() + 1);
  result.length = offsetof(sockaddr_un, sun_path) + path.size() + 1;
  return result;
}

SocketAddress SocketAddress::unixAbstract(kj::StringPtr name) {
  SocketAddress result;
  auto& local = result.address.local;
  if (name.size() == 0 || name.size() + 1 >= sizeof(local.sun_path)) {
    failPlain("\"unix-abstract:", name, "\" is not an address; expected a name of 1 to ",
        sizeof(local.sun_path) - 2, " bytes after unix-abstract:");
  }
  local.sun_family = AF_UNIX;
  memcpy(local.sun_path + 1, name.begin(), name.size());
  result.length = offsetof(sockaddr_un, sun_path) + 1 + name.size();
  return result;
}

kj::Maybe<SocketAddress> SocketAddress::findNumeric(kj::StringPtr host, uint16_t port) {
  SocketAddress result;
  if (inet_pton(AF_INET, host.cStr(), &result.address.inet4.sin_addr) == 1) {
    result.address.inet4.sin_family = AF_INET;
    result.length = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, host.cStr(), &result.address.inet6.sin6_addr) == 1) {
    result.address.inet6.sin6_family = AF_INET6;
    result.length = sizeof(sockaddr_in6);
  } else {
    return nullptr;
  }
  result.setPort(port);
  return result;
}

uint16_t SocketAddress::port() const {
  switch (family()) {
    case AF_INET: return ntohs(address.inet4.sin_port);
    case AF_INET6: return ntohs(address.inet6.sin6_port);
    default: return 0;
  }
}

void SocketAddress::setPort(uint16_t port) {
  switch (family()) {
    case AF_INET: address.inet4.sin_port = htons(port); break;
    case AF_INET6: address.inet6.sin6_port = htons(port); break;
    default: break;
  }
}

bool SocketAddress::isUnnamed() const {
  return family() == AF_UNIX && length <= offsetof(sockaddr_un, sun_path);
}

kj::Maybe<kj::StringPtr> SocketAddress::findPath() const {
  if (family() != AF_UNIX || isUnnamed()) return nullptr;
  if (address.local.sun_path[0] == '\0') return nullptr;
  return kj::StringPtr(address.local.sun_path);
}

kj::String SocketAddress::toString() const {
  if (any) return kj::str("*:", port());
  switch (family()) {
    case AF_INET: return troth::toString(address.inet4);
    case AF_INET6: return troth::toString(address.inet6);
    case AF_UNIX: break;
    default: return kj::str("address of unknown family ", family());
  }
  KJ_IF_MAYBE(path, findPath()) return kj::str("unix:", *path);
  size_t before = offsetof(sockaddr_un, sun_path) + 1;
  size_t nameSize = length > before ? length - before : 0;
  return kj::str("unix-abstract:", kj::arrayPtr(address.local.sun_path + 1, nameSize));
}

kj::OneOf<SocketAddress, HostName> parseAddressText(kj::StringPtr text, uint portHint) {
  if (text.startsWith("unix:")) return SocketAddress::unixPath(text.slice(strlen("unix:")));
  if (text.startsWith("unix-abstract:")) {
    return SocketAddress::unixAbstract(text.slice(strlen("unix-abstract:")));
  }
  KJ_IF_MAYBE(parts, split(text)) {
    KJ_IF_MAYBE(digits, parts->port) {
      portHint = checkPort(text, *digits);
    } else if (portHint == 0 || portHint > PORT_MAX) {
      parts->host = nullptr;
    }
    if (parts->host == "*" && !parts->bracketed) return SocketAddress::wildcard(portHint);
    KJ_IF_MAYBE(address, SocketAddress::findNumeric(parts->host, portHint)) {
      if (!parts->bracketed || address->family() == AF_INET6) return *address;
    } else if (!parts->bracketed && isHostName(parts->host)) {
      return HostName{kj::mv(parts->host), static_cast<uint16_t>(portHint)};
    }
  }
  failPlain('"', text, "\" is not an address; expected host:port, [ipv6]:port or unix:/path");
}

PeerName::PeerName() { memset(&address, 0, sizeof(address)); }

PeerName::PeerName(const SocketAddress& from): PeerName() {
  memcpy(&address, from.raw(), kj::min(sizeof(address), size_t(from.size())));
}

PeerName PeerName::ofSocket(int fd) {
  PeerName result;
  socklen_t size = sizeof(result.address);
  if (getpeername(fd, &result.address.generic, &size) < 0) return PeerName();
  return result;
}

kj::String PeerName::toString() const {
  switch (address.generic.sa_family) {
    case AF_INET: return troth::toString(address.inet4);
    case AF_INET6: return troth::toString(address.inet6);
    case AF_UNIX: return kj::str("a Unix socket");
    default: return kj::str("an unknown peer");
  }
}

}  // namespace troth
