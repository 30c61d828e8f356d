#pragma once
// kj::ConnectionReceiver over a listening Socket.

#include <kj/async-io.h>
#include <troth/loop.h>

#include "uv-address.h"
#include "uv-filter.h"
#include "uv-port.h"

namespace troth {

// Listens on `address`. Connections that `filter` does not allow are closed at once; it must
// outlive the receiver.
//
// A connection is taken from the kernel's queue when accept() waits for it, no earlier. When the
// process is out of file descriptors or memory, accept() goes on waiting and tries again a little
// later.
kj::Own<kj::ConnectionReceiver> newListener(
    LoopPort& port, const PeerFilter& filter, const SocketAddress& address, ListenOptions options);

}  // namespace troth
