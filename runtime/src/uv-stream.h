#pragma once
// kj::AsyncIoStream over a Socket.

#include <kj/async-io.h>

#include "uv-address.h"
#include "uv-port.h"

namespace troth {

// Wraps a connected, non-blocking socket.
kj::Own<kj::AsyncIoStream> newStream(LoopPort& port, kj::AutoCloseFd fd, const PeerName& peer);

// Resolves when the connection is established. Drop the promise to give up.
kj::Promise<kj::Own<kj::AsyncIoStream>> connectStream(LoopPort& port, const SocketAddress& address);

}  // namespace troth
