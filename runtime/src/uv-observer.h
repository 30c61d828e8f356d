#pragma once
// FdObserver over a Socket.

#include <troth/fd-observer.h>

#include "uv-port.h"

namespace troth {

kj::Own<FdObserver> newFdObserver(LoopPort& port, int fd);

}  // namespace troth
