#!/usr/bin/env bash
# What ../durable.sh's "PostgreSQL alone" runs: the transactions that Troth makes of the calls of `callers` callers that all keep in step.
#
#   alone.sh CALLERS STEPS       prints a script for pgbench
#
# One transaction records the calls; one each records a step of all of them, but the last step, which goes into the rows of the calls with
# their outcomes. The rows are as large as Troth's and enter the same indexes. Nothing runs between the transactions, neither a vat nor a method.
set -euo pipefail
callers=$1 steps=$2

columns='id, state, awaited, method_id, version, interface_id, created, settled, due, lease_expires, epoch, target, lease_owner, parent, root, digest,
  params, value'
message="decode(repeat('ab', 56), 'hex')" digest="decode(repeat('ab', 32), 'hex')"

echo '\set run random(1, 1000000000000)'
cat <<SQL
INSERT INTO troth.promises ($columns)
SELECT 'bench-' || :run || '-' || i, 0, false, 0, 1, 1, :run, NULL, :run, :run, 1, '/', 'vat-0123456789abcdef', NULL, NULL, $digest, $message, ''
FROM generate_series(1, $callers) AS i ON CONFLICT (id) DO NOTHING RETURNING id;
SQL
for ((step = 1; step < steps; ++step)); do
  cat <<SQL
INSERT INTO troth.promises ($columns)
SELECT 'bench-' || :run || '-' || i || '.$step', 1, false, 0, 1, 0, :run, :run, NULL, NULL, 0, '', NULL, 'bench-' || :run || '-' || i,
  'bench-' || :run || '-' || i, $digest, $message, $message
FROM generate_series(1, $callers) AS i ON CONFLICT (id) DO NOTHING RETURNING id;
SQL
done
cat <<SQL
UPDATE troth.promises p
SET version = p.version + 1, state = 1, settled = :run, due = NULL, lease_expires = NULL, lease_owner = NULL, value = $message,
  step_number = $steps, step_created = :run, step_digest = $digest, step_params = $message, step_value = $message
FROM (SELECT 'bench-' || :run || '-' || i AS id FROM generate_series(1, $callers) AS i) AS u
WHERE p.id = u.id AND p.version = 1 RETURNING p.id;
SQL
