#include <troth/peers.h>

namespace troth::_ {

Peers::Support Peers::get(const void* peer) const {
  if (peer == nullptr) return Support::NO;
  KJ_IF_MAYBE (support, known.find(peer)) {
    return *support;
  }
  return Support::UNKNOWN;
}

void Peers::set(const void* peer, Support support) {
  if (peer == nullptr) return;
  if (known.size() >= PEERS_MAX) known.clear();
  known.upsert(peer, support);
}

}  // namespace troth::_
