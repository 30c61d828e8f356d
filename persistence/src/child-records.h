#pragma once
// ChildRecords are what earlier starts of a durable call have recorded of its parts.

#include <kj/map.h>
#include <troth/store.h>

namespace troth {

class ChildRecords {
public:
  // Reads the direct children of `parent`, in pages.
  kj::Promise<void> read(Store& store, kj::StringPtr parent);

  // The child of that id, if there is one. Throws "nondeterministic replay", with both, if it is
  // not the record of `what`.
  kj::Maybe<const Record&> find(kj::StringPtr id, kj::StringPtr what) const;

private:
  kj::HashMap<kj::String, Record> records;
};

// That a start of a durable call asks for `now` under an id that stands for `before`.
kj::Exception nondeterministic(kj::StringPtr id, kj::StringPtr before, kj::StringPtr now);

// What a child is: what recordStep() was given, or the call.
kj::String describeChild(const Record& child);

}  // namespace troth
