#!/usr/bin/env bash
# demo.sh BIN: two orders wait for a person while the shop is killed and started again. One is
# approved, the other one rejected.
set -euo pipefail
bin=$1
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
schema=(--schema "${BASH_SOURCE[0]%/*}/shop.capnp")
export TROTH_STORE=sqlite:$dir/shop.db

# Tries, of a twentieth of a second and more each.
WAIT_TRIES_MAX=100

start_shop() {
  "$bin/approval-server" "$TROTH_STORE" "unix:$dir/shop" &
  shop=$!
}

order() {
  "$bin/approval-client" "unix:$dir/shop" "$1" "$2" &
  clients+=($!)
}

# wait_for ID: until the order has asked.
wait_for() {
  local try
  for ((try = 0; try < WAIT_TRIES_MAX; ++try)); do
    if "$bin/troth" promises get "$1" >/dev/null 2>&1; then return; fi
    sleep 0.05
  done
  echo "error: nobody asks for $1" >&2
  exit 1
}

clients=()
start_shop
order order-7 "a chair"
wait_for order-7.approval
order order-8 "a piano"
wait_for order-8.approval

kill -KILL "$shop"
wait "$shop" 2>/dev/null || true
echo "the shop was killed with kill -9; its orders wait:"
"$bin/troth" promises list "${schema[@]}"
start_shop

"$bin/troth" promises fulfill order-7.approval --text "yes, says Ann"
wait "${clients[0]}"
"$bin/troth" promises reject order-8.approval --error "too dear, says Ann"
wait "${clients[1]}"
"$bin/troth" promises tree order-8 "${schema[@]}"
