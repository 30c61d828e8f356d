#include "pg-rows.h"

#include <kj/debug.h>

#include "backend.h"
#include "micros.h"
#include "pg-kept-step.h"
#include "pg-statements.h"

namespace troth::pg {
namespace {

// Between the tags of one record; no tag has a control character.
constexpr char TAG_SEPARATOR = '\x1f';

// ---- Writing ----

void addMaybe(PgTextArray& column, const kj::Maybe<kj::String>& text) {
  KJ_IF_MAYBE(t, text) {
    column.add(*t);
  } else {
    column.addNull();
  }
}

void addTime(PgInt8Array& column, const kj::Maybe<kj::Date>& time) {
  KJ_IF_MAYBE(t, time) {
    column.add(toMicros(*t));
  } else {
    column.addNull();
  }
}

void addTags(PgTextArray& column, kj::ArrayPtr<const kj::String> tags) {
  if (tags.size() == 0) return column.addNull();
  column.add(kj::strArray(tags, "\x1f"));
}

void addState(PgInt2Array& column, PromiseState state) { column.add(static_cast<int16_t>(state)); }

void addLease(PgTextArray& owners, PgInt8Array& expires, const kj::Maybe<Lease>& lease) {
  KJ_IF_MAYBE(l, lease) {
    owners.add(l->owner);
    expires.add(toMicros(l->expires));
  } else {
    owners.addNull();
    expires.addNull();
  }
}

void addError(PgInt2Array& types, PgTextArray& texts, const kj::Maybe<PromiseError>& error) {
  KJ_IF_MAYBE(e, error) {
    types.add(static_cast<int16_t>(e->type));
    texts.add(e->text);
  } else {
    types.addNull();
    texts.addNull();
  }
}

// ---- Reading ----

kj::String readText(PgValue value) { return kj::heapString(value.asText()); }

kj::Maybe<kj::String> readMaybeText(PgValue value) {
  if (value.isNull()) return nullptr;
  return readText(value);
}

kj::Maybe<kj::Date> readMaybeTime(PgValue value) {
  if (value.isNull()) return nullptr;
  return fromMicros(value.asInt8());
}

kj::Array<const kj::byte> readBytes(PgValue value) {
  return kj::heapArray<kj::byte>(value.asBytea());
}

kj::Array<kj::String> readTags(PgValue value) {
  if (value.isNull()) return nullptr;
  kj::Vector<kj::String> tags;
  auto rest = value.asText();
  for (;;) {
    size_t length = 0;
    while (length < rest.size() && rest[length] != TAG_SEPARATOR) ++length;
    tags.add(kj::heapString(rest.slice(0, length)));
    if (length == rest.size()) return tags.releaseAsArray();
    rest = rest.slice(length + 1, rest.size());
  }
}

PromiseState readState(PgValue value) {
  auto state = value.asInt2();
  KJ_REQUIRE(state >= 0 && static_cast<size_t>(state) < kj::size(PROMISE_STATES),
      "the database has a record in a state that this program does not know", state);
  return static_cast<PromiseState>(state);
}

kj::Maybe<PromiseError> readError(PgValue type, PgValue text) {
  if (type.isNull()) return nullptr;
  return PromiseError{static_cast<kj::Exception::Type>(type.asInt2()), readText(text)};
}

kj::Maybe<Lease> readLease(PgValue owner, PgValue expires) {
  if (owner.isNull()) return nullptr;
  return Lease{readText(owner), fromMicros(expires.asInt8())};
}

// The columns that statements read, in their order.
enum Column {
  ID,
  STATE,
  AWAITED,
  ERROR_TYPE,
  METHOD_ID,
  VERSION,
  INTERFACE_ID,
  CREATED,
  SETTLED,
  DEADLINE,
  DUE,
  LEASE_EXPIRES,
  EPOCH,
  TARGET,
  LEASE_OWNER,
  PARENT,
  ROOT,
  TAGS,
  DIGEST,
  PARAMS,
  VALUE,
  ERROR_TEXT
};

bool isChildOf(const PgResult& result, size_t row, kj::StringPtr parent) {
  return result.at(row, PARENT).asText() == parent.asArray();
}

}  // namespace

VersionedRecord readRecord(const PgResult& result, size_t row) {
  auto value = [&](Column column) { return result.at(row, column); };
  Record record;
  record.id = readText(value(ID));
  record.call = {readText(value(TARGET)), static_cast<uint64_t>(value(INTERFACE_ID).asInt8()),
      static_cast<uint16_t>(value(METHOD_ID).asInt4()), readBytes(value(PARAMS))};
  record.digest = readBytes(value(DIGEST));
  record.parent = readMaybeText(value(PARENT));
  record.root = readMaybeText(value(ROOT));
  record.deadline = readMaybeTime(value(DEADLINE));
  record.tags = readTags(value(TAGS));
  record.created = fromMicros(value(CREATED).asInt8());
  record.state = readState(value(STATE));
  record.value = readBytes(value(VALUE));
  record.error = readError(value(ERROR_TYPE), value(ERROR_TEXT));
  record.settled = readMaybeTime(value(SETTLED));
  record.lease = readLease(value(LEASE_OWNER), value(LEASE_EXPIRES));
  record.epoch = value(EPOCH).asInt8();
  record.due = readMaybeTime(value(DUE));
  record.awaited = value(AWAITED).asBool();
  return {kj::mv(record), static_cast<uint64_t>(value(VERSION).asInt8())};
}

// The rows are in the order of `claimed`. Where there may be more than were read, the pages say so.
void addChildren(
    kj::ArrayPtr<Claimed> claimed, const PgResult& result, uint32_t childrenMax, kj::Date now) {
  size_t row = 0, bytes = 0;
  for (auto& parent: claimed) {
    auto& page = parent.children;
    kj::Vector<Record> records;
    auto last = Cursor::beforeAll();
    for (; row < result.rows() && isChildOf(result, row, parent.record.id); ++row) {
      auto record = readRecord(result, row).record;
      project(record, now);
      bytes += record.call.params.size() + record.value.size();
      if (records.size() < childrenMax) last = Cursor::after(record);
      records.add(kj::mv(record));
    }
    bool isAll = records.size() <= childrenMax && bytes <= CLAIM_CHILDREN_BYTES_MAX;
    if (!isAll) page.next = last.toText();
    if (records.size() > childrenMax) records.truncate(childrenMax);
    page.records = records.releaseAsArray();
  }
}

void ReadRows::add(kj::StringPtr id) {
  ids.add(id);
  addMaybe(keepers, findKeeper(id));
}

PgExecution ReadRows::finish() { return {READ, kj::arr(ids.finish(), keepers.finish())}; }

void InsertRows::add(const Record& record, kj::Maybe<kj::String> keeper) {
  ids.add(record.id);
  addState(states, record.state);
  awaited.add(record.awaited);
  addError(errorTypes, errorTexts, record.error);
  methodIds.add(record.call.methodId);
  interfaceIds.add(static_cast<int64_t>(record.call.interfaceId));
  created.add(toMicros(record.created));
  addTime(settled, record.settled);
  addTime(deadlines, record.deadline);
  addTime(due, record.due);
  addLease(owners, leaseExpires, record.lease);
  epochs.add(record.epoch);
  targets.add(record.call.target);
  addMaybe(parents, record.parent);
  addMaybe(roots, record.root);
  addTags(tags, record.tags);
  needsCare = needsCare || record.tags.size() > 0 || keeper != nullptr;
  digests.add(record.digest);
  params.add(record.call.params);
  values.add(record.value);
  addMaybe(keepers, keeper);
}

PgExecution InsertRows::finish() {
  auto columns = [this](auto&&... more) {
    return kj::arr(ids.finish(), states.finish(), awaited.finish(), errorTypes.finish(),
        methodIds.finish(), interfaceIds.finish(), created.finish(), settled.finish(),
        deadlines.finish(), due.finish(), leaseExpires.finish(), epochs.finish(), targets.finish(),
        owners.finish(), parents.finish(), roots.finish(), tags.finish(), digests.finish(),
        params.finish(), values.finish(), errorTexts.finish(), kj::mv(more)...);
  };
  if (needsCare) return {INSERT_CAREFULLY, columns(keepers.finish())};
  return {INSERT, columns()};
}

void UpdateRows::add(const Record& record, uint64_t version, kj::Maybe<const Record&> kept) {
  ids.add(record.id);
  versions.add(version);
  addState(states, record.state);
  awaited.add(record.awaited);
  addError(errorTypes, errorTexts, record.error);
  addTime(settled, record.settled);
  addTime(due, record.due);
  addLease(owners, leaseExpires, record.lease);
  epochs.add(record.epoch);
  values.add(record.value);
  KJ_IF_MAYBE(step, kept) {
    addStep(*step);
  } else {
    addNoStep();
  }
}

void UpdateRows::addStep(const Record& step) {
  stepNumbers.add(stepNumberOf(step.id));
  stepsCreated.add(toMicros(step.created));
  stepDigests.add(step.digest);
  stepParams.add(step.call.params);
  stepValues.add(step.value);
}

void UpdateRows::addNoStep() {
  stepNumbers.addNull();
  stepsCreated.addNull();
  stepDigests.addNull();
  stepParams.addNull();
  stepValues.addNull();
}

PgExecution UpdateRows::finish() {
  return {UPDATE,
      kj::arr(ids.finish(), versions.finish(), states.finish(), awaited.finish(),
          errorTypes.finish(), settled.finish(), due.finish(), leaseExpires.finish(),
          epochs.finish(), owners.finish(), values.finish(), errorTexts.finish(),
          stepNumbers.finish(), stepsCreated.finish(), stepDigests.finish(), stepParams.finish(),
          stepValues.finish())};
}

}  // namespace troth::pg
