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

// READ of these records.
class ReadRows {
public:
  void add(kj::StringPtr id);
  size_t size() const { return ids.size(); }
  PgExecution finish();

private:
  PgTextArray ids, keepers;
};

// INSERT of these records, or INSERT_CAREFULLY.
class InsertRows {
public:
  // `keeper` is the call whose row may keep the record already, if there is one.
  void add(const Record& record, kj::Maybe<kj::String> keeper = nullptr);
  size_t size() const { return ids.size(); }
  PgExecution finish();

private:
  bool needsCare = false;
  PgTextArray ids, targets, owners, parents, roots, tags, errorTexts, keepers;
  PgInt2Array states, errorTypes;
  PgBoolArray awaited;
  PgInt4Array methodIds;
  PgInt8Array interfaceIds, created, settled, deadlines, due, leaseExpires, epochs;
  PgByteaArray digests, params, values;
};

// UPDATE of these records. Only what can change in a record is written, and the step that the row
// is to keep.
class UpdateRows {
public:
  void add(const Record& record, uint64_t version, kj::Maybe<const Record&> kept = nullptr);
  size_t size() const { return ids.size(); }
  PgExecution finish();

private:
  PgTextArray ids, owners, errorTexts;
  PgInt2Array states, errorTypes;
  PgBoolArray awaited;
  PgInt8Array versions, settled, due, leaseExpires, epochs;
  PgByteaArray values;
  PgInt4Array stepNumbers;
  PgInt8Array stepsCreated;
  PgByteaArray stepDigests, stepParams, stepValues;

  void addStep(const Record& step);
  void addNoStep();
};

}  // namespace troth::pg
