#pragma once
// The bounds of a vat, and what it has seen on the wire.
//
// Without bounds one peer can take all of a server's memory. What is over a bound is refused with
// an OVERLOADED error that names the bound, on that call alone; everything else goes on. The
// defaults are generous for honest peers; lower them for a server that strangers reach.

#include <kj/time.h>

#include <cstdint>

namespace troth {

struct Limits {
  // Calls received on one connection and not answered. Each costs the server about 12 kB.
  uint32_t callsOutstanding = 16384;

  // Words (8 bytes) of parameters of those calls, and of answers whose objects the peer has not let
  // go of.
  uint64_t wordsInFlight = 8u << 20;

  // Words of answers queued for a peer that does not read them.
  uint64_t wordsQueued = 8u << 20;

  // Calls that we have sent on a connection that is still to be made. More on the refs of its
  // address are refused.
  uint64_t callsQueued = 16384;

  // Objects that one peer holds references to.
  uint32_t references = 65536;

  // Unsettled calls, each made on a result of the one before. Applies to calls received, and to
  // those that this thread makes.
  uint32_t pipelineDepth = 4096;

  // How long a call that was received may wait for arguments that its caller has promised, and a
  // map for its list. Applies to all vats of a thread; so do the bounds on calls that are made.
  kj::Duration argumentWait = 1 * kj::HOURS;

  // Words in one message, in either direction. A call or an answer that is larger is refused on
  // our side; a peer that sends a larger one loses its connection. A receiver may read as much of a
  // message, counting all that it reads again, or 65536 words if that is more.
  uint64_t messageWords = 8u << 20;

  // Connections from other vats. One more is told so, and closed.
  uint32_t connections = 4096;

  // Functions given to Vat::offload() that have not returned.
  uint32_t offloaded = 1024;

  // How long a connection may last over which no call is outstanding and no reference is held.
  kj::Duration idle = 60 * kj::SECONDS;
};

// What went over the connections of a vat since it was made.
struct Traffic {
  uint64_t callsSent = 0;
  uint64_t callsReceived = 0;
  uint64_t callsRefused = 0;

  // How often calls were sent after an answer had come, the first time included: the round trips
  // that a program has waited for, whatever the network's delay. Asking for a peer's object is not
  // a call, because nobody has to wait for it.
  uint64_t roundTrips = 0;

  uint64_t messagesSent = 0;
  uint64_t messagesReceived = 0;
  uint64_t wordsSent = 0;
  uint64_t wordsReceived = 0;

  Traffic& operator+=(const Traffic& other);
};

}  // namespace troth
