#!/usr/bin/env bash
# demo.sh BIN: starts the bank as a process of its own, on a free port, and runs its client.
set -euo pipefail
bin=$1

exec {output}< <(exec "$bin/bank-server" 127.0.0.1:0)
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT

read -r -t 10 -u "$output" line || { echo "error: the bank did not start" >&2 && exit 1; }
"$bin/bank-client" "${line#listening on }"
