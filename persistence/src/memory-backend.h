#pragma once

#include <kj/refcount.h>

#include <map>
#include <set>
#include <string>

#include "backend.h"

namespace troth {

// What stores in memory keep, for any number of them in one thread.
struct MemoryRecords: public kj::Refcounted {
  std::map<std::string, Record> records;
  std::set<BackendListener*> listeners;
};

kj::Own<Backend> newMemoryBackend(kj::Own<MemoryRecords> shared, const kj::Clock& clock);

}  // namespace troth
