# shellcheck shell=bash
# What the tests of the `troth` command share. Sourced with the test's arguments: PROGRAM SCHEMA
# [STORE]. Without a store it is a file.
set -euo pipefail
troth=$1
# shellcheck disable=SC2034  # The tests use it.
schema=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
export TROTH_STORE=${3:-sqlite:$work/promises.db}

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

promises() { "$troth" promises "$@"; }

# says TEXT COMMAND ARGUMENT…: the command succeeds, and its output has TEXT in it.
says() {
  local text=$1 output status=0
  shift
  output=$("$@") || status=$?
  [[ $status -eq 0 ]] || fail "$*: exit status $status: $output"
  [[ $output == *"$text"* ]] || fail "$*: does not say \"$text\" but \"$output\""
}

# says_not TEXT COMMAND ARGUMENT…
says_not() {
  local text=$1 output
  shift
  output=$("$@") || fail "$*: exit status $?"
  [[ $output != *"$text"* ]] || fail "$*: says \"$text\": \"$output\""
}

# fails STATUS TEXT COMMAND ARGUMENT…: the command ends with STATUS, prints nothing, and its error
# has TEXT in it.
fails() {
  local expected=$1 text=$2 status=0 output error
  shift 2
  output=$("$@" 2>"$work/error") || status=$?
  error=$(<"$work/error")
  [[ $status -eq $expected ]] || fail "$*: exit status $status instead of $expected: $output$error"
  [[ $error == *"$text"* ]] || fail "$*: does not say \"$text\" but \"$error\""
  [[ -z $output ]] || fail "$*: fails, but prints \"$output\""
}
