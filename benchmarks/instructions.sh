#!/usr/bin/env bash
# Counts the instructions of one call, client and server together, through stock capnpc-c++ code and through Troth's stubs.
#
# valgrind counts them, so the figures do not depend on what else the machine does. Each is the difference between a long and a
# short run of the same program, which leaves start and end out.
#
# The first line of a case has the same connection under both: a vat's, with its limits and counts. Stock code without size hints
# zeroes 8 KiB for each message, which valgrind counts byte by byte; the second line is stock code that gives hints, as Troth's
# stubs do by themselves. The third compares with hinted stock code on a connection without limits.
set -euo pipefail
program=$TROTH_BUILD/bin/instructions
short=512 long=1536

# count CONNECTION CODE CASE CALLS
count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# perCall CONNECTION CODE CASE
per_call() { echo $((($(count "$@" $long) - $(count "$@" $short)) / (long - short))); }

# row NAME STOCK TROTH
row() {
  awk -v name="$1" -v stock="$2" -v troth="$3" \
    'BEGIN { printf "%-44s %9d %9d   %.2fx\n", name, stock, troth, troth / stock }'
}

names=(plain text object flight chain)
declare -A title=(
  [plain]='plain call' [text]='call with text' [object]='call that returns an object'
  [flight]='plain call, 256 in flight' [chain]='call in a pipelined chain of 16')

printf '%-44s %9s %9s   %s\n' 'instructions per call' stock Troth ratio
for name in "${names[@]}"; do
  troth=$(per_call vat troth "$name")
  row "${title[$name]}" "$(per_call vat stock "$name")" "$troth"
  row "  stock code with size hints" "$(per_call vat hints "$name")" "$troth"
  row "  and without limits" "$(per_call stock hints "$name")" "$troth"
done

# Calls with holes: in the first line fifteen calls take a value from a sixteenth, in the second one call takes a value from another.
# All are counted, also those that give the value and so go out in the larger form.
batch=$(per_call vat troth batch)
printf '\n%-44s %9s %9s   %s\n' "Troth's own, instructions per call" plain holes ratio
row '16 calls, 15 with a hole' "$batch" "$(per_call vat troth holes)"
row '2 calls, 1 with a hole' "$batch" "$(per_call vat troth pair)"
