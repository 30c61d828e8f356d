#include <capnp/capability.h>
#include <troth/pending-call.h>

namespace troth::_ {
namespace {

class Nothing final: public capnp::Capability::Server {
public:
  DispatchCallResult dispatchCall(
      uint64_t, uint16_t, capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer>) override {
    KJ_UNREACHABLE;
  }
};

// The brand of every object of this process.
const void* localBrand() {
  static const void* brand =
      capnp::ClientHook::from(capnp::Capability::Client(kj::heap<Nothing>()))->getBrand();
  return brand;
}

}  // namespace

bool Peers::isLocal(const void* peer) { return peer == localBrand(); }

bool Peers::isNobody(const void* peer) {
  return peer == nullptr || isLocal(peer) || peer == &PromisedRef::BRAND ||
      peer == &capnp::ClientHook::NULL_CAPABILITY_BRAND ||
      peer == &capnp::ClientHook::BROKEN_CAPABILITY_BRAND;
}

Peers::Support Peers::get(const void* peer) const {
  if (isNobody(peer)) return Support::NO;
  KJ_IF_MAYBE(found, known.find(peer)) {
    return found->support;
  }
  return Support::UNKNOWN;
}

void Peers::set(const void* peer, Support support) {
  if (isNobody(peer)) return;
  KJ_IF_MAYBE(found, known.find(peer)) {
    found->support = support;
    return;
  }
  if (known.size() >= PEERS_MAX) known.clear();
  known.insert(peer, Known{support});
}

void Peers::bind(const void* peer) {
  KJ_IF_MAYBE(found, known.find(peer)) {
    found->link = lastLink;
  }
}

void Peers::forgetLink(const void* link) {
  known.eraseAll([link](const void*, const Known& peer) { return peer.link == link; });
}

}  // namespace troth::_
