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

  // Whether what has this brand is an object of this thread.
  static bool isLocal(const void* peer);

  // `peer` is the brand of the client hooks that lead to it. Objects of this thread, and those that
  // are not known yet, need no such calls: they count as NO.
  Support get(const void* peer) const;
  void set(const void* peer, Support support);

  // A message has gone out on `link`.
  void messageSent(const void* link) { lastLink = link; }

  // Calls `send`, which sends something to `peer`, and so learns on which link it is.
  template <typename Send>
  void learnLink(const void* peer, Send&& send) {
    lastLink = nullptr;
    send();
    bind(peer);
  }

  // Forgets the peer on `link`: the next one may have the same brand.
  void forgetLink(const void* link);

  // Whether `peer` is not that of another vat: this thread, or what is not known yet.
  static bool isNobody(const void* peer);

private:
  struct Known {
    Support support;
    const void* link = nullptr;
  };

  kj::HashMap<const void*, Known> known;
  const void* lastLink = nullptr;

  void bind(const void* peer);
};

}  // namespace troth::_
