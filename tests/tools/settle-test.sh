#!/usr/bin/env bash
# settle-test.sh PROGRAM SCHEMA [STORE]: create, fulfill, reject, cancel, get --wait and prune.
# shellcheck source=tests/tools/testing.sh
source "${BASH_SOURCE[0]%/*}/testing.sh"

typed=(--schema "$schema" --type Approval)

# ---- create ----

says "approval is pending" promises create approval --deadline 30d --tag invoice --tag red
says "approval is pending" promises create approval
says "tags      invoice, red" promises get approval
says '"state":"pending"' promises create approval --json
says "late is timedout" promises create late --deadline 2020-02-29T12:00:00+01:00
says "deadline  2020-02-29T11:00:00Z" promises get late

call=(--schema "$schema" --target bank --method)
says "call is pending" promises create call "${call[@]}" Bank.transfer --params '(amount = 70)'
says "call is pending" promises create call "${call[@]}" Bank.transfer --params '(amount = 70)'
fails 1 'the id "call" is taken' \
  promises create call "${call[@]}" Bank.transfer --params '(amount = 71)'
says 'Bank.transfer on "bank"' promises get call --schema "$schema"
says 'params    (amount = 70)' promises get call --schema "$schema"
says 'params    <56 bytes>' promises get call
says "inherited is pending" \
  promises create inherited "${call[@]}" Bank.ping --params '(word = "hé")'
says 'Pinged.ping on "bank"' promises get inherited --schema "$schema"

# ---- fulfill ----

value='(approved = true, by = "Änn", amounts = [1, 2], seal = "abc")'
says "approval is fulfilled" promises fulfill approval "${typed[@]}" --value "$value"
says "approval is fulfilled" promises fulfill approval "${typed[@]}" --value "$value" --strict
says "value     $value" promises get approval "${typed[@]}"
says "bytes>" promises get approval
fails 1 "is fulfilled already" promises fulfill approval --text no --strict
says "approval is fulfilled" promises fulfill approval --text no 2>"$work/warning"
[[ $(<"$work/warning") == *"with another outcome, which stands"* ]] ||
  fail "no word of the other outcome"
fails 1 "approval was fulfilled" promises reject approval --error no
says "value     $value" promises get approval "${typed[@]}"

promises create text >"$work/out"
says "text is fulfilled" promises fulfill text --text "yes, says Änn"
says 'value     "yes, says Änn"' promises get text
promises create nothing >"$work/out"
says "nothing is fulfilled" promises fulfill nothing
says "value     -" promises get nothing
promises create nested >"$work/out"
says "nested is fulfilled" \
  promises fulfill nested --schema "$schema" --type Approval.Note --value '(text = "a")'
says 'value     (text = "a")' promises get nested --schema "$schema" --type Approval.Note

# ---- reject and cancel ----

promises create rejected >"$work/out"
says "rejected is rejected" promises reject rejected --error "over budget" --type overloaded
says "rejected is rejected" \
  promises reject rejected --error "over budget" --type overloaded --strict
fails 1 "is rejected already" promises reject rejected --error "over budget" --strict
says "error     overloaded: over budget" promises get rejected
promises create canceled >"$work/out"
says "canceled is canceled" promises cancel canceled --reason "order withdrawn"
says "error     failed: order withdrawn" promises get canceled
fails 1 "canceled was canceled" promises fulfill canceled
promises create whole >"$work/out"
promises create whole.1 --parent whole >"$work/out"
promises create whole.1.1 --parent whole.1 >"$work/out"
says "whole is canceled" promises cancel whole --reason "order withdrawn"
says "error     failed: order withdrawn" promises get whole.1
says "error     failed: order withdrawn" promises get whole.1.1
fails 1 'there is no promise "nobody"' promises fulfill nobody

# ---- waiting ----

promises create awaited >"$work/out"
status=0
output=$(promises get awaited --timeout 50ms 2>"$work/error") || status=$?
[[ $status -eq 1 && $output == *"state     pending"* ]] ||
  fail "a wait that is over: $status, $output"
[[ $(<"$work/error") == *"awaited has not settled within 50ms"* ]] ||
  fail "a wait that is over says $(<"$work/error")"
promises get awaited --wait >"$work/waited" &
waiting=$!
promises fulfill awaited --text "at last" >"$work/out"
wait "$waiting" || fail "the wait for a promise that settles ends with $?"
[[ $(<"$work/waited") == *"at last"* ]] || fail "whoever waits gets $(<"$work/waited")"
says "at last" promises get awaited --timeout 1m

# ---- prune ----

promises create tree >"$work/out"
promises create tree.1 --parent tree >"$work/out"
promises fulfill tree >"$work/out"
says "deleted 0 promises in 0 trees settled before " promises prune --older-than 30d
says '"trees":' promises prune --older-than 2020-03-01 --json
promises prune --older-than 0s >"$work/out"
fails 1 'there is no promise "approval"' promises get approval
says "state     fulfilled" promises get tree
promises fulfill tree.1 >"$work/out"
says "deleted 2 promises in 1 tree settled before " promises prune --older-than 0s
says "call" promises list
