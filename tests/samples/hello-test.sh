#!/usr/bin/env bash
# hello-test.sh BIN
set -euo pipefail
bin=$1
dir=$(mktemp -d)
"$bin/hello-server" "unix:$dir/socket" &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT

for ((i = 0; i < 200; ++i)); do
  [[ ! -S $dir/socket ]] || break
  sleep 0.05
done
[[ $("$bin/hello-client" "unix:$dir/socket") == 'hello, world' ]]

kill "$server"
wait "$server"
