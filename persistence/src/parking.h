#pragma once
// Parking: work that waits for its parts is put away, and is due again when one of them settles.

#include "backend.h"

namespace troth {

// As Store::park(). `backend` must outlive the promise.
kj::Promise<Record> park(Backend& backend, ParkRequest request);

}  // namespace troth
