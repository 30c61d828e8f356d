#include "sqlite-records.h"

#include <kj/debug.h>

#include <algorithm>
#include <tuple>

#include "micros.h"

namespace troth {
namespace {

// ---- Columns ----

// Reads a row's columns one after the other.
class ColumnReader {
public:
  explicit ColumnReader(const SqliteRows& rows): rows(rows) {}

  int64_t number() { return rows.number(column++); }
  kj::String text() { return kj::str(rows.text(column++)); }
  kj::Array<const kj::byte> bytes() { return kj::heapArray<kj::byte>(rows.bytes(column++)); }
  kj::Date time() { return fromMicros(number()); }

  kj::Maybe<int64_t> maybeNumber() {
    int at = column++;
    if (rows.isNull(at)) return nullptr;
    return rows.number(at);
  }
  kj::Maybe<kj::String> maybeText() {
    int at = column++;
    if (rows.isNull(at)) return nullptr;
    return kj::str(rows.text(at));
  }
  kj::Maybe<kj::Date> maybeTime() { return maybeNumber().map(fromMicros); }

private:
  const SqliteRows& rows;
  int column = 0;
};

kj::Maybe<int64_t> toMaybeMicros(const kj::Maybe<kj::Date>& time) { return time.map(toMicros); }

kj::Maybe<kj::StringPtr> nullIfEmpty(kj::StringPtr text) {
  if (text.size() == 0) return nullptr;
  return text;
}

kj::Maybe<kj::ArrayPtr<const kj::byte>> nullIfEmpty(kj::ArrayPtr<const kj::byte> bytes) {
  if (bytes.size() == 0) return nullptr;
  return bytes;
}

// Tags have no control characters in them.
kj::String joinTags(kj::ArrayPtr<const kj::String> tags) { return kj::strArray(tags, "\n"); }

kj::Array<kj::String> splitTags(kj::StringPtr tags) {
  kj::Vector<kj::String> result;
  while (tags.size() > 0) {
    KJ_IF_MAYBE(end, tags.findFirst('\n')) {
      result.add(kj::str(tags.slice(0, *end)));
      tags = tags.slice(*end + 1);
    } else {
      result.add(kj::str(tags));
      break;
    }
  }
  return result.releaseAsArray();
}

// In the order of SqliteRecords::readStatement.
Record toRecord(const SqliteRows& rows) {
  ColumnReader columns(rows);
  Record record;
  record.id = columns.text();
  record.state = static_cast<PromiseState>(columns.number());
  record.created = columns.time();
  record.settled = columns.maybeTime();
  record.deadline = columns.maybeTime();
  record.parent = columns.maybeText();
  record.root = columns.maybeText();
  record.call.target = columns.text();
  record.call.interfaceId = columns.number();
  record.call.methodId = columns.number();
  record.digest = columns.bytes();
  record.tags = splitTags(columns.text());
  record.due = columns.maybeTime();
  auto owner = columns.maybeText();
  auto expires = columns.maybeTime();
  KJ_IF_MAYBE(o, owner) record.lease = Lease{kj::mv(*o), KJ_ASSERT_NONNULL(expires)};
  record.epoch = columns.number();
  record.awaited = columns.number() != 0;
  record.value = columns.bytes();
  auto errorType = columns.maybeNumber();
  auto errorText = columns.text();
  KJ_IF_MAYBE(type, errorType) {
    record.error = PromiseError{static_cast<kj::Exception::Type>(*type), kj::mv(errorText)};
  }
  record.call.params = columns.bytes();
  return record;
}

bool isEarlier(const Cursor& a, const Cursor& b) {
  return std::tie(a.created, a.id) < std::tie(b.created, b.id);
}

}  // namespace

// ---- One record ----

kj::Maybe<Record> SqliteRecords::read(kj::StringPtr id) {
  auto rows = readStatement.run(id);
  if (!rows.next()) return nullptr;
  return toRecord(rows);
}

namespace {

auto ownerOf(const Record& record) {
  return record.lease.map([](const Lease& lease) -> kj::StringPtr { return lease.owner; });
}

auto expiryOf(const Record& record) {
  return record.lease.map([](const Lease& lease) { return toMicros(lease.expires); });
}

auto errorTypeOf(const Record& record) {
  return record.error.map(
      [](const PromiseError& error) { return static_cast<int64_t>(error.type); });
}

auto errorTextOf(const Record& record) {
  return record.error.map([](const PromiseError& error) -> kj::StringPtr { return error.text; });
}

}  // namespace

void SqliteRecords::insert(const Record& record) {
  auto tags = joinTags(record.tags);
  insertStatement.execute(record.id, static_cast<int64_t>(record.state), toMicros(record.created),
      toMaybeMicros(record.settled), toMaybeMicros(record.deadline), record.parent, record.root,
      nullIfEmpty(record.call.target), static_cast<int64_t>(record.call.interfaceId),
      record.call.methodId, record.digest, nullIfEmpty(tags), toMaybeMicros(record.due),
      ownerOf(record), expiryOf(record), static_cast<int64_t>(record.epoch), record.awaited ? 1 : 0,
      nullIfEmpty(record.value), errorTypeOf(record), errorTextOf(record));
  if (record.call.params.size() > 0) insertParamsStatement.execute(record.call.params);
  for (auto& tag: record.tags) {
    insertTagStatement.execute(tag, toMicros(record.created), record.id);
  }
}

void SqliteRecords::update(const Record& record) {
  updateStatement.execute(record.id, static_cast<int64_t>(record.state),
      toMaybeMicros(record.settled), toMaybeMicros(record.due), ownerOf(record), expiryOf(record),
      static_cast<int64_t>(record.epoch), record.awaited ? 1 : 0, nullIfEmpty(record.value),
      errorTypeOf(record), errorTextOf(record));
}

bool SqliteRecords::isPending(kj::StringPtr id) {
  auto rows = stateStatement.run(id);
  return rows.next() && rows.number(0) == static_cast<int64_t>(PromiseState::PENDING);
}

// ---- Pages ----

// What a search is for, besides the parent, root or tag.
struct SqliteRecords::Range {
  Cursor after;
  int64_t before = INT64_MAX;

