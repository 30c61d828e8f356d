#include "pg-statements.h"

// The columns of a record as they are read, from `p`.
#define SHORT_COLUMNS                                                                \
  "p.id, p.state, p.awaited, p.error_type, p.method_id, p.version, p.interface_id, " \
  "p.created, p.settled, p.deadline, p.due, p.lease_expires, p.epoch, p.target, "    \
  "p.lease_owner, p.parent, p.root, array_to_string(p.tags, chr(31)), p.digest, "
#define RECORD_COLUMNS SHORT_COLUMNS "p.params, p.value, p.error_text"
#define COLUMNS_WITHOUT_MESSAGES SHORT_COLUMNS "''::bytea, ''::bytea, p.error_text"

// The same columns, as rows and kept steps have them.
#define ROW_COLUMNS                                                                        \
  "id, state, awaited, error_type, method_id, version, interface_id, created, settled, "   \
  "deadline, due, lease_expires, epoch, target, lease_owner, parent, root, tags, digest, " \
  "params, value, error_text "

// A search: of `ROWS`, and of what is kept by `CALLS`, in their order. What is among the first $5
// records is one of the first $5 rows, or is kept by a call that was made before the last of those,
// and not long before the first. Such a call has a step that was made at $2 or later.
#define SEARCH(ROWS, CALLS) \
  R"sql(
  WITH own AS MATERIALIZED (
    SELECT )sql" ROW_COLUMNS R"sql(
    FROM ()sql" ROWS R"sql() AS r
    ORDER BY created, id
    LIMIT $5::int8
  ), last AS MATERIALIZED (
    SELECT CASE WHEN count(*) < $5::int8 THEN $4::int8 ELSE max(created) END AS created FROM own
  )
  SELECT )sql" RECORD_COLUMNS R"sql(
  FROM (
    SELECT * FROM own
    UNION ALL
    (SELECT )sql" ROW_COLUMNS R"sql(
     FROM ()sql" CALLS R"sql() AS calls
     JOIN troth.kept_steps k ON k.parent = calls.call
     WHERE (k.created, k.id) > ($2::int8, $3::text) AND k.created < $4::int8)
  ) p
  ORDER BY p.created, p.id
  LIMIT $5::int8
)sql"

// The arrays of many columns become rows in the list of what is selected, where PostgreSQL takes
// them element by element. As functions in FROM, each would fill a table of its own first, which
// for a handful of rows costs ten times as much as all the rest.

// Makes records, of rows `u`. A condition on those, and what becomes of records whose id is taken,
// follow it.
#define INSERT_RECORDS(MORE_COLUMNS) \
  R"sql(
  INSERT INTO troth.promises ()sql" ROW_COLUMNS R"sql()
  SELECT u.id, u.state, u.awaited, u.error_type, u.method_id, 1, u.interface_id,
    u.created, u.settled, u.deadline, u.due, u.lease_expires, u.epoch, u.target, u.lease_owner,
    u.parent, u.root, string_to_array(u.tags, chr(31)), u.digest, u.params, u.value, u.error_text
  FROM (SELECT unnest($1::text[]) AS id, unnest($2::int2[]) AS state, unnest($3::bool[]) AS awaited,
      unnest($4::int2[]) AS error_type, unnest($5::int4[]) AS method_id,
      unnest($6::int8[]) AS interface_id, unnest($7::int8[]) AS created,
      unnest($8::int8[]) AS settled, unnest($9::int8[]) AS deadline, unnest($10::int8[]) AS due,
      unnest($11::int8[]) AS lease_expires, unnest($12::int8[]) AS epoch,
      unnest($13::text[]) AS target, unnest($14::text[]) AS lease_owner,
      unnest($15::text[]) AS parent, unnest($16::text[]) AS root, unnest($17::text[]) AS tags,
      unnest($18::bytea[]) AS digest, unnest($19::bytea[]) AS params, unnest($20::bytea[]) AS value,
      unnest($21::text[]) AS error_text)sql" MORE_COLUMNS R"sql() AS u
)sql"

