#pragma once
// What is known of the peers that this thread's calls have gone to.

#include <kj/map.h>

namespace troth::_ {

class Peers {
public:
  // Whether a peer implements Object, through which calls with promised arguments are made.
  // TRYING: such a call is under way to it.
  enum class Support { UNKNOWN, TRYING, YES, NO };

  // More peers than this are forgotten and asked again.
  static constexpr size_t PEERS_MAX = 4096;

  // `peer` is the brand of the client hooks that lead to it; null is nobody.
  Support get(const void* peer) const;
  void set(const void* peer, Support support);

private:
  kj::HashMap<const void*, Support> known;
};

}  // namespace troth::_
