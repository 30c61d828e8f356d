-- Settled promises of the past, up to :promises of them.
WITH RECURSIVE numbers (n) AS (
  SELECT (SELECT count(*) FROM promises WHERE id LIKE 'past-%') + 1
  UNION ALL
  SELECT n + 1 FROM numbers WHERE n < :promises
)
INSERT INTO promises (id, state, created, settled, interface_id, method_id, digest, epoch, awaited, value)
SELECT printf('past-%010d', n), 1, n, n + 1, 0, 0, zeroblob(32), 0, 0, zeroblob(64) FROM numbers;
PRAGMA wal_checkpoint(TRUNCATE);
