#pragma once
// Waits for a person, or a supervisor, to ask the process to stop.

#include <kj/async.h>
#include <troth/loop.h>

namespace troth {

// Resolves when the process gets SIGINT or SIGTERM. While the promise is pending these signals do
// not end the process.
kj::Promise<void> whenAskedToStop(Loop& loop);

}  // namespace troth
