#pragma once
// ChildRecords are what earlier starts of a durable call have recorded of its parts.

#include <kj/map.h>
#include <troth/store.h>

namespace troth {

class ChildRecords {
public:
  // Adds the first page of them.
  void add(Page page);

  // Reads the direct children of `parent` that come after what was added, in pages.
  kj::Promise<void> readRest(Store& store, kj::StringPtr parent);

  // The child of that id, if there is one. Throws "nondeterministic replay", with both, if it is
  // not the record of `what`.
  kj::Maybe<const Record&> find(kj::StringPtr id, kj::StringPtr what);

  // Throws the same if the child of that id, if there is one, is no call.
  void requireCall(kj::StringPtr id) const;

  // This start has asked for the child of that id, or find() was called for it.
  void noteAsked(kj::StringPtr id) { unasked.eraseMatch(id); }

  // Whether an earlier start may have asked for something that is open, and this one has not.
  bool mayHaveLeftOvers() const { return rest == Rest::SOME || unasked.size() > 0; }

private:
  // Where the rest starts; at the beginning if that is null.
  enum class Rest { SOME, NONE } rest = Rest::SOME;
  kj::Maybe<kj::String> next;
  kj::HashMap<kj::String, Record> records;

  // The pending ones of these that nobody has asked for.
  kj::HashSet<kj::String> unasked;
};

// That a start of a durable call asks for `now` under an id that stands for `before`.
kj::Exception nondeterministic(kj::StringPtr id, kj::StringPtr before, kj::StringPtr now);

// What a child is: what recordStep() was given, or the call.
kj::String describeChild(const Record& child);

}  // namespace troth
