#pragma once
// A Connection is one two-party link of a vat: a stream, Cap'n Proto's RPC system on it, and the
// ledger that holds both to the vat's limits.

#include <capnp/rpc-twoparty.h>
#include <capnp/rpc.h>
#include <kj/async-io.h>

#include "guarded-network.h"
#include "ledger.h"

namespace troth {

// Finds the object that a peer asks for by name; the empty name is the vat's main object.
class ObjectTable {
public:
  virtual capnp::Capability::Client getObject(kj::StringPtr name) = 0;

protected:
  ~ObjectTable() = default;
};

class Connection final {
public:
  using Side = capnp::rpc::twoparty::Side;

  // Speaks over `stream` as `side`, and offers the peer what is in `objects`. What it says passes
  // `gate`. The last three must outlive the connection.
  Connection(kj::Own<kj::AsyncIoStream> stream, Side side, ObjectTable& objects,
      const Limits& limits, OutputGate& gate);
  ~Connection() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Connection);

  // The peer's object of that name. Nothing is awaited: calls may be made on it at once.
  capnp::Capability::Client getObject(kj::StringPtr name);

  // Resolves when the link is gone, whoever ended it.
  kj::Promise<void> onDisconnect() { return network.onDisconnect(); }

  // Whether the link has broken or been closed: onDisconnect() resolves some turns later.
  bool hasEnded() const { return guarded.hasEnded(); }

  // Whether the peer has answered anything.
  bool hasBeenAnswered() const { return ledger.hasBeenAnswered(); }

  // Refuses new calls from now on.
  void drain() { ledger.drain(); }

  // Ends the link once everything queued has been written. The peer sees the end of the stream.
  kj::Promise<void> close();

  // Whether neither side has anything to do with the other.
  bool isIdle() const { return ledger.isIdle(); }

  uint32_t getCallsOutstanding() const { return ledger.getCallsOutstanding(); }
  const Traffic& getTraffic() const { return ledger.getTraffic(); }

private:
  class Restorer;

  kj::Own<kj::AsyncIoStream> stream;
  Ledger ledger;
  Side side;
  kj::Own<Restorer> restorer;
  capnp::TwoPartyVatNetwork network;
  GuardedNetwork guarded;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc;
};

// Tells the peer on `stream` why it is not served, and ends the stream.
kj::Promise<void> turnAway(kj::Own<kj::AsyncIoStream> stream, kj::StringPtr reason);

}  // namespace troth
