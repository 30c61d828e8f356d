#pragma once
// Records as a person reads them.

#include <troth/record.h>

#include "record-types.h"

namespace troth::command {

// One line for each record, and a heading.
kj::String formatTable(kj::ArrayPtr<const Record> records, const RecordTypes& types, kj::Date now);

// All that there is to know of one record, a line for each thing.
kj::String formatDetails(const Record& record, const RecordTypes& types, kj::Date now);

// The outcome of a record that has settled, on one line; "-" while it is pending.
kj::String formatOutcome(const Record& record, const RecordTypes& types);

}  // namespace troth::command
