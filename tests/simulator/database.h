#pragma once
// The database as a vat sees it: at the end of a line, slow now and then, sometimes gone. What was
// sent may be carried out when its sender is gone, or has given up.

#include "backend.h"
#include "rules.h"

namespace troth::simulator {

// What the backend of one life of a vat does, for as long as anything of it is on its way.
class Session;

// `life` must outlive the backend. Until `cut`, if that is later than now, nothing gets through.
kj::Own<Backend> newDistantBackend(
    World& world, Rules& rules, Life& life, const kj::TimePoint& cut);

}  // namespace troth::simulator
