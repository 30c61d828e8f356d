#!/usr/bin/env bash
# check-snippets.sh ROOT FILE...: fails unless each code block that follows a line `<!-- from PATH -->` stands in the file PATH,
# line for line. Indentation may differ.
set -euo pipefail
cd "$1"
shift

unindent() { sed 's/^[[:space:]]*//'; }

failures=0 checked=0
check() {
  local document=$1 path=$2 block=$3
  checked=$((checked + 1))
  if [[ ! -f $path ]]; then
    echo "$document quotes $path, which does not exist"
    failures=$((failures + 1))
  elif [[ $(unindent <"$path") != *"$(unindent <<<"$block")"* ]]; then
    printf '%s quotes %s, where this does not stand:\n%s\n' "$document" "$path" "$block"
    failures=$((failures + 1))
  fi
}

for document in "$@"; do
  path='' block='' inside=no
  while IFS= read -r line; do
    if [[ $line =~ ^'<!-- from '(.*)' -->'$ ]]; then
      path=${BASH_REMATCH[1]}
    elif [[ $line == '```'* && -n $path ]]; then
      if [[ $inside == yes ]]; then
        check "$document" "$path" "$block"
        path='' block='' inside=no
      else
        inside=yes
      fi
    elif [[ $inside == yes ]]; then
      block+=${block:+$'\n'}$line
    fi
  done <"$document"
done

echo "$checked snippets, $failures of them wrong"
[[ $checked -gt 0 && $failures -eq 0 ]]
