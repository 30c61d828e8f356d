#!/usr/bin/env bash
# check-crash-tests.sh DOCUMENT SOURCE...: fails unless each test that a table of DOCUMENT names, as in
# `Suite.Name`, is a test of one of the sources, and each test of those is in a table.
set -euo pipefail
document=$1
shift

# shellcheck disable=SC2016  # The back quotes are those of the document.
named() { grep '^|' "$document" | grep -oE '`[A-Z][A-Za-z]+\.[A-Z][A-Za-z]+`' | tr -d '`' | sort -u; }
existing() {
  cat "$@" | tr '\n' ' ' | grep -oE 'TEST(_F|_P)?\( *[A-Za-z]+, *[A-Za-z]+\)' |
    sed -E 's/TEST(_F|_P)?\( *([A-Za-z]+), *([A-Za-z]+)\)/\2.\3/' | sort -u
}

missing=$(comm -23 <(named) <(existing "$@"))
untold=$(comm -13 <(named) <(existing "$@"))
[[ -z $missing ]] || printf '%s names tests that do not exist:\n%s\n' "$document" "$missing"
[[ -z $untold ]] || printf '%s does not name:\n%s\n' "$document" "$untold"
echo "$(named | wc -l) tests named"
[[ $(named | wc -l) -gt 0 && -z $missing && -z $untold ]]
