# shellcheck shell=bash
# Other systems that make work durable, to be measured beside Troth: benchmarks source this file, from the tree's root.
#
# A peer is a folder here with a package-lock.json and a bench.mjs, which prints one line of JSON:
#   {"system":"dbos","callers":16,"steps":1,"perSecond":500.1,"p50us":31000,"p99us":60000,"count":5001}
# It is installed when a benchmark first needs it, outside the tree, and used from there until its lock file changes.

if ! declare -F step >/dev/null; then step() { printf '▸ %s\n' "$*" >&2; }; fi
if ! declare -F die >/dev/null; then die() { printf 'error: %s\n' "$*" >&2; exit 1; }; fi
# shellcheck source=tools/dev-setup.sh
declare -F require >/dev/null || source tools/dev-setup.sh

# peer_names: the peers that there are, one a line.
peer_names() {
  local lock
  for lock in benchmarks/peers/*/package-lock.json; do basename "$(dirname "$lock")"; done
}

# require_node: the Node.js that is there, or Debian's.
require_node() {
  if command -v node >/dev/null && command -v npm >/dev/null; then return; fi
  require nodejs npm
  command -v npm >/dev/null || die "Node.js and npm are missing"
}

# peer_install NAME: makes build/peers/NAME/bench.mjs ready to run.
peer_install() {
  local name=$1 ready=build/peers/$1 modules
  require_node
  modules=$(peer_modules "$name")
  [[ -d $modules ]] || peer_fetch "$name" "$modules"
  mkdir -p "$ready"
  cp benchmarks/peers/closed-loop.mjs build/peers/
  cp "benchmarks/peers/$name"/*.mjs "benchmarks/peers/$name/package.json" "$ready/"
  ln --symbolic --force --no-dereference "$modules" "$ready/node_modules"
}

# peer_modules NAME: where its packages are kept.
peer_modules() {
  echo "$CACHE/peers/$1-$(sha256sum "benchmarks/peers/$1/package-lock.json" | cut -c1-8)/node_modules"
}

# peer_fetch NAME MODULES: installs the packages aside, and moves them into place when they are whole. Their own scripts are not run.
peer_fetch() {
  local name=$1 folder=${2%/node_modules} work
  mkdir -p "$CACHE/peers"
  lock_cache
  if [[ ! -d $folder ]]; then
    step "installing $name (once)"
    work=$(workspace)
    cp "benchmarks/peers/$name/package.json" "benchmarks/peers/$name/package-lock.json" "$work/"
    (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund) >"$work/log" 2>&1 ||
      { cat "$work/log" >&2; die "$name cannot be installed"; }
    mv "$work" "$folder"
  fi
  unlock_cache
}

# peer_run NAME DATABASE CALLERS STEPS SECONDS: prints the line. DATABASE is what the peer's bench.mjs takes: a PostgreSQL URI for dbos,
# and for restate an empty folder, which has its store afterwards.
peer_run() {
  node "build/peers/$1/bench.mjs" --database "$2" --callers "$3" --steps "$4" --seconds "$5"
}

# peer_recover NAME DATABASE WORKFLOWS: prints the line that tells how long the peer takes to carry out so many workflows after a crash;
# only for dbos, and a database that it has not used yet.
peer_recover() {
  node "build/peers/$1/recover.mjs" --database "$2" --workflows "$3"
}
