#pragma once

#include "backend.h"

namespace troth {

// Keeps records in the file at `path`, which it opens at once. One thread of its own uses the file.
kj::Own<Backend> newSqliteBackend(kj::StringPtr path, const StoreOptions& options);

}  // namespace troth
