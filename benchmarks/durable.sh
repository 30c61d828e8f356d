#!/usr/bin/env bash
# Durable calls a second, and how fast they are taken up again after a crash: Troth on PostgreSQL and on a SQLite file, beside DBOS on
# the same PostgreSQL and Restate with its own store.
#
#   durable.sh [--quick] [--systems=postgres,sqlite,alone,dbos,restate] [--callers=1,16,64,1024] [--steps=1,10] [--seconds=3] [--rounds=3]
#              [--pending=10000]
#
# Every system carries out the same method: so many steps, each of which returns its index plus one, and the sum of them; each call has
# an id of its own. Troth's server has mimalloc for its allocator and polls before it sleeps, as the guide advises for a server with a
# processor to spare (TROTH_BENCH_SLEEPY=1: it does not poll). Its callers are another process, on a Unix socket; DBOS's are in the
# process that carries out the calls. Durability is the default of each, and of PostgreSQL: fsync=on, synchronous_commit=on. A figure is
# the median of the rounds, in which the systems take turns.
#
# "PostgreSQL alone" is pgbench with the transactions of peers/alone.sh: what is left if all that Troth does beside them takes no time.
#
# After that so many calls are left pending by a server that is killed, and it is measured how long it takes from the start of the next
# one until the first has settled, and until all have; 0 leaves that out. --quick is one short round of it all.
set -euo pipefail
systems=postgres,sqlite,alone,dbos,restate callers=1,16,64,1024 steps=1,10 seconds=3 rounds=3 pending=10000
for option in "$@"; do
  case $option in
    --quick) callers=16 seconds=2 rounds=1 pending=1000 ;;
    --systems=* | --callers=* | --steps=* | --seconds=* | --rounds=* | --pending=*) declare "${option#--}" ;;
    *) echo "error: there is no option $option, see benchmarks/durable.sh" >&2; exit 2 ;;
  esac
done
systems=${systems//,/ } callers=${callers//,/ } steps=${steps//,/ }
load=$TROTH_BUILD/bin/durable-load

# How often a twentieth of a second to wait for a server.
tries_max=1200

source benchmarks/peers/peers.sh
for system in $systems; do
  case $system in
    postgres | sqlite | alone) ;;
    dbos | restate) peer_install "$system" ;;
    *) die "there is no system $system" ;;
  esac
done

# The name of a socket must be short.
work=$(mktemp --directory /tmp/troth-bench.XXXXXX)
server=''
pg_bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/pgbench' | sort --version-sort | tail -n 1)")
coproc CLUSTER { exec tools/pg-cluster.sh "$TROTH_BUILD/pg-cache" max_connections=200; }
# shellcheck disable=SC2153
cluster_pid=$CLUSTER_PID
trap 'kill $server "$cluster_pid" 2>/dev/null; rm -rf "$work"' EXIT
read -r pg_socket <&"${CLUSTER[0]}"
echo start >&"${CLUSTER[1]}"
read -r answer <&"${CLUSTER[0]}"
[[ $answer == ok ]]
export PGHOST=$pg_socket PGUSER=troth
for name in troth troth_recovery dbos dbos_recovery; do createdb "$name"; done

declare -A title=([postgres]='Troth, PostgreSQL' [sqlite]='Troth, SQLite' [alone]='PostgreSQL alone' [dbos]='DBOS, PostgreSQL' [restate]='Restate')
database() { echo "postgresql:///$1?host=$pg_socket&user=troth"; }

# location SYSTEM SUFFIX: where one of Troth's stores is.
location() { if [[ $1 == sqlite ]]; then echo "sqlite:$work/troth$2.db"; else database "troth$2"; fi; }

# The median of the numbers on standard input.
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# ---- Measuring ----

# start_server STORE: starts one, sets `server`, and waits until it takes calls.
start_server() {
  local try
  rm -f "$work/socket"
  "$load" serve "$1" "$work/socket" &
  server=$!
  for ((try = 0; try < tries_max; ++try)); do
    if [[ -S $work/socket ]]; then return; fi
    kill -0 "$server" 2>/dev/null || die "the server did not start"
    sleep 0.05
  done
  die "the server takes no calls"
}

# end_server SIGNAL
end_server() {
  kill -"$1" "$server"
  wait "$server" 2>/dev/null || true
  server=''
}

