#pragma once
// DurableCalls are the durable calls of one vat: those that come, those that were left pending by
// vats that died, and the leases on both.

#include <troth/durability.h>
#include <troth/store.h>

namespace troth {

kj::Own<Durability> newDurableCalls(
    Store& store, ObjectHost& host, kj::Timer& timer, const DurableOptions& options);

}  // namespace troth
