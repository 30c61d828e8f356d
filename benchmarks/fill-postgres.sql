-- Settled promises of the past, up to :promises of them.
INSERT INTO troth.promises (id, state, awaited, method_id, version, interface_id, created, settled, epoch, target, digest, params, value)
SELECT 'past-' || lpad(n::text, 10, '0'), 1, false, 0, 2, 0, n, n + 1, 0, '', decode(repeat('00', 32), 'hex'), '',
  decode(repeat('00', 64), 'hex')
FROM generate_series((SELECT count(*) FROM troth.promises WHERE id LIKE 'past-%') + 1, :promises) AS n;
VACUUM ANALYZE troth.promises;
CHECKPOINT;