# measure SYSTEM CALLERS STEPS: one line of JSON. A peer that fails has none.
measure() {
  case $1 in
    postgres | sqlite)
      start_server "$(location "$1" '')"
      "$load" load "$work/socket" "$2" "$3" "$seconds"
      end_server TERM
      ;;
    alone) alone "$2" "$3" ;;
    dbos) peer_run dbos "$(database dbos)" "$2" "$3" "$seconds" || true ;;
    restate)
      mkdir "$work/restate"
      peer_run restate "$work/restate" "$2" "$3" "$seconds" || true
      rm -rf "$work/restate"
      ;;
  esac
}

# alone CALLERS STEPS: the same, by pgbench.
alone() {
  benchmarks/peers/alone.sh "$1" "$2" >"$work/alone.sql"
  # Makes the tables.
  "$TROTH_BUILD/bin/troth" promises list --store "$(database troth)" >/dev/null
  PGOPTIONS='-c enable_seqscan=off -c plan_cache_mode=force_generic_plan' "$pg_bin/pgbench" --no-vacuum --protocol=prepared \
    --file="$work/alone.sql" --time="$seconds" troth 2>"$work/alone.log" |
    awk -v callers="$1" '/^tps/ { printf "{\"perSecond\":%.1f}\n", $3 * callers }'
}

# recover SYSTEM: the same. There is no program that does it with Restate, or with PostgreSQL alone.
recover() {
  case $1 in
    postgres | sqlite)
      TROTH_BENCH_STUCK=yes start_server "$(location "$1" _recovery)"
      "$load" start "$work/socket" "$pending"
      end_server KILL
      rm -f "$work/socket"
      "$load" recover "$(location "$1" _recovery)" "$work/socket" "$pending"
      ;;
    dbos) peer_recover dbos "$(database dbos_recovery)" "$pending" || true ;;
  esac
}

# figure FILE FIELD: the median of what its lines have there; nothing if no line has it.
figure() { sed -n "s/.*\"$2\":\([0-9.]*\).*/\1/p" "$1" 2>/dev/null | median; }

# ---- The table ----

# row SYSTEM CALLERS STEPS
row() {
  local file=$work/$1-$2-$3 dbos=$work/dbos-$2-$3 alone=$work/alone-$2-$3
  awk -v name="${title[$1]}" -v callers="$2" -v steps="$3" -v rate="$(figure "$file" perSecond)" -v p50="$(figure "$file" p50us)" \
    -v p99="$(figure "$file" p99us)" -v dbos="$(figure "$dbos" perSecond)" -v dbos50="$(figure "$dbos" p50us)" \
    -v alone="$(figure "$alone" perSecond)" '
    function ratio(a, b) { return a > 0 && b > 0 ? sprintf("%.1fx", a / b) : "-" }
    function number(a) { return a > 0 ? sprintf("%.0f", a) : "-" }
    BEGIN {
      printf "%7d %5d  %-18s %9s %10s %10s %9s %9s %9s\n", callers, steps, name, number(rate), number(p50), number(p99),
        ratio(rate, dbos), ratio(dbos50, p50), (alone > 0 ? sprintf("%.2fx", rate / alone) : "-")
    }'
}

machine() { echo "$(nproc) cores, load $(cut -d' ' -f1-3 /proc/loadavg)"; }

echo "at the start: $(machine)"
for count in $callers; do
  for step_count in $steps; do
    for ((round = 0; round < rounds; ++round)); do
      for system in $systems; do measure "$system" "$count" "$step_count" >>"$work/$system-$count-$step_count"; done
    done
  done
done
printf '%7s %5s  %-18s %9s %10s %10s %9s %9s %9s\n' callers steps system calls/s 'p50 us' 'p99 us' 'x DBOS' 'p50 x' 'x alone'
for count in $callers; do
  for step_count in $steps; do
    for system in $systems; do row "$system" "$count" "$step_count"; done
  done
done

if ((pending > 0)); then
  printf '\n%-18s %9s %14s %12s %9s\n' 'after a crash' pending 'first after s' 'all after s' calls/s
  for system in $systems; do
    [[ $system != restate && $system != alone ]] || continue
    recover "$system" >"$work/recovery"
    first=$(figure "$work/recovery" firstSeconds) all=$(figure "$work/recovery" seconds) rate=$(figure "$work/recovery" perSecond)
    printf '%-18s %9d %14s %12s %9.0f\n' "${title[$system]}" "$pending" "${first:--}" "${all:--}" "${rate:-0}"
  done
fi
echo "at the end: $(machine)"
