#include "child-records.h"

#include <kj/debug.h>
#include <troth/stored-message.h>

namespace troth {

void ChildRecords::add(Page page) {
  for (auto& record: page.records) {
    auto id = kj::str(record.id);
    if (!record.isSettled() && records.find(id) == nullptr) unasked.insert(kj::str(id));
    records.upsert(kj::mv(id), kj::mv(record));
  }
  rest = page.next == nullptr ? Rest::NONE : Rest::SOME;
  next = kj::mv(page.next);
}

kj::Promise<void> ChildRecords::readRest(Store& store, kj::StringPtr parent) {
  while (rest == Rest::SOME) {
    add(co_await store.search(
        {.parent = kj::str(parent), .recordsMax = Store::PAGE_RECORDS_MAX, .after = kj::mv(next)}));
  }
}

kj::Exception nondeterministic(kj::StringPtr id, kj::StringPtr before, kj::StringPtr now) {
  return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
      kj::str("nondeterministic replay: \"", id, "\" stands for ", before,
          ", and this run of the method asks for ", now,
          " there; a method must ask for the same things in the same order each time it runs, see "
          "version()"));
}

kj::String describeChild(const Record& child) {
  if (child.call.target.size() > 0) {
    return kj::str("a call of method ", child.call.methodId, " of interface 0x",
        kj::hex(child.call.interfaceId), " on \"", child.call.target, "\"");
  }
  auto what = kj::str(StoredMessage(child.call.params).step());
  return what.size() == 0 ? kj::str("a promise made by others") : kj::mv(what);
}

void ChildRecords::requireCall(kj::StringPtr id) const {
  KJ_IF_MAYBE(record, records.find(id)) {
    if (record->call.target.size() > 0) return;
    kj::throwFatalException(nondeterministic(id, describeChild(*record), "a call"));
  }
}

kj::Maybe<const Record&> ChildRecords::find(kj::StringPtr id, kj::StringPtr what) {
  noteAsked(id);
  KJ_IF_MAYBE(record, records.find(id)) {
    auto before = describeChild(*record);
    if (before != what) kj::throwFatalException(nondeterministic(id, before, what));
    return *record;
  }
  return nullptr;
}

}  // namespace troth