  // A bit for each state.
  int64_t states = 0;

  explicit Range(const SearchRequest& request) {
    after.created = fromMicros(INT64_MIN / 1000);
    KJ_IF_MAYBE(since, request.since) after.created = firstMicro(*since);
    KJ_IF_MAYBE(text, request.after) {
      auto cursor = Cursor::parse(*text);
      if (isEarlier(after, cursor)) after = kj::mv(cursor);
    }
    KJ_IF_MAYBE(b, request.before) before = toMicros(firstMicro(*b));
    for (auto state: request.states) states |= bitOf(state);
    if (states == 0) {
      for (auto state: PROMISE_STATES) states |= bitOf(state);
    }
  }

  static int64_t bitOf(PromiseState state) { return int64_t(1) << static_cast<int>(state); }

  // The first whole microsecond at `time` or later: what a record can have been made at.
  static kj::Date firstMicro(kj::Date time) {
    auto whole = wholeMicros(time);
    return whole < time ? whole + 1 * kj::MICROSECONDS : whole;
  }
};

void SqliteRecords::findPlaces(kj::Vector<Cursor>& places, SqliteStatement& statement,
    kj::StringPtr key, const Range& range, size_t placesMax) {
  auto rows = statement.run(
      key, toMicros(range.after.created), range.after.id, range.before, range.states, placesMax);
  while (rows.next()) places.add(Cursor{fromMicros(rows.number(0)), kj::str(rows.text(1))});
}

void SqliteRecords::findPlacesByState(
    kj::Vector<Cursor>& places, const Range& range, size_t placesMax) {
  for (auto state: PROMISE_STATES) {
    if ((range.states & Range::bitOf(state)) == 0) continue;
    auto rows = placesByStateStatement.run(static_cast<int64_t>(state),
        toMicros(range.after.created), range.after.id, range.before, placesMax);
    while (rows.next()) places.add(Cursor{fromMicros(rows.number(0)), kj::str(rows.text(1))});
  }
}

kj::Array<Cursor> SqliteRecords::findPlaces(const SearchRequest& request, size_t placesMax) {
  Range range(request);
  kj::Vector<Cursor> places;
  KJ_IF_MAYBE(parent, request.parent) {
    findPlaces(places, placesByParentStatement, *parent, range, placesMax);
  } else KJ_IF_MAYBE(root, request.root) {
    findPlaces(places, placeOfRootStatement, *root, range, placesMax);
    findPlaces(places, placesByRootStatement, *root, range, placesMax);
  } else KJ_IF_MAYBE(tag, request.tag) {
    findPlaces(places, placesByTagStatement, *tag, range, placesMax);
  } else {
    findPlacesByState(places, range, placesMax);
  }
  std::sort(places.begin(), places.end(), isEarlier);
  if (places.size() > placesMax) places.truncate(placesMax);
  return places.releaseAsArray();
}

// ---- What time brings ----

kj::Array<kj::String> SqliteRecords::findOverdue(kj::Date now, size_t idsMax) {
  kj::Vector<kj::String> ids;
  auto rows = overdueStatement.run(toMicros(now), idsMax);
  while (rows.next()) ids.add(kj::str(rows.text(0)));
  return ids.releaseAsArray();
}

kj::Maybe<kj::Date> SqliteRecords::findDeadline(kj::Date now) {
  auto rows = deadlineStatement.run(toMicros(now));
  if (!rows.next()) return nullptr;
  return fromMicros(rows.number(0));
}

kj::Maybe<kj::Date> SqliteRecords::findDue(kj::StringPtr target) {
  auto rows = dueStatement.run(target);
  if (!rows.next()) return nullptr;
  return fromMicros(rows.number(0));
}

kj::Array<kj::String> SqliteRecords::findClaimable(
    kj::ArrayPtr<const kj::String> targets, kj::Date now, size_t idsMax) {
  struct Due {
    int64_t since;
    kj::String id;
  };
  kj::Vector<Due> found;
  auto latest = toMicros(now);
  for (auto& target: targets) {
    auto rows = claimableStatement.run(target, latest, idsMax);
    while (rows.next()) found.add(Due{rows.number(0), kj::str(rows.text(1))});
    std::stable_sort(
        found.begin(), found.end(), [](const Due& a, const Due& b) { return a.since < b.since; });
    if (found.size() >= idsMax) {
      found.truncate(idsMax);
      latest = found.back().since;
    }
  }
  return KJ_MAP(due, found) { return kj::mv(due.id); };
}

// ---- Old trees ----

kj::Array<SqliteRecords::OldRoot> SqliteRecords::findOldRoots(
    kj::Date before, int64_t settledAfter, int64_t numberAfter, size_t rootsMax) {
  kj::Vector<OldRoot> roots;
  auto rows = oldRootsStatement.run(toMicros(before), settledAfter, numberAfter, rootsMax);
  while (rows.next()) roots.add(OldRoot{kj::str(rows.text(0)), rows.number(1), rows.number(2)});
  return roots.releaseAsArray();
}

bool SqliteRecords::isOpen(kj::StringPtr root) { return openStatement.run(root).next(); }

uint64_t SqliteRecords::removeTree(kj::StringPtr root) {
  kj::Vector<kj::String> ids;
  {
    auto rows = treeStatement.run(root);
    while (rows.next()) ids.add(kj::str(rows.text(0)));
  }
  ids.add(kj::str(root));
  for (auto& id: ids) remove(id);
  return ids.size();
}

void SqliteRecords::remove(kj::StringPtr id) {
  int64_t number, created;
  kj::Array<kj::String> tags;
  {
    auto rows = keysStatement.run(id);
    KJ_ASSERT(rows.next(), "a record of a tree is not there", id);
    number = rows.number(0);
    created = rows.number(1);
    tags = splitTags(rows.text(2));
  }
  for (auto& tag: tags) removeTagStatement.execute(tag, created, id);
  removeParamsStatement.execute(number);
  removeStatement.execute(number);
}

// ---- Other processes ----

int64_t SqliteRecords::readVersionOfOthers() {
  auto rows = versionStatement.run();
  KJ_ASSERT(rows.next());
  return rows.number(0);
}

}  // namespace troth
