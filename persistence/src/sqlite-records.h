#pragma once
// Records in a SQLite file: every statement that a store runs, prepared. Knows no rules.

#include <kj/vector.h>

#include "backend.h"
#include "sqlite.h"

namespace troth {

class SqliteRecords {
public:
  explicit SqliteRecords(SqliteDatabase& database): database(database) {}
  KJ_DISALLOW_COPY_AND_MOVE(SqliteRecords);

  // ---- One record ----

  kj::Maybe<Record> read(kj::StringPtr id);

  // Writes a record that is not there.
  void insert(const Record& record);

  // Writes what may change of a record that is there.
  void update(const Record& record);

  // False if it is settled, or not there.
  bool isPending(kj::StringPtr id);

  // ---- Pages ----

  // Where the records are that `request` is for, in order: at most `placesMax`.
  kj::Array<Cursor> findPlaces(const SearchRequest& request, size_t placesMax);

  // ---- What time brings ----

  // The ids of pending records whose deadline is `now` or earlier, the oldest deadlines first.
  kj::Array<kj::String> findOverdue(kj::Date now, size_t idsMax);

  // The first deadline of a pending record that is later than `now`.
  kj::Maybe<kj::Date> findDeadline(kj::Date now);

  // When the first record for `target` is due.
  kj::Maybe<kj::Date> findDue(kj::StringPtr target);

  // The ids of those that are due for one of `targets`, the longest first.
  kj::Array<kj::String> findClaimable(
      kj::ArrayPtr<const kj::String> targets, kj::Date now, size_t idsMax);

  // ---- Old trees ----

  // A root that has settled, and its place.
  struct OldRoot {
    kj::String id;
    int64_t settled;
    int64_t number;
  };
  static constexpr int64_t BEFORE_ALL = INT64_MIN;

  // Those that settled before `before` and come after the place, at most `rootsMax`.
  kj::Array<OldRoot> findOldRoots(
      kj::Date before, int64_t settledAfter, int64_t numberAfter, size_t rootsMax);

  // Whether something in the tree of `root`, which is settled itself, is pending.
  bool isOpen(kj::StringPtr root);

  // Deletes a tree, and says how many records that were.
  uint64_t removeTree(kj::StringPtr root);

  // Changes when another connection has written.
  int64_t readVersionOfOthers();

private:
  SqliteDatabase& database;

  struct Range;
  void findPlaces(kj::Vector<Cursor>& places, SqliteStatement& statement, kj::StringPtr key,
      const Range& range, size_t placesMax);
  void findPlacesByState(kj::Vector<Cursor>& places, const Range& range, size_t placesMax);
  void remove(kj::StringPtr id);

  SqliteStatement readStatement{database, R"sql(
    SELECT p.id, state, created, settled, deadline, parent, root, target, interface_id, method_id,
      digest, tags, due, lease_owner, lease_expires, epoch, awaited, value, error_type, error_text,
      params
    FROM promises AS p INDEXED BY promises_by_id LEFT JOIN promise_params AS m USING (number)
    WHERE p.id = ?1
  )sql"};

  SqliteStatement insertStatement{database, R"sql(
    INSERT INTO promises (id, state, created, settled, deadline, parent, root, target,
      interface_id, method_id, digest, tags, due, lease_owner, lease_expires, epoch, awaited,
      value, error_type, error_text)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
      ?20)
  )sql"};

  SqliteStatement insertParamsStatement{database, R"sql(
    INSERT INTO promise_params (number, params) VALUES (last_insert_rowid(), ?1)
  )sql"};

  SqliteStatement insertTagStatement{database, R"sql(
    INSERT INTO promise_tags (tag, created, id) VALUES (?1, ?2, ?3)
  )sql"};

  SqliteStatement updateStatement{database, R"sql(
    UPDATE promises INDEXED BY promises_by_id
    SET state = ?2, settled = ?3, due = ?4, lease_owner = ?5, lease_expires = ?6, epoch = ?7,
      awaited = ?8, value = ?9, error_type = ?10, error_text = ?11
    WHERE id = ?1
  )sql"};

  SqliteStatement stateStatement{
      database, "SELECT state FROM promises INDEXED BY promises_by_id WHERE id = ?1"};

