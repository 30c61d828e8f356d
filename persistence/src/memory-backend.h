#pragma once

#include <kj/refcount.h>

#include <map>
#include <string>
#include <vector>

#include "backend.h"

namespace troth {

// What stores in memory keep, for any number of them in one thread.
struct MemoryRecords: public kj::Refcounted {
  std::map<std::string, Record> records;

  // In the order in which they were opened, in which they are told.
  std::vector<BackendListener*> listeners;
};

kj::Own<Backend> newMemoryBackend(kj::Own<MemoryRecords> shared, const kj::Clock& clock);

}  // namespace troth
