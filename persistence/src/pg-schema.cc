#include "pg-schema.h"

#include <kj/debug.h>

#include "pg-connection.h"

// What troth.promises_readable shows of a promise.
#define SELECT_READABLE \
  R"sql(
SELECT
  id,
  CASE
    WHEN state = 0 AND deadline <= extract(epoch FROM now()) * 1000000 THEN 'timedout'
    ELSE (ARRAY['pending', 'fulfilled', 'rejected', 'canceled', 'timedout'])[state + 1]
  END AS state,
  to_timestamp(created / 1e6) AS created,
  to_timestamp(settled / 1e6) AS settled,
  to_timestamp(deadline / 1e6) AS deadline,
  parent,
  root,
  nullif(target, '') AS target,
  '0x' || lpad(to_hex(interface_id), 16, '0') AS interface_id,
  method_id,
  length(params) AS params_bytes,
  length(value) AS value_bytes,
  (ARRAY['failed', 'overloaded', 'disconnected', 'unimplemented'])[error_type + 1] AS error_type,
  error_text,
  tags,
  to_timestamp(due / 1e6) AS due,
  lease_owner,
  to_timestamp(lease_expires / 1e6) AS lease_expires,
  epoch)sql"

namespace troth {
namespace {

// One step from each version of the layout to the next. A step that was released never changes.
constexpr kj::StringPtr MIGRATIONS[] = {
    R"sql(
CREATE TABLE troth.promises (
  id             text COLLATE "C" PRIMARY KEY,
  state          smallint NOT NULL,
  awaited        boolean  NOT NULL,
  error_type     smallint,
  method_id      integer  NOT NULL,
  version        bigint   NOT NULL,
  interface_id   bigint   NOT NULL,
  created        bigint   NOT NULL,
  settled        bigint,
  deadline       bigint,
  due            bigint,
  lease_expires  bigint,
  epoch          bigint   NOT NULL,
  target         text COLLATE "C" NOT NULL,
  lease_owner    text COLLATE "C",
  parent         text COLLATE "C",
  root           text COLLATE "C",
  tags           text[],
  digest         bytea    NOT NULL,
  params         bytea    NOT NULL,
  value          bytea    NOT NULL,
  error_text     text
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX promises_state ON troth.promises (state, created, id);
CREATE INDEX promises_due ON troth.promises (target, due) WHERE due IS NOT NULL;
CREATE INDEX promises_deadline ON troth.promises (deadline)
  WHERE state = 0 AND deadline IS NOT NULL;
CREATE INDEX promises_parent ON troth.promises (parent, created, id) WHERE parent IS NOT NULL;
CREATE INDEX promises_root ON troth.promises (root, created, id) WHERE root IS NOT NULL;
CREATE INDEX promises_top_settled ON troth.promises (settled)
  WHERE root IS NULL AND settled IS NOT NULL;

CREATE TABLE troth.promise_tags (
  tag      text COLLATE "C",
  created  bigint,
  id       text COLLATE "C",
  PRIMARY KEY (tag, created, id)
);

CREATE VIEW troth.promises_readable AS
)sql" SELECT_READABLE R"sql(
FROM troth.promises;
)sql"_kj,

    // Those whose parent is the root are found by their parent: most calls have no others.
    R"sql(
DROP INDEX troth.promises_root;
CREATE INDEX promises_root ON troth.promises (root, created, id) WHERE root <> parent;
)sql"_kj,

