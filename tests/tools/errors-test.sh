#!/usr/bin/env bash
# errors-test.sh PROGRAM SCHEMA: exit statuses, and what the errors say.
# shellcheck source=tests/tools/testing.sh
source "${BASH_SOURCE[0]%/*}/testing.sh"

# ---- 2: the command line ----

fails 2 "missing command" promises
fails 2 "lst: unknown command" promises lst
fails 2 "--colour: unrecognized option" promises list --colour
fails 2 "missing argument <id>" promises get
fails 2 "a state is pending, fulfilled" promises list --state finished
fails 2 "exclude each other" promises list --root a --tag b
fails 2 "a limit is a number" promises list --limit 0
fails 2 "a time is a duration from now" promises list --since yesterday
fails 2 "a time is a duration from now" promises create a --deadline 2026-02-30
fails 2 "a duration is a number with a unit" promises get a --timeout 5
fails 2 "a store is sqlite:PATH or postgresql:" promises list --store "$work/promises.db"
fails 2 "TROTH_STORE is wrong: a store is" env TROTH_STORE=here "$troth" promises list
fails 2 "neither HOME nor TROTH_STORE is set" env -u HOME -u XDG_DATA_HOME -u TROTH_STORE "$troth" \
  promises list
fails 2 "a call needs both --target and --method" promises create a --target bank
fails 2 "--params belongs to a --method" promises create a --params '()'
fails 2 "there is no method Bank.close" \
  promises create a --schema "$schema" --target bank --method Bank.close
fails 2 "there is no method Bank.open in the schemas" \
  promises create a --target bank --method Bank.open
fails 2 "this is no Approval: (aproved = true)" \
  promises fulfill a --schema "$schema" --type Approval --value '(aproved = true)'
fails 2 "this is no Approval: (approved = " \
  promises fulfill a --schema "$schema" --type Approval --value '(approved = '
fails 2 "there is no struct Refusal" \
  promises fulfill a --schema "$schema" --type Refusal --value '()'
fails 2 "--value needs --schema FILE and --type NAME" promises fulfill a --value '()'
fails 2 "--value and --text exclude each other" promises fulfill a --value '()' --text b
fails 2 'say what went wrong with --error "text"' promises reject a
fails 2 "a type is failed, overloaded" promises reject a --error b --type bad
fails 2 "say what is old with --older-than" promises prune
fails 2 "there is no such schema" promises list --schema "$work/none.capnp"
printf '@0xb5f3a1c2d4e59608;\nstruct Bad { a @0 :Nothing; }\n' >"$work/bad.capnp"
fails 2 "bad.capnp:2: " promises list --schema "$work/bad.capnp"
cat >"$work/good.capnp" <<'CAPNP'
@0xb5f3a1c2d4e59609;
using Shop = import "/shop.capnp";
struct Good { a @0 :Shop.Approval; }
CAPNP
fails 2 "good.capnp:2: " promises list --schema "$work/good.capnp"

# ---- 3: the store ----

fails 3 "there is no store in $work/promises.db yet: \`troth promises create\` makes one" \
  promises list
for command in "get a" "tree a" "fulfill a" "cancel a" "prune --older-than 1d"; do
  # shellcheck disable=SC2086
  fails 3 "there is no store in" promises $command
done
[[ ! -e $work/promises.db ]] || fail "a command that fails leaves a store"

# ---- 1: the store says no ----

promises create a >"$work/out"
says "a " promises list --schema "$work/good.capnp" --import-path "${schema%/*}"
fails 1 'there is no promise "b"' promises get b
fails 1 'there is no promise "b"' promises get b --wait
fails 1 'there is no promise "b"' promises get b --timeout 1s
fails 1 'there is no promise "b"' promises tree b
fails 1 "does not exist" promises create b --parent c
fails 1 "a name is empty" promises get ''
fails 1 "a name is too long" promises create "$(printf 'a%.0s' {1..600})"
fails 1 "a name has a control character in it" promises create $'a\nb'
fails 1 "this is not where a page starts" promises list --after nonsense
echo "this is a letter, and no database at all, however long one looks at it" >"$work/letter"
fails 1 "" promises list --store "sqlite:$work/letter"
errors=$(promises get b 2>&1 >/dev/null || true)
[[ $(wc -l <<<"$errors") -eq 1 ]] || fail "an error takes more than a line: $errors"

# The default store, and its folder.
(
  unset TROTH_STORE
  export XDG_DATA_HOME=$work/data
  fails 3 "there is no store in $work/data/troth/promises.db yet" promises list
  says "a is pending" promises create a
  [[ -f $work/data/troth/promises.db ]] || fail "the default store is not in XDG_DATA_HOME"
  says "b is pending" env -u XDG_DATA_HOME HOME="$work/home" "$troth" promises create b
  [[ -f $work/home/.local/share/troth/promises.db ]] || fail "the default store is not in HOME"
)

# A full standard output.
status=0
promises list >/dev/full 2>"$work/error" || status=$?
[[ $status -eq 1 && $(<"$work/error") == *"cannot write to standard output"* ]] ||
  fail "a full disk: $status, $(<"$work/error")"
