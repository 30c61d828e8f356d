#pragma once
// A GuardedNetwork stands between Cap'n Proto's RPC system and a two-party connection, and shows
// every message to the connection's ledger.

#include <capnp/rpc-twoparty.h>

#include "ledger.h"

namespace troth {

class GuardedNetwork final: public capnp::TwoPartyVatNetworkBase {
public:
  // `network`, `ledger` and `limits` must outlive this.
  GuardedNetwork(capnp::TwoPartyVatNetwork& network, Ledger& ledger, const Limits& limits)
      : network(network), ledger(ledger), limits(limits) {}

  kj::Maybe<kj::Own<Connection>> connect(capnp::rpc::twoparty::VatId::Reader id) override;
  kj::Promise<kj::Own<Connection>> accept() override;

  // Ends the stream once what is queued has been written. Later messages, in either direction, go
  // nowhere.
  kj::Promise<void> close();

  // Whether nothing more can be sent or received. What was under way may still be told so.
  bool hasEnded() const { return ended; }

private:
  class GuardedConnection;

  capnp::TwoPartyVatNetwork& network;
  Ledger& ledger;
  const Limits& limits;
  bool closed = false;
  bool ended = false;

  // The one connection, while the RPC system holds it.
  kj::Maybe<GuardedConnection&> current;

  kj::Own<Connection> guard(kj::Own<Connection> connection);
};

}  // namespace troth
