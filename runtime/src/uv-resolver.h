#pragma once
// Looks up host names in libuv's thread pool.

#include <kj/async.h>
#include <kj/vector.h>

#include "uv-address.h"
#include "uv-port.h"

namespace troth {

// All addresses of the host, in the order in which the system prefers them, each with the port.
// Drop the promise to cancel.
kj::Promise<kj::Vector<SocketAddress>> resolve(LoopPort& port, HostName name);

}  // namespace troth
