#pragma once
// Who holds a lease: one start of one vat, in words that another process of the same machine can
// check.

#include <kj/string.h>

namespace troth {

// A name that nobody else has, now or later.
kj::String newLeaseOwner();

// Whether the process that has made this name is certainly gone. False where that cannot be told:
// it is, or was, on another machine or in another container.
enum class Liveness { UNKNOWN, DEAD };
Liveness livenessOf(kj::StringPtr owner);

}  // namespace troth
