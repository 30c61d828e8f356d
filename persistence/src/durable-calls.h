#pragma once
// DurableCalls are the durable calls of one vat: those that come, those that were left pending by
// vats that died, and the leases on both.

#include <troth/durability.h>
#include <troth/retry.h>
#include <troth/store.h>

namespace troth {

// All that it is given must outlive the result. Without a jitter, the thread's own is used.
kj::Own<Durability> newDurableCalls(Store& store, ObjectHost& host, kj::Timer& timer,
    const DurableOptions& options, kj::Maybe<JitterSource&> jitter = nullptr);

}  // namespace troth
