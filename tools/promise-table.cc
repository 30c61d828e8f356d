#include "promise-table.h"

#include "promise-json.h"
#include "table.h"
#include "times.h"
#include "values.h"

namespace troth::command {
namespace {

constexpr size_t OUTCOME_WIDTH_MAX = 60;

constexpr kj::StringPtr HEADINGS[] = {"ID"_kj, "STATE"_kj, "AGE"_kj, "CALL"_kj, "TRIES"_kj,
    "OWNER"_kj, "DEADLINE"_kj, "SETTLED"_kj, "TAGS"_kj, "OUTCOME"_kj};

kj::String ownerOf(const Record& record) {
  KJ_IF_MAYBE(lease, record.lease) return formatOwner(*lease);
  return kj::str('-');
}

kj::String distanceTo(const kj::Maybe<kj::Date>& date, kj::Date now) {
  KJ_IF_MAYBE(d, date) return formatDistance(*d, now);
  return kj::str('-');
}

kj::Array<kj::String> cellsOf(const Record& record, const RecordTypes& types, kj::Date now) {
  return kj::arr(kj::str(record.id), kj::str(nameOf(record.state)),
      formatDuration(now - record.created), types.describeCall(record),
      record.epoch == 0 ? kj::str('-') : kj::str(triesOf(record.epoch)), ownerOf(record),
      record.isSettled() ? kj::str('-') : distanceTo(record.deadline, now),
      distanceTo(record.settled, now), kj::strArray(record.tags, ","),
      shortened(formatOutcome(record, types), OUTCOME_WIDTH_MAX));
}

// Names on the left, and what there is to say on the right.
class Details {
public:
  explicit Details(kj::Date now): now(now) {}

  void add(kj::StringPtr name, kj::StringPtr text) {
    lines.add(kj::str(padded(name, NAME_WIDTH), text, '\n'));
  }

  void addText(kj::StringPtr name, const kj::Maybe<kj::String>& text) {
    KJ_IF_MAYBE(t, text) add(name, *t);
  }

  void addDate(kj::StringPtr name, const kj::Maybe<kj::Date>& date) {
    KJ_IF_MAYBE(d, date) add(name, when(*d));
  }

  // Values may take several lines.
  void addValue(
      kj::StringPtr name, kj::ArrayPtr<const kj::byte> bytes, kj::Maybe<capnp::StructSchema> type) {
    kj::Vector<char> text;
    for (auto c: showValue(bytes, type, Layout::MANY_LINES)) {
      text.add(c);
      if (c == '\n') text.addAll(padded("", NAME_WIDTH));
    }
    text.add('\0');
    add(name, kj::String(text.releaseAsArray()));
    auto refs = refsOf(bytes);
    if (refs.size() > 0) add("  refs", kj::strArray(refs, ", "));
  }

  kj::String when(kj::Date date) {
    return kj::str(formatSeconds(date), " (", formatDistance(date, now), ')');
  }

  kj::String finish() { return kj::strArray(lines, ""); }

private:
  static constexpr size_t NAME_WIDTH = 10;

  kj::Date now;
  kj::Vector<kj::String> lines;
};

void addWork(Details& details, const Record& record) {
  if (record.isParked()) {
    details.add("parked", "until it is due, or one of its parts settles"_kj);
  } else if (record.epoch > 0) {
    details.add("tries", kj::str(triesOf(record.epoch)));
  }
  KJ_IF_MAYBE(lease, record.lease) {
    details.add("lease", kj::str(lease->owner, ", until ", details.when(lease->expires)));
  } else {
    details.addDate("due", record.due);
  }
}

void addOutcome(Details& details, const Record& record, const RecordTypes& types) {
  details.addDate("settled", record.settled);
  if (record.state == PromiseState::FULFILLED) {
    details.addValue("value", record.value, types.valueOf(record));
  }
  KJ_IF_MAYBE(error, record.error) {
    details.add("error", kj::str(nameOf(error->type), ": ", onOneLine(error->text)));
  }
}

}  // namespace

kj::String formatOutcome(const Record& record, const RecordTypes& types) {
  if (record.state == PromiseState::FULFILLED) {
    return showValue(record.value, types.valueOf(record));
  }
  KJ_IF_MAYBE(error, record.error) {
    return kj::str(nameOf(error->type), ": ", onOneLine(error->text));
  }
  return kj::str('-');
}

kj::String formatTable(kj::ArrayPtr<const Record> records, const RecordTypes& types, kj::Date now) {
  Table table(HEADINGS);
  for (auto& record: records) table.addRow(cellsOf(record, types, now));
  return table.format();
}

kj::String formatDetails(const Record& record, const RecordTypes& types, kj::Date now) {
  Details details(now);
  details.add("id", record.id);
  details.add("state", nameOf(record.state));
  if (isCall(record)) {
    details.add("call", types.describeCall(record));
    details.addValue("params", record.call.params, types.paramsOf(record));
  } else if (stepOf(record).size() > 0) {
    details.add("part", stepOf(record));
  }
  details.addText("parent", record.parent);
  details.addText("root", record.root);
  if (record.tags.size() > 0) details.add("tags", kj::strArray(record.tags, ", "));
  details.addDate("created", record.created);
  details.addDate("deadline", record.deadline);
  addWork(details, record);
  addOutcome(details, record, types);
  return details.finish();
}

}  // namespace troth::command