  // Places of records in a search: ?1 is what is searched for, ?2 and ?3 the place that they come
  // after, ?4 the time that they were made before, ?5 has a bit for each state, ?6 is their number.
  SqliteStatement placesByStateStatement{database, R"sql(
    SELECT created, id FROM promises INDEXED BY promises_by_state
    WHERE state = ?1 AND (created, id) > (?2, ?3) AND created < ?4
    ORDER BY created, id LIMIT ?5
  )sql"};

  SqliteStatement placesByParentStatement{database, R"sql(
    SELECT created, id FROM promises INDEXED BY promises_by_parent
    WHERE parent = ?1 AND (created, id) > (?2, ?3) AND created < ?4 AND (?5 >> state) & 1
    ORDER BY created, id LIMIT ?6
  )sql"};

  SqliteStatement placesByRootStatement{database, R"sql(
    SELECT created, id FROM promises INDEXED BY promises_by_root
    WHERE root = ?1 AND (created, id) > (?2, ?3) AND created < ?4 AND (?5 >> state) & 1
    ORDER BY created, id LIMIT ?6
  )sql"};

  SqliteStatement placeOfRootStatement{database, R"sql(
    SELECT created, id FROM promises INDEXED BY promises_by_id
    WHERE id = ?1 AND root IS NULL
      AND (created, id) > (?2, ?3) AND created < ?4 AND (?5 >> state) & 1
    LIMIT ?6
  )sql"};

  SqliteStatement placesByTagStatement{database, R"sql(
    SELECT t.created, t.id
    FROM promise_tags AS t
      CROSS JOIN promises AS p INDEXED BY promises_by_id ON p.id = t.id
    WHERE t.tag = ?1 AND (t.created, t.id) > (?2, ?3) AND t.created < ?4 AND (?5 >> p.state) & 1
    ORDER BY t.created, t.id LIMIT ?6
  )sql"};

  SqliteStatement overdueStatement{database, R"sql(
    SELECT id FROM promises INDEXED BY promises_by_deadline
    WHERE state = 0 AND deadline <= ?1
    ORDER BY deadline LIMIT ?2
  )sql"};

  SqliteStatement deadlineStatement{database, R"sql(
    SELECT deadline FROM promises INDEXED BY promises_by_deadline
    WHERE state = 0 AND deadline > ?1
    ORDER BY deadline LIMIT 1
  )sql"};

  SqliteStatement dueStatement{database, R"sql(
    SELECT due FROM promises INDEXED BY promises_due
    WHERE target = ?1 AND due IS NOT NULL
    ORDER BY due LIMIT 1
  )sql"};

  SqliteStatement claimableStatement{database, R"sql(
    SELECT due, id FROM promises INDEXED BY promises_due
    WHERE target = ?1 AND due <= ?2
    ORDER BY due LIMIT ?3
  )sql"};

  SqliteStatement oldRootsStatement{database, R"sql(
    SELECT id, settled, number FROM promises INDEXED BY roots_by_settled
    WHERE root IS NULL AND settled < ?1 AND (settled, number) > (?2, ?3)
    ORDER BY settled, number LIMIT ?4
  )sql"};

  SqliteStatement openStatement{database, R"sql(
    SELECT 1 FROM promises INDEXED BY promises_by_root WHERE root = ?1 AND state = 0 LIMIT 1
  )sql"};

  SqliteStatement treeStatement{
      database, "SELECT id FROM promises INDEXED BY promises_by_root WHERE root = ?1"};

  SqliteStatement keysStatement{database, R"sql(
    SELECT number, created, tags FROM promises INDEXED BY promises_by_id WHERE id = ?1
  )sql"};

  SqliteStatement removeStatement{database, "DELETE FROM promises WHERE number = ?1"};

  SqliteStatement removeParamsStatement{database, "DELETE FROM promise_params WHERE number = ?1"};

  SqliteStatement removeTagStatement{
      database, "DELETE FROM promise_tags WHERE tag = ?1 AND created = ?2 AND id = ?3"};

  SqliteStatement versionStatement{database, "PRAGMA data_version"};
};

}  // namespace troth
