#include "sqlite-schema.h"

#include <kj/debug.h>
#include <sys/stat.h>

namespace troth {
namespace {

// Look at `promises_readable` first: it has words for numbers and is made to be read. All times are
// in microseconds since 1970, UTC.
//
// `promises` has a row for each promise. What never changes: id, parent, root, deadline, target,
// interface_id, method_id, digest, tags (one on each line), created. What is written once: state,
// settled, and value or error_type and error_text. What only a pending promise has: due (when a
// worker may claim it), lease_owner, lease_expires. A row that is pending and whose deadline has
// passed is timed out, whether or not that was written down.
//
// `promise_params` has what calls were made with. It stands apart because SQLite writes a whole row
// again when a part of it changes, and leases change often.
//
// `promise_tags` has a row for each tag of each promise.
//
// The indexes are partial where most promises, the settled ones, need not be in them. Any number of
// settled promises may be there, and do not slow down the pending ones.
constexpr kj::StringPtr TABLES = R"sql(
  CREATE TABLE promises (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    state INTEGER NOT NULL,       -- 0 pending, 1 fulfilled, 2 rejected, 3 canceled, 4 timedout
    created INTEGER NOT NULL,
    settled INTEGER,
    deadline INTEGER,
    parent TEXT,
    root TEXT,                    -- null for a root, which is not part of any other promise
    target TEXT,                  -- null if it is settled from outside
    interface_id INTEGER NOT NULL,
    method_id INTEGER NOT NULL,
    digest BLOB NOT NULL,         -- SHA-256 of target, method, parameters and parent
    tags TEXT,
    due INTEGER,
    lease_owner TEXT,
    lease_expires INTEGER,
    epoch INTEGER NOT NULL,       -- how often it was leased
    awaited INTEGER NOT NULL,     -- 1 if a process may wait for it
    value BLOB,                   -- a message, in Cap'n Proto's standard framing
    error_type INTEGER,           -- 0 failed, 1 overloaded, 2 disconnected, 3 unimplemented
    error_text TEXT
  ) STRICT;
  CREATE TABLE promise_params (
    number INTEGER PRIMARY KEY,   -- as in promises
    params BLOB NOT NULL          -- a message, in Cap'n Proto's standard framing
  ) STRICT;
  CREATE TABLE promise_tags (
    tag TEXT NOT NULL,
    created INTEGER NOT NULL,     -- as in promises
    id TEXT NOT NULL,             -- as in promises
    PRIMARY KEY (tag, created, id)
  ) STRICT, WITHOUT ROWID;
)sql"_kj;

constexpr kj::StringPtr INDEXES = R"sql(
  CREATE UNIQUE INDEX promises_by_id ON promises (id);
  CREATE INDEX promises_by_state ON promises (state, created, id);
  CREATE INDEX promises_by_parent ON promises (parent, created, id) WHERE parent IS NOT NULL;
  CREATE INDEX promises_by_root ON promises (root, created, id) WHERE root IS NOT NULL;
  CREATE INDEX promises_due ON promises (target, due) WHERE due IS NOT NULL;
  CREATE INDEX promises_by_deadline ON promises (deadline)
    WHERE state = 0 AND deadline IS NOT NULL;
  CREATE INDEX roots_by_settled ON promises (settled)
    WHERE root IS NULL AND settled IS NOT NULL;
)sql"_kj;

