#pragma once
// A GuardedNetwork stands between Cap'n Proto's RPC system and a two-party connection, and shows
// every message to the connection's ledger.

#include <capnp/rpc-twoparty.h>
#include <troth/output-gate.h>

#include "ledger.h"

namespace troth {

class GuardedNetwork final: public capnp::TwoPartyVatNetworkBase {
public:
  // All of these must outlive this.
  GuardedNetwork(
      capnp::TwoPartyVatNetwork& network, Ledger& ledger, const Limits& limits, OutputGate& gate)
      : network(network),
        ledger(ledger),
        limits(limits),
        gate(gate),
        held(gate, [this](const kj::Exception& reason) { cut(reason); }) {}

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
  OutputGate& gate;

  // What must not leave yet.
  OutputGate::Queue held;
  kj::Canceler closing;
  bool closed = false;
  bool ended = false;

  // Why the link was cut.
  kj::Maybe<kj::Exception> broken;

  // The one connection, while the RPC system holds it.
  kj::Maybe<GuardedConnection&> current;

  kj::Own<Connection> guard(kj::Own<Connection> connection);

  // Ends the link once what has left the vat is written. Nothing more does, and nothing comes in.
  void cut(const kj::Exception& reason);
};

}  // namespace troth
