#!/usr/bin/env bash
# demo.sh BIN [STORE]: asks, dies, is answered while nobody waits, and asks again.
set -euo pipefail
bin=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export TROTH_STORE=${2:-sqlite:$dir/promises.db}

"$bin/ask" "$TROTH_STORE" lunch >"$dir/asked" &
ask=$!
until grep -q waiting "$dir/asked"; do sleep 0.05; done
kill -KILL "$ask"
wait "$ask" 2>/dev/null || true
echo "asked, and killed with kill -9"

"$bin/troth" promises list
"$bin/troth" promises fulfill lunch --text "at noon"
"$bin/ask" "$TROTH_STORE" lunch
