#pragma once
// The bank's own tables, for SQLite and PostgreSQL, and what an audit makes of them.

#include <kj/string.h>
#include <troth/sql.h>

// Ten accounts with 1,000.00 each. The ledger would take the same transfer twice.
constexpr kj::StringPtr TABLES = R"sql(
  CREATE TABLE IF NOT EXISTS accounts (owner TEXT PRIMARY KEY, cents BIGINT NOT NULL);
  CREATE TABLE IF NOT EXISTS ledger (
    id TEXT NOT NULL, payer TEXT NOT NULL, payee TEXT NOT NULL, cents BIGINT NOT NULL);
  INSERT INTO accounts (owner, cents) VALUES
    ('a', 100000), ('b', 100000), ('c', 100000), ('d', 100000), ('e', 100000),
    ('f', 100000), ('g', 100000), ('h', 100000), ('i', 100000), ('j', 100000)
    ON CONFLICT DO NOTHING;
)sql"_kj;

// An account is wrong if it does not hold what the ledger says.
constexpr kj::StringPtr COUNT = R"sql(
  SELECT
    (SELECT count(*) FROM ledger),
    (SELECT count(DISTINCT id) FROM ledger),
    (SELECT count(*) FROM accounts),
    (SELECT CAST(sum(cents) AS BIGINT) FROM accounts),
    (SELECT count(*) FROM accounts WHERE cents - 100000 <>
      (SELECT coalesce(sum(cents), 0) FROM ledger WHERE payee = owner) -
      (SELECT coalesce(sum(cents), 0) FROM ledger WHERE payer = owner))
)sql"_kj;

inline kj::String reportOf(const troth::SqlRows& counts) {
  auto count = [&](size_t column) { return counts.asInt64(0, column); };
  return kj::str(count(0), " transfers are in the ledger, under ", count(1), " ids\n", count(2),
      " accounts hold ", count(3), " cents together; ", count(4),
      " of them differ from the ledger");
}
