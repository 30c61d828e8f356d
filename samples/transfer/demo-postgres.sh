#!/usr/bin/env bash
# demo-postgres.sh BIN CACHE [COUNT]: two banks share one PostgreSQL, and one of them is killed for
# good while a client makes COUNT transfers at both. CACHE is that of tools/pg-cluster.sh.
set -euo pipefail
bin=$1 cache=$2 count=${3:-200}
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT

coproc PG { exec "${BASH_SOURCE[0]%/*}/../../tools/pg-cluster.sh" "$cache"; }
read -r -t 60 -u "${PG[0]}" socket
echo start >&"${PG[1]}"
read -r -t 60 -u "${PG[0]}" _

banks=()
for name in north south; do
  "$bin/transfer-server" "postgresql://troth@/postgres?host=$socket" "unix:$dir/$name" &
  banks[${#banks[@]}]=$!
done
for ((try = 0; try < 600; ++try)); do
  [[ ! -S $dir/north || ! -S $dir/south ]] || break
  sleep 0.05
done
exec {told}< <(exec "$bin/transfer-client" "$count" "unix:$dir/north" "unix:$dir/south")
read -r -t 60 -u "$told" line
echo "$line; the bank in the north is killed with kill -9"
kill -KILL "${banks[0]}"
wait "${banks[0]}" 2>/dev/null || true
timeout 60 cat <&"$told"
