#!/usr/bin/env bash
# show-test.sh PROGRAM SCHEMA [STORE]: list, tree and get, as tables and as JSON.
# shellcheck source=tests/tools/testing.sh
source "${BASH_SOURCE[0]%/*}/testing.sh"

# Ages differ from run to run.
without_ages() { sed -E 's/[0-9]+(ms|s|m)\b/#/g; s/ +/ /g; s/ $//'; }

# shows COMMAND ARGUMENT…: its output, with # for ages and single spaces, is what stands on
# standard input.
shows() {
  local expected output
  expected=$(cat)
  output=$("$@" | without_ages)
  [[ $output == "$expected" ]] || fail "$*: shows
$output
instead of
$expected"
}

[[ $(promises create a --tag red --tag blue --deadline 365d) == "a is pending" ]] ||
  fail "a is not made"
shows promises list <<'TEXT'
ID STATE AGE DEADLINE TAGS
a pending # in 364d blue,red
TEXT

call=(--schema "$schema" --target bank --method)
{
  promises create b "${call[@]}" Bank.transfer --params '(amount = 70)'
  promises create b.1 --parent b
  promises create b.1.1 --parent b.1
  promises create b.2 --parent b --tag red
  promises fulfill b.1 --text $'two\nlines'
  promises reject b.1.1 --error $'a \e[red\nerror'
} >"$work/out"

shows promises list --schema "$schema" <<'TEXT'
ID STATE AGE CALL DEADLINE TAGS
a pending # - in 364d blue,red
b pending # Bank.transfer on "bank" -
b.2 pending # - - red
TEXT
shows promises list --all --parent b <<'TEXT'
ID STATE AGE SETTLED TAGS OUTCOME
b.1 fulfilled # # ago "two\nlines"
b.2 pending # - red -
TEXT
shows promises list --state rejected --state fulfilled --root b <<'TEXT'
ID STATE AGE SETTLED OUTCOME
b.1 fulfilled # # ago "two\nlines"
b.1.1 rejected # # ago failed: a \x1b[red\nerror
TEXT
shows promises list --tag red --since 1h <<'TEXT'
ID STATE AGE DEADLINE TAGS
a pending # in 364d blue,red
b.2 pending # - red
TEXT
shows promises list --before 1h <<'TEXT'
No promise is pending.
TEXT
shows promises list --tag green --all <<'TEXT'
There is no such promise.
TEXT

# ---- pages ----

output=$(promises list --all --limit 2)
[[ $(wc -l <<<"$output") -eq 4 ]] || fail "two rows of five are $output"
cursor=$(sed -n "s/^There are more: add --after '\(.*\)', or --limit none$/\1/p" <<<"$output")
rest=$(promises list --all --after "$cursor" --limit 3 | cut -d' ' -f1)
[[ $rest == $'ID\nb.1\nb.1.1\nb.2' ]] || fail "after $cursor comes $rest"
says "\"next\":\"$cursor\"}" promises list --all --limit 2 --json
says '"next":null}' promises list --all --limit none --json
[[ $(promises list --state timedout --json) == '{"promises":[],"next":null}' ]] ||
  fail "no promises at all are $(promises list --state timedout --json)"

# ---- tree ----

# From any of its promises.
for id in b b.1.1; do
  shows promises tree "$id" --schema "$schema" <<'TEXT'
b pending # Bank.transfer on "bank"
├─ b.1 fulfilled # "two\nlines"
│ └─ b.1.1 rejected # failed: a \x1b[red\nerror
└─ b.2 pending #
TEXT
done
depths=$(promises tree b --json | grep -o '"depth":.')
[[ $depths == $'"depth":0\n"depth":1\n"depth":2\n"depth":1' ]] || fail "the depths are $depths"

# ---- JSON ----

json=$(promises get b --schema "$schema" --json)
for field in '"id":"b"' '"state":"pending"' '"target":"bank"' '"method":"Bank.transfer"' \
  '"params":{"bytes":56,"content":{"amount":"70"},"refs":[]}' '"methodId":1' '"parent":null' \
  '"tags":[]' '"settled":null' '"epoch":0'; do
  [[ $json == *"$field"* ]] || fail "no $field in $json"
done
says '"method":null,"params":{"bytes":56,"content":null,"refs":[]}' promises get b --json
says '"error":{"type":"failed","text":"a \u001b[red\nerror"}' promises get b.1.1 --json
says '"value":{"bytes":64,"content":"two\nlines","refs":[]}' promises get b.1 --json

# ---- help ----

for command in list get tree create fulfill reject cancel prune; do
  says "  troth promises $command" promises "$command" --help
done
says "Exit status: 0 done" promises --help
[[ $("$troth" --version) == "troth "[0-9]* ]] || fail "the version is $("$troth" --version)"
