#!/usr/bin/env bash
# dev-test.sh DEV: what the script says of itself, and what it says of what it does not know.
set -euo pipefail
dev=$1

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# refuses STATUS MESSAGE ARGUMENT…: dev fails with STATUS, and its error says MESSAGE.
refuses() {
  local status=0 expected=$1 message=$2 error
  shift 2
  error=$("$dev" "$@" 2>&1 >/dev/null) || status=$?
  [[ $status -eq $expected ]] || fail "dev $*: exit status $status instead of $expected: $error"
  [[ $error == *"$message"* ]] || fail "dev $*: does not say \"$message\" but \"$error\""
}

bash -n "$dev" "${dev%/*}"/tools/dev-setup.sh

help=$("$dev" help)
for command in demo test soak build bench setup fmt lint path clean; do
  grep -q "^  $command" <<<"$help" || fail "help does not mention $command"
done
[[ $("$dev") == "$help" ]] || fail "without a command, dev does not print its help"

refuses 2 "unknown command: tset" tset
refuses 2 "unexpected argument: --fast" build --fast
refuses 2 "unexpected argument: now" demo now
refuses 2 "unexpected argument: now" demo --postgres now
refuses 2 "soak takes minutes, not: long" soak long
refuses 2 "unexpected argument: --all" clean --all
refuses 2 "no path named nowhere" path nowhere
refuses 2 "path takes one name" path

[[ $(XDG_CACHE_HOME=/there "$dev" path cache) == /there/troth ]] || fail "XDG_CACHE_HOME is ignored"
env -u HOME -u XDG_CACHE_HOME "$dev" path cache >/dev/null || fail "dev needs HOME to be set"