    // A row may keep a step as well: see pg-kept-step.h. Whoever makes a promise under the id of a
    // kept step, at the moment at which it is kept, has a row: that is then the record.
    R"sql(
ALTER TABLE troth.promises
  ADD COLUMN step_number  integer,
  ADD COLUMN step_created bigint,
  ADD COLUMN step_digest  bytea,
  ADD COLUMN step_params  bytea,
  ADD COLUMN step_value   bytea;

CREATE VIEW troth.kept_steps AS
SELECT
  c.id || '.' || c.step_number AS id,
  1::smallint AS state,
  false AS awaited,
  NULL::smallint AS error_type,
  0 AS method_id,
  1::bigint AS version,
  0::bigint AS interface_id,
  c.step_created AS created,
  c.step_created AS settled,
  c.deadline,
  NULL::bigint AS due,
  NULL::bigint AS lease_expires,
  0::bigint AS epoch,
  ''::text COLLATE "C" AS target,
  NULL::text COLLATE "C" AS lease_owner,
  c.id AS parent,
  coalesce(c.root, c.id) AS root,
  NULL::text[] AS tags,
  c.step_digest AS digest,
  c.step_params AS params,
  c.step_value AS value,
  NULL::text AS error_text
FROM troth.promises c
WHERE c.step_number IS NOT NULL
  AND NOT EXISTS (SELECT FROM troth.promises r WHERE r.id = c.id || '.' || c.step_number);

CREATE OR REPLACE VIEW troth.promises_readable AS
)sql" SELECT_READABLE R"sql(
FROM (
  SELECT id, state, created, settled, deadline, parent, root, target, interface_id, method_id,
    params, value, error_type, error_text, tags, due, lease_owner, lease_expires, epoch
  FROM troth.promises
  UNION ALL
  SELECT id, state, created, settled, deadline, parent, root, target, interface_id, method_id,
    params, value, error_type, error_text, tags, due, lease_owner, lease_expires, epoch
  FROM troth.kept_steps
) AS p;
)sql"_kj,
};
static_assert(kj::size(MIGRATIONS) == PG_SCHEMA_VERSION);

// Taken by whoever looks at the layout to change it, until the end of the transaction: "troth" in
// ASCII.
const PgStatement LOCK = {nullptr, "SELECT pg_advisory_xact_lock(499984266344)"};
const PgStatement BEGIN = {nullptr, "BEGIN"};
const PgStatement COMMIT = {nullptr, "COMMIT"};

// Asks the catalog itself: what a session remembers of it may be out of date when it gets the lock.
const PgStatement HAS_LAYOUT = {nullptr, R"sql(
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'troth' AND c.relname = 'layout')
)sql"};
const PgStatement READ_VERSION = {nullptr, "SELECT max(version) FROM troth.layout"};
const PgStatement WRITE_VERSION = {nullptr, "INSERT INTO troth.layout (version) VALUES ($1::int4)"};

constexpr kj::StringPtr MAKE_LAYOUT = R"sql(
  CREATE SCHEMA IF NOT EXISTS troth;
  CREATE TABLE troth.layout (version int4 PRIMARY KEY, since timestamptz NOT NULL DEFAULT now());
)sql"_kj;

kj::Promise<kj::Array<PgResult>> run(PgConnection& connection, const PgStatement& statement,
    kj::Array<PgParameter> parameters = nullptr) {
  PgExecution execution{statement, kj::mv(parameters)};
  return connection.run(kj::arrayPtr(&execution, 1)).then([](PgOutcome&& outcome) {
    return outcome.takeResults();
  });
}

kj::Promise<void> runScript(PgConnection& connection, kj::StringPtr sql) {
  return connection.runScript(sql).then([](PgOutcome&& outcome) { outcome.takeResults(); });
}

// 0 where nothing is there yet.
kj::Promise<int> readVersion(PgConnection& connection) {
  auto has = co_await run(connection, HAS_LAYOUT);
  if (!has[0].at(0, 0).asBool()) co_return 0;
  auto version = co_await run(connection, READ_VERSION);
  auto value = version[0].at(0, 0);
  if (value.isNull()) co_return 0;
  co_return value.asInt4();
}

void requireKnown(int version) {
  KJ_REQUIRE(version <= PG_SCHEMA_VERSION,
      "the database was set up by a later version of Troth: use that one, or a database of its own",
      version, PG_SCHEMA_VERSION);
}

kj::Promise<void> applyMigrations(PgConnection& connection, int wanted) {
  co_await run(connection, BEGIN);
  co_await run(connection, LOCK);
  auto version = co_await readVersion(connection);
  requireKnown(version);
  if (version == 0) co_await runScript(connection, MAKE_LAYOUT);
  for (; version < wanted; ++version) {
    co_await runScript(connection, MIGRATIONS[version]);
    co_await run(connection, WRITE_VERSION, kj::arr(PgParameter::int4(version + 1)));
  }
  co_await run(connection, COMMIT);
}

}  // namespace

kj::Promise<void> migrate(PgConnection& connection, int version) {
  auto found = co_await readVersion(connection);
  requireKnown(found);
  if (found < version) co_await applyMigrations(connection, version);
}

}  // namespace troth
