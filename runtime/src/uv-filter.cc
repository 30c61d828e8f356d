#include "uv-filter.h"

#include <kj/debug.h>

namespace troth {
namespace {

using Ranges = kj::ArrayPtr<const kj::StringPtr>;

// Addresses of this machine.
constexpr kj::StringPtr LOCAL[] = {"127.0.0.0/8"_kj, "0.0.0.0/32"_kj, "::1/128"_kj, "::/128"_kj};

// Addresses of this machine and of networks that are not part of the Internet.
constexpr kj::StringPtr PRIVATE[] = {
    "127.0.0.0/8"_kj,
    "0.0.0.0/32"_kj,
    "::1/128"_kj,
    "::/128"_kj,
    "10.0.0.0/8"_kj,
    "100.64.0.0/10"_kj,
    "169.254.0.0/16"_kj,
    "172.16.0.0/12"_kj,
    "192.168.0.0/16"_kj,
    "fc00::/7"_kj,
    "fe80::/10"_kj,
};

bool isWithin(const sockaddr& address, Ranges ranges) {
  for (auto range: ranges) {
    if (kj::CidrRange(range).matches(&address)) return true;
  }
  return false;
}

// How many bits the most specific match has, or -1.
int specificity(const kj::Vector<kj::CidrRange>& ranges, const sockaddr& address) {
  int result = -1;
  for (auto& range: ranges) {
    if (range.matches(&address)) result = kj::max(result, int(range.getSpecificity()));
  }
  return result;
}

}  // namespace

void PeerFilter::Rules::add(kj::StringPtr rule) {
  auto addAll = [&](Ranges list) {
    for (auto range: list) ranges.add(kj::CidrRange(range));
  };
  if (rule == "local") {
    addAll(LOCAL);
  } else if (rule == "private") {
    addAll(PRIVATE);
  } else if (rule == "public") {
    publicAddresses = true;
  } else if (rule == "network") {
    networkAddresses = true;
  } else if (rule == "unix") {
    unixPaths = true;
  } else if (rule == "unix-abstract") {
    unixAbstract = true;
  } else {
    ranges.add(kj::CidrRange(rule));
  }
}

PeerFilter::PeerFilter(const PeerFilter& parent, Ranges allowRules, Ranges denyRules)
    : parent(parent) {
  for (auto rule: allowRules) allow.add(rule);
  for (auto rule: denyRules) {
    KJ_REQUIRE(rule != "network", "\"network\" cannot be denied; allow \"local\" instead");
    KJ_REQUIRE(rule != "public", "\"public\" cannot be denied; allow \"private\" instead");
    deny.add(rule);
  }
}

bool PeerFilter::allows(const SocketAddress& address) const {
  KJ_IF_MAYBE(p, parent) {
    bool allowed =
        address.family() == AF_UNIX ? allowsUnix(address) : allowsInternet(*address.raw());
    return allowed && p->allows(address);
  }
  return true;
}

bool PeerFilter::allowsUnix(const SocketAddress& address) const {
  bool path = address.findPath() != nullptr || address.isUnnamed();
  return path ? allow.unixPaths && !deny.unixPaths : allow.unixAbstract && !deny.unixAbstract;
}

bool PeerFilter::allowsInternet(const sockaddr& address) const {
  int allowed = specificity(allow.ranges, address);
  bool byWord = (allow.publicAddresses && !isWithin(address, PRIVATE)) ||
      (allow.networkAddresses && !isWithin(address, LOCAL));
  if (byWord) allowed = kj::max(allowed, 0);
  return allowed >= 0 && specificity(deny.ranges, address) < allowed;
}

}  // namespace troth
