#!/usr/bin/env bash
# postgres-test.sh PROGRAM SCHEMA CACHE: what the other tests do, on a private PostgreSQL; and one
# that is not there. CACHE is that of tools/pg-cluster.sh.
tests=${BASH_SOURCE[0]%/*} cache=$3
# shellcheck source=tests/tools/testing.sh
source "$tests/testing.sh" "$1" "$2"

coproc PG { exec "$tests/../../tools/pg-cluster.sh" "$cache"; }
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
read -r -t 60 -u "${PG[0]}" PGHOST
echo start >&"${PG[1]}"
read -r -t 60 -u "${PG[0]}" _
export PGHOST PGUSER=troth PGDATABASE=postgres
createdb settle

"$tests/show-test.sh" "$troth" "$schema" postgresql://
"$tests/settle-test.sh" "$troth" "$schema" "postgresql://troth@/settle?host=$PGHOST"

fails 3 "/nowhere" promises get a --store "postgresql:///postgres?host=/nowhere"
