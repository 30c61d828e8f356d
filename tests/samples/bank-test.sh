#!/usr/bin/env bash
# bank-test.sh ROOT BIN
set -euo pipefail
output=$("$1/samples/bank/demo.sh" "$2")
echo "$output"
grep -qE '^sequential +4 +4 +[0-9.]+ ms$' <<<"$output"
grep -qE '^pipelined +4 +1 +[0-9.]+ ms$' <<<"$output"