constexpr kj::StringPtr VIEWS = R"sql(
  CREATE VIEW promises_readable AS
  WITH instants AS (
    SELECT *, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER) AS now FROM promises
  )
  SELECT
    id,
    CASE
      WHEN state = 0 AND deadline <= now THEN 'timedout'
      ELSE CASE state WHEN 0 THEN 'pending' WHEN 1 THEN 'fulfilled' WHEN 2 THEN 'rejected'
        WHEN 3 THEN 'canceled' WHEN 4 THEN 'timedout' END
    END AS state,
    strftime('%Y-%m-%dT%H:%M:%S', created / 1000000, 'unixepoch')
      || printf('.%06dZ', created % 1000000) AS created,
    strftime('%Y-%m-%dT%H:%M:%S', settled / 1000000, 'unixepoch')
      || printf('.%06dZ', settled % 1000000) AS settled,
    strftime('%Y-%m-%dT%H:%M:%S', deadline / 1000000, 'unixepoch')
      || printf('.%06dZ', deadline % 1000000) AS deadline,
    parent,
    root,
    target,
    printf('0x%016llx', interface_id) AS interface_id,
    method_id,
    (SELECT length(params) FROM promise_params AS p WHERE p.number = instants.number)
      AS params_bytes,
    length(value) AS value_bytes,
    CASE error_type WHEN 0 THEN 'failed' WHEN 1 THEN 'overloaded' WHEN 2 THEN 'disconnected'
      WHEN 3 THEN 'unimplemented' END AS error_type,
    error_text,
    replace(tags, char(10), ', ') AS tags,
    strftime('%Y-%m-%dT%H:%M:%S', due / 1000000, 'unixepoch')
      || printf('.%06dZ', due % 1000000) AS due,
    lease_owner,
    strftime('%Y-%m-%dT%H:%M:%S', lease_expires / 1000000, 'unixepoch')
      || printf('.%06dZ', lease_expires % 1000000) AS lease_expires,
    epoch
  FROM instants;
)sql"_kj;

// WAL: readers and the writer do not wait for each other, and a commit is one write and one sync.
// FULL: a commit is on the disk before it returns. A checkpoint moves the log's pages to their
// places: the larger the log, the more commits share that.
constexpr kj::StringPtr SETTINGS = R"sql(
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = OFF;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -65536;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA journal_size_limit = 67108864;
)sql"_kj;

void checkVersion(kj::StringPtr path, int64_t version) {
  KJ_REQUIRE(version >= 0 && version <= SQLITE_SCHEMA_VERSION,
      "this file was written by a newer version of Troth, or by another program: use that, or name "
      "another file",
      path, version, SQLITE_SCHEMA_VERSION);
}

// Whoever comes second finds it done.
void migrate(SqliteDatabase& database, kj::StringPtr path) {
  auto version = database.readNumber("PRAGMA user_version");
  checkVersion(path, version);
  if (version == SQLITE_SCHEMA_VERSION) return;
  SqliteTransaction transaction(database, SqliteTransaction::Kind::WRITE);
  version = database.readNumber("PRAGMA user_version");
  checkVersion(path, version);
  if (version < 1) {
    database.execute(TABLES);
    database.execute(INDEXES);
    database.execute(VIEWS);
  }
  database.execute(kj::str("PRAGMA user_version = ", SQLITE_SCHEMA_VERSION));
  transaction.commit();
}

void checkFolder(kj::StringPtr path) {
  KJ_REQUIRE(path.size() > 0, "a SQLite store needs the path of a file");
  auto folder = kj::str(".");
  KJ_IF_MAYBE(slash, path.findLast('/')) folder = kj::str(path.slice(0, *slash), '/');
  struct stat status;
  KJ_REQUIRE(::stat(folder.cStr(), &status) == 0 && S_ISDIR(status.st_mode),
      "the folder of a store's file is not there: make it, or name another", path, folder);
}

}  // namespace

kj::Own<SqliteDatabase> openSqliteDatabase(kj::StringPtr path, kj::Duration patience) {
  checkFolder(path);
  auto database = kj::heap<SqliteDatabase>(path, patience);
  database->execute("PRAGMA journal_mode = WAL");
  KJ_REQUIRE(database->readText("PRAGMA journal_mode") == "wal",
      "a store's file must be where SQLite can keep a log beside it", path);
  database->execute(SETTINGS);
  migrate(*database, path);
  return database;
}

}  // namespace troth
