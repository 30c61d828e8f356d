#pragma once

#include "backend.h"

namespace troth {

kj::Own<Backend> newMemoryBackend(const kj::Clock& clock);

}  // namespace troth
