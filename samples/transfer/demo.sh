#!/usr/bin/env bash
# demo.sh BIN [COUNT]: a client makes COUNT transfers at a bank that is killed in their middle and
# started again.
set -euo pipefail
bin=$1 count=${2:-200}
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT

start_bank() {
  "$bin/transfer-server" "sqlite:$dir/bank.db" "unix:$dir/bank" &
  bank=$!
}

start_bank
exec {told}< <(exec "$bin/transfer-client" "$count" "unix:$dir/bank")
read -r -t 60 -u "$told" line
echo "$line; the bank is killed with kill -9"
kill -KILL "$bank"
wait "$bank" 2>/dev/null || true
start_bank
echo "the bank is started again"
timeout 60 cat <&"$told"
