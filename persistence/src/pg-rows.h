#pragma once
// Records as rows of troth.promises, in the order of columns that pg-statements.cc gives.

#include <troth/store.h>

#include "pg-connection.h"
#include "pg-values.h"

namespace troth::pg {

// A record, and the version of its row, which grows with each write.
struct VersionedRecord {
  Record record;
  uint64_t version;
};

VersionedRecord readRecord(const PgResult& result, size_t row);

// Gives each of `claimed` its children, of which `result`, that of READ_CHILDREN, has one more than
// `childrenMax`, as they are at `now`.
void addChildren(
    kj::ArrayPtr<Claimed> claimed, const PgResult& result, uint32_t childrenMax, kj::Date now);

// INSERT of these records, or INSERT_TAGGED.
class InsertRows {
public:
  void add(const Record& record);
  size_t size() const { return ids.size(); }
  PgExecution finish();

private:
  bool hasTags = false;
  PgTextArray ids, targets, owners, parents, roots, tags, errorTexts;
  PgInt2Array states, errorTypes;
  PgBoolArray awaited;
  PgInt4Array methodIds;
  PgInt8Array interfaceIds, created, settled, deadlines, due, leaseExpires, epochs;
  PgByteaArray digests, params, values;
};

// UPDATE of these records. Only what can change in a record is written.
class UpdateRows {
public:
  void add(const Record& record, uint64_t version);
  size_t size() const { return ids.size(); }
  PgExecution finish();

private:
  PgTextArray ids, owners, errorTexts;
  PgInt2Array states, errorTypes;
  PgBoolArray awaited;
  PgInt8Array versions, settled, due, leaseExpires, epochs;
  PgByteaArray values;
};

}  // namespace troth::pg
