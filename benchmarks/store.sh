#!/usr/bin/env bash
# Durable promises created and settled per second: SQLite and PostgreSQL, beside what the same machine does without Troth.
#
# The floor is pgbench, which makes the same two commits per promise in a table with a primary key and an index of what is pending, at
# the same concurrency, on the same server, in the same run. The other floor is how often the disk can be told to keep what was written.
# PostgreSQL has its default durability: fsync=on, synchronous_commit=on. Each figure is the median of TROTH_BENCH_RUNS runs (3), which
# take turns.
#
# With TROTH_BENCH_SETTLED=N (10000000 if it is not set, 0 to leave this out) the stores are measured once more with N settled promises
# in them, against the same stores with 10000.
set -euo pipefail
runs=${TROTH_BENCH_RUNS:-3}
settled=${TROTH_BENCH_SETTLED:-10000000}
few_settled=10000
callers=(1 16 64 1024)
load=$TROTH_BUILD/bin/store-load

work=$(mktemp --directory "$PWD/build/bench-store.XXXXXX")
coproc CLUSTER { exec tools/pg-cluster.sh "$TROTH_BUILD/pg-cache" max_connections=1100; }
cluster_pid=$CLUSTER_PID
trap 'kill "$cluster_pid" 2>/dev/null; rm -rf "$work"' EXIT
read -r socket <&"${CLUSTER[0]}"
echo start >&"${CLUSTER[1]}"
read -r answer <&"${CLUSTER[0]}"
[[ $answer == ok ]]

export PGHOST=$socket PGUSER=troth PGDATABASE=postgres
bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/pgbench' | sort --version-sort | tail -n 1)")
postgres="postgresql:///postgres?host=$socket&user=troth"
query() { psql --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$@"; }

# The median of the numbers on standard input.
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# How many promises are enough to tell, in some seconds.
promises_for() { if (($1 < 16)); then echo 3000; elif (($1 < 64)); then echo 30000; else echo 60000; fi; }
floor_promises_for() { if (($1 < 16)); then echo 2000; else echo 8192; fi; }

# ---- The floor ----

query -c 'CREATE TABLE floor (id text PRIMARY KEY, state smallint NOT NULL, created bigint NOT NULL, settled bigint, value bytea)' \
  -c 'CREATE INDEX floor_pending ON floor (created) WHERE state = 0'
cat >"$work/floor.sql" <<'SQL'
\set number random(1, 9000000000000000)
INSERT INTO floor (id, state, created) VALUES ('bench-' || :number || '-' || :client_id, 0, :number);
UPDATE floor SET state = 1, settled = :number, value = decode(repeat('00', 64), 'hex') WHERE id = 'bench-' || :number || '-' || :client_id;
SQL

# floor CALLERS: promises a second, and the median and the 99th percentile of their microseconds.
floor() {
  local each=$(($(floor_promises_for "$1") / $1))
  rm -f "$work"/log*
  "$bin/pgbench" --no-vacuum --protocol=prepared --client="$1" --jobs=2 --transactions="$each" --log --log-prefix="$work/log" \
    --file="$work/floor.sql" 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p' | tr '\n' ' '
  cat "$work"/log* | awk '{ print $3 }' | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)], all[int((NR * 99 + 99) / 100)] }'
}

fsyncs() {
  "$bin/pg_test_fsync" --secs-per-test=1 --filename="$work/fsync" 2>/dev/null |
    awk '/^ *fdatasync/ { print int($2); exit }'
}

# ---- Measuring ----

# measure KIND CALLERS: one line of promises a second, p50, p99.
measure() {
  case $1 in
    floor) floor "$2" ;;
    sqlite) "$load" "sqlite:$work/promises.db" "$2" "$(promises_for "$2")" ;;
    postgres) "$load" "$postgres" "$2" "$(promises_for "$2")" ;;
  esac
}

# Runs of all kinds take turns, so that a slow minute hits each of them.
measure_all() {
  local run kind
  for ((run = 0; run < runs; ++run)); do
    for kind in floor sqlite postgres; do measure "$kind" "$1" >>"$work/$kind-$1"; done
  done
}

# figure KIND CALLERS COLUMN
figure() { awk -v column="$3" '{ print $column }' "$work/$1-$2" | median; }

row() {
  local kind=$1 count=$2 rate
  rate=$(figure "$kind" "$count" 1)
  awk -v store="$3" -v callers="$count" -v rate="$rate" -v p50="$(figure "$kind" "$count" 2)" -v p99="$(figure "$kind" "$count" 3)" \
    -v floor="$(figure floor "$count" 1)" -v best="$floor_best" -v floor50="$(figure floor "$count" 2)" 'BEGIN {
      printf "%-12s %7d %12d %9d %9d %9.1fx %9.1fx %9.2fx\n", store, callers, rate, p50, p99, rate / floor, rate / best, p50 / floor50 }'
}

echo "fdatasync: $(for ((i = 0; i < runs; ++i)); do fsyncs; done | median) a second"
for count in "${callers[@]}"; do measure_all "$count"; done
floor_best=$(for count in "${callers[@]}"; do figure floor "$count" 1; done | sort -n | tail -n 1)
printf '%-12s %7s %12s %9s %9s %10s %10s %10s\n' store callers promises/s 'p50 us' 'p99 us' 'x floor' 'x best' 'p50 x'
for count in "${callers[@]}"; do
  row floor "$count" pgbench
  row sqlite "$count" SQLite
  row postgres "$count" PostgreSQL
done

# ---- With a past ----

# Fills each store up to $1 settled promises.
fill() {
  query -v promises="$1" -f benchmarks/fill-postgres.sql
  sqlite3 "$work/promises.db" ".param set :promises $1" ".read benchmarks/fill-sqlite.sql" >/dev/null
}

# past NAME: measures the stores at 64 callers, as NAME.
past() {
  local run kind
  for ((run = 0; run < runs; ++run)); do
    for kind in sqlite postgres; do measure "$kind" 64 >>"$work/$kind-$1"; done
  done
}

if ((settled > 0)); then
  query -c 'TRUNCATE troth.promises'
  rm -f "$work"/promises.db*
  measure sqlite 1 >/dev/null
  fill "$few_settled"
  past few
  fill "$settled"
  past many
  printf '\n%-12s %22s %22s %10s\n' 'at 64 callers' "with $few_settled settled" "with $settled settled" slower
  for kind in sqlite postgres; do
    awk -v store="$kind" -v few="$(figure "$kind" few 1)" -v many="$(figure "$kind" many 1)" \
      'BEGIN { printf "%-12s %22d %22d %9.2fx\n", store, few, many, few / many }'
  done
fi
