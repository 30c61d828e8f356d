#pragma once

#include "backend.h"

namespace troth {

// Keeps records in the PostgreSQL database at `uri`. Lives on the Loop of this thread.
kj::Own<Backend> newPgBackend(kj::StringPtr uri, const StoreOptions& options);

}  // namespace troth