namespace troth::pg {

const PgStatement SET_UP_SESSION = {nullptr, R"sql(
  SELECT set_config(name, value, false)
  FROM (VALUES ('enable_seqscan', 'off'), ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'),
    ('plan_cache_mode', 'force_generic_plan'), ('jit', 'off'),
    ('idle_in_transaction_session_timeout', '60s')) AS settings(name, value)
)sql"};

const PgStatement SET_UP_SQL_SESSION = {nullptr, R"sql(
  SELECT set_config(name, value, false)
  FROM (VALUES ('statement_timeout', ($1::int8)::text),
    ('idle_in_transaction_session_timeout', ($2::int8)::text),
    ('plan_cache_mode', 'force_custom_plan'), ('bytea_output', 'hex'), ('extra_float_digits', '1'))
    AS settings(name, value)
)sql"};

const PgStatement READ = {"troth_read", "SELECT " RECORD_COLUMNS R"sql(
  FROM (SELECT unnest($1::text[]) AS wanted, unnest($2::text[]) AS keeper) AS u
  CROSS JOIN LATERAL (
    SELECT )sql" ROW_COLUMNS R"sql( FROM troth.promises WHERE id = u.wanted
    UNION ALL
    SELECT )sql" ROW_COLUMNS R"sql( FROM troth.kept_steps WHERE parent = u.keeper AND id = u.wanted
  ) p
)sql"};

const PgStatement READ_BACK = {"troth_read_back", "SELECT " RECORD_COLUMNS R"sql(
  FROM (SELECT unnest($1::text[]) AS id) AS u
  JOIN troth.promises p ON p.id = u.id
  FOR SHARE OF p
)sql"};

const PgStatement INSERT = {
    "troth_insert", INSERT_RECORDS("") "ON CONFLICT (id) DO NOTHING RETURNING id"};

const PgStatement INSERT_CAREFULLY = {"troth_insert_carefully", R"sql(
  WITH made AS ()sql" INSERT_RECORDS(", unnest($22::text[]) AS keeper") R"sql(
    WHERE NOT EXISTS (SELECT FROM troth.promises k
      WHERE k.id = u.keeper AND k.id || '.' || k.step_number = u.id)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, created, tags
  ), tagged AS (
    INSERT INTO troth.promise_tags (tag, created, id)
    SELECT t.tag, made.created, made.id FROM made CROSS JOIN LATERAL unnest(made.tags) AS t(tag)
    WHERE made.tags IS NOT NULL
  )
  SELECT id FROM made
)sql"};

const PgStatement UPDATE = {"troth_update", R"sql(
  UPDATE troth.promises p
  SET version = p.version + 1, state = u.state, awaited = u.awaited, error_type = u.error_type,
    settled = u.settled, due = u.due, lease_expires = u.lease_expires, epoch = u.epoch,
    lease_owner = u.lease_owner, value = u.value, error_text = u.error_text,
    step_number = u.step_number, step_created = u.step_created, step_digest = u.step_digest,
    step_params = u.step_params, step_value = u.step_value
  FROM (SELECT unnest($1::text[]) AS id, unnest($2::int8[]) AS version, unnest($3::int2[]) AS state,
      unnest($4::bool[]) AS awaited, unnest($5::int2[]) AS error_type,
      unnest($6::int8[]) AS settled, unnest($7::int8[]) AS due,
      unnest($8::int8[]) AS lease_expires, unnest($9::int8[]) AS epoch,
      unnest($10::text[]) AS lease_owner, unnest($11::bytea[]) AS value,
      unnest($12::text[]) AS error_text, unnest($13::int4[]) AS step_number,
      unnest($14::int8[]) AS step_created, unnest($15::bytea[]) AS step_digest,
      unnest($16::bytea[]) AS step_params, unnest($17::bytea[]) AS step_value) AS u
    LEFT JOIN troth.promises r ON r.id = u.id || '.' || u.step_number
  WHERE p.id = u.id AND p.version = u.version AND r.id IS NULL
  RETURNING p.id
)sql"};

const PgStatement LISTEN_SETTLED = {nullptr, "LISTEN troth_settled"};
const PgStatement LISTEN_DUE = {nullptr, "LISTEN troth_due"};

const PgStatement NOTIFY_SETTLED = {"troth_notify_settled", R"sql(
  SELECT pg_notify('troth_settled', u.id) FROM (SELECT unnest($1::text[]) AS id) AS u
)sql"};

const PgStatement NOTIFY_DUE = {"troth_notify_due", R"sql(
  SELECT pg_notify('troth_due', u.target) FROM (SELECT unnest($1::text[]) AS target) AS u
)sql"};

// What is parked is told from its row as it is once that is locked: who parks it at this moment was
// quicker, or waits, and then sees what has settled.
const PgStatement WAKE = {"troth_wake", R"sql(
  WITH locked AS MATERIALIZED (
    SELECT p.id, p.due, p.lease_owner, p.epoch
    FROM (SELECT DISTINCT unnest($1::text[]) AS id ORDER BY id) AS u
    JOIN troth.promises p ON p.id = u.id
    FOR NO KEY UPDATE OF p
  ), woken AS (
    UPDATE troth.promises p
    SET version = p.version + 1, due = $2::int8
    FROM locked l
    WHERE p.id = l.id AND l.due > $2::int8 AND l.lease_owner IS NULL
      AND l.epoch > 0 AND l.epoch & 4294967295 = 0
    RETURNING p.target
  )
  SELECT pg_notify('troth_due', w.target) FROM (SELECT DISTINCT target FROM woken) AS w
)sql"};

// Run once the rows of those that are parked are written, and locked.
const PgStatement WAKE_PARKED = {"troth_wake_parked", R"sql(
  WITH woken AS (
    UPDATE troth.promises p
    SET version = p.version + 1, due = $3::int8
    FROM (
      SELECT DISTINCT u.id
      FROM unnest($1::text[], $2::text[]) AS u(id, part)
      LEFT JOIN troth.promises c ON c.id = u.part
      WHERE c.id IS NULL OR c.settled IS NOT NULL
    ) AS s
    WHERE p.id = s.id AND p.due > $3::int8 AND p.lease_owner IS NULL
      AND p.epoch > 0 AND p.epoch & 4294967295 = 0
    RETURNING p.target
  )
  SELECT pg_notify('troth_due', w.target) FROM (SELECT DISTINCT target FROM woken) AS w
)sql"};

const PgStatement GLANCE = {"troth_glance", "SELECT " COLUMNS_WITHOUT_MESSAGES R"sql(
  FROM troth.promises p WHERE p.id = $1::text
)sql"};

const PgStatement HOLD = {"troth_hold", "SELECT " COLUMNS_WITHOUT_MESSAGES R"sql(
  FROM troth.promises p WHERE p.id = $1::text
  FOR SHARE
)sql"};

const PgStatement BEGIN = {"troth_begin", "BEGIN"};
const PgStatement COMMIT = {"troth_commit", "COMMIT"};

// Rows are locked one by one, until there are enough. Those that others have locked at this moment
// are left to them, so there are more to choose from than are asked for.
const PgStatement LOCK_DUE = {"troth_lock_due", "SELECT " RECORD_COLUMNS R"sql(
  FROM (
    SELECT d.id, d.due
    FROM (SELECT DISTINCT unnest($1::text[]) AS target) AS u
    CROSS JOIN LATERAL (
      SELECT c.id, c.due FROM troth.promises c
      WHERE c.target = u.target AND c.due IS NOT NULL AND c.due <= $2::int8
      ORDER BY c.due
      LIMIT 4 * $3::int8
    ) d
    ORDER BY d.due
    LIMIT 4 * $3::int8
  ) AS q
  JOIN troth.promises p ON p.id = q.id
  WHERE p.due <= $2::int8
  ORDER BY q.due
  LIMIT $3::int8
  FOR UPDATE OF p SKIP LOCKED
)sql"};

// The first $2 children of each, and one more that tells of the rest; none after those whose
// messages have more than $3 bytes together.
const PgStatement READ_CHILDREN = {"troth_read_children", "SELECT " RECORD_COLUMNS R"sql(
  FROM (
    SELECT c.*, u.place, sum(length(c.params) + length(c.value))
      OVER (ORDER BY u.place, c.created, c.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
      AS bytes_before
    FROM unnest($1::text[]) WITH ORDINALITY AS u(parent, place)
    CROSS JOIN LATERAL (
      SELECT * FROM troth.promises t WHERE t.parent = u.parent
      ORDER BY t.created, t.id
      LIMIT $2::int8
    ) c
  ) AS p
  WHERE coalesce(p.bytes_before, 0) <= $3::int8
  ORDER BY p.place, p.created, p.id
)sql"};

// Each state has its part of the index; what is found there is merged.
const PgStatement SEARCH_BY_STATE = {"troth_search_by_state",
    SEARCH(R"sql(
  SELECT c.* FROM (SELECT unnest($1::int2[]) AS wanted) AS u
  CROSS JOIN LATERAL (
    SELECT * FROM troth.promises c
    WHERE c.state = u.wanted AND (c.created, c.id) > ($2::int8, $3::text) AND c.created < $4::int8
    ORDER BY c.created, c.id
    LIMIT $5::int8
  ) c
)sql",
        R"sql(
  SELECT c.id AS call FROM troth.promises c
  WHERE 1 = ANY($1::int2[]) AND c.state = 1 AND c.step_created >= $2::int8
    AND c.created >= $6::int8 AND c.created <= (SELECT created FROM last)
)sql")};

const PgStatement SEARCH_BY_PARENT = {"troth_search_by_parent", "SELECT " RECORD_COLUMNS R"sql(
  FROM (
    (SELECT )sql" ROW_COLUMNS R"sql( FROM troth.promises
     WHERE parent = $6::text AND state = ANY($1::int2[])
       AND (created, id) > ($2::int8, $3::text) AND created < $4::int8
     ORDER BY created, id
     LIMIT $5::int8)
    UNION ALL
    (SELECT )sql" ROW_COLUMNS R"sql( FROM troth.kept_steps
     WHERE parent = $6::text AND 1 = ANY($1::int2[])
       AND (created, id) > ($2::int8, $3::text) AND created < $4::int8)
  ) p
  ORDER BY p.created, p.id
  LIMIT $5::int8
)sql"};

const PgStatement SEARCH_BY_ROOT = {"troth_search_by_root",
    SEARCH(R"sql(
  SELECT * FROM (
    (SELECT * FROM troth.promises t WHERE t.id = $6::text AND t.root IS NULL)
    UNION ALL
    (SELECT * FROM troth.promises c
     WHERE c.parent = $6::text AND c.root = c.parent
       AND (c.created, c.id) > ($2::int8, $3::text) AND c.created < $4::int8
     ORDER BY c.created, c.id)
    UNION ALL
    (SELECT * FROM troth.promises d
     WHERE d.root = $6::text AND d.root <> d.parent
       AND (d.created, d.id) > ($2::int8, $3::text) AND d.created < $4::int8
     ORDER BY d.created, d.id)
  ) t
  WHERE t.state = ANY($1::int2[])
    AND (t.created, t.id) > ($2::int8, $3::text) AND t.created < $4::int8
)sql",
        R"sql(
  SELECT t.id AS call FROM troth.promises t
  WHERE 1 = ANY($1::int2[]) AND t.id = $6::text AND t.root IS NULL
  UNION ALL
  SELECT c.id FROM troth.promises c
  WHERE 1 = ANY($1::int2[]) AND c.parent = $6::text AND c.root = c.parent
    AND c.step_created >= $2::int8
    AND c.created >= $7::int8 AND c.created <= (SELECT created FROM last)
  UNION ALL
  SELECT d.id FROM troth.promises d
  WHERE 1 = ANY($1::int2[]) AND d.root = $6::text AND d.root <> d.parent
    AND d.step_created >= $2::int8
    AND d.created >= $7::int8 AND d.created <= (SELECT created FROM last)
)sql")};

const PgStatement SEARCH_BY_TAG = {"troth_search_by_tag", "SELECT " RECORD_COLUMNS R"sql(
  FROM troth.promise_tags t
  JOIN troth.promises p ON p.id = t.id
  WHERE t.tag = $6::text AND (t.created, t.id) > ($2::int8, $3::text) AND t.created < $4::int8
    AND p.state = ANY($1::int2[])
  ORDER BY t.created, t.id
  LIMIT $5::int8
)sql"};

// One more than asked for is read, to tell when the next deadline is.
const PgStatement FIND_OVERDUE = {"troth_find_overdue", R"sql(
  SELECT p.id, p.deadline
  FROM troth.promises p
  WHERE p.state = 0 AND p.deadline IS NOT NULL
  ORDER BY p.deadline
  LIMIT $1::int8
)sql"};

const PgStatement FIND_DUE = {"troth_find_due", R"sql(
  SELECT min(p.due)
  FROM (SELECT DISTINCT unnest($1::text[]) AS target) AS u
  CROSS JOIN LATERAL (
    SELECT c.due FROM troth.promises c
    WHERE c.target = u.target AND c.due IS NOT NULL
    ORDER BY c.due
    LIMIT 1
  ) p
)sql"};

const PgStatement FIND_SETTLED = {"troth_find_settled", R"sql(
  SELECT u.id
  FROM (SELECT unnest($1::text[]) AS id) AS u
  LEFT JOIN troth.promises p ON p.id = u.id
  WHERE p.id IS NULL OR p.settled IS NOT NULL
)sql"};

// A tree goes whole or not at all. Roots that another process is deleting are left to it. Children
// are asked for their root in a way that the planner takes no equality from: it would think rows
// whose root is their parent to be rare, and look for all of them first.
const PgStatement PRUNE = {"troth_prune", R"sql(
  WITH roots AS (
    SELECT r.id FROM troth.promises r
    WHERE r.root IS NULL AND r.settled IS NOT NULL AND r.settled < $1::int8
      AND NOT EXISTS (SELECT FROM troth.promises c
        WHERE c.parent = r.id AND c.root = c.parent AND c.settled IS NULL)
      AND NOT EXISTS (SELECT FROM troth.promises d
        WHERE d.root = r.id AND d.root <> d.parent AND d.settled IS NULL)
    ORDER BY r.settled
    LIMIT $2::int8
    FOR UPDATE SKIP LOCKED
  ), children AS (
    DELETE FROM troth.promises c USING roots
    WHERE c.parent = roots.id AND c.root IS NOT DISTINCT FROM roots.id
    RETURNING c.id, c.created, c.tags, c.step_number
  ), deeper AS (
    DELETE FROM troth.promises d USING roots WHERE d.root = roots.id AND d.root <> d.parent
    RETURNING d.id, d.created, d.tags, d.step_number
  ), tops AS (
    DELETE FROM troth.promises t USING roots WHERE t.id = roots.id
    RETURNING t.id, t.created, t.tags, t.step_number
  ), untagged AS (
    DELETE FROM troth.promise_tags t
    USING (SELECT * FROM children UNION ALL SELECT * FROM deeper UNION ALL SELECT * FROM tops) AS d
      CROSS JOIN LATERAL unnest(d.tags) AS u(tag)
    WHERE t.tag = u.tag AND t.created = d.created AND t.id = d.id
  )
  SELECT (SELECT count(*) FROM tops),
    (SELECT count(*) + count(step_number) FROM children)
      + (SELECT count(*) + count(step_number) FROM deeper)
      + (SELECT count(step_number) FROM tops)
)sql"};

const PgStatement NOW = {
    "troth_now", "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8"};

kj::ArrayPtr<const PgStatement* const> requestStatements() {
  static const PgStatement* const STATEMENTS[] = {&READ, &READ_BACK, &INSERT, &INSERT_CAREFULLY,
      &UPDATE, &NOTIFY_SETTLED, &NOTIFY_DUE, &WAKE, &WAKE_PARKED, &LOCK_DUE, &READ_CHILDREN,
      &SEARCH_BY_STATE, &SEARCH_BY_PARENT, &SEARCH_BY_ROOT, &SEARCH_BY_TAG, &FIND_OVERDUE,
      &FIND_DUE, &FIND_SETTLED, &PRUNE, &NOW, &GLANCE, &HOLD};
  return STATEMENTS;
}

}  // namespace troth::pg
