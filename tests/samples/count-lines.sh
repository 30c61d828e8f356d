#!/usr/bin/env bash
# count-lines.sh MAX DIR: fails if the schema and the programs in DIR have more lines than MAX. Blank lines and comments do not count.
set -euo pipefail
lines=$(cat "$2"/*.capnp "$2"/*.cc | grep -cvE '^[[:space:]]*((//|#[^i]).*)?$')
echo "$lines lines, at most $1"
[[ $lines -le $1 ]]
