#!/usr/bin/env bash
# pg-cluster.sh CACHE [SETTING=VALUE…]: a private PostgreSQL, for as long as standard input is open.
#
# Prints the folder of its socket; its superuser is `troth`, its database `postgres`. Then carries
# out the commands that it reads, one a line, and answers each with `ok`:
#
#   start   and wait until it accepts connections
#   stop    in good order, as an administrator would; sessions are ended
#   kill    the server and all its processes, with SIGKILL
#
# When the input ends, which it does however its other end dies, or when this script is ended, the
# server is killed and its folder removed. CACHE keeps a fresh data folder, which takes seconds to
# make. As root the server runs as `nobody`, because it refuses to run as root.
set -euo pipefail

cache=$1
shift
settings=()
for setting in "$@"; do settings+=(-c "$setting"); done

# Tries of a twentieth of a second each.
WAIT_TRIES_MAX=1200

owner=()
if [[ $EUID -eq 0 ]]; then owner=(setpriv --reuid=nobody "--regid=$(id -g nobody)" --clear-groups); fi

# The newest that Debian has installed, or the one that pg_config tells of.
find_binaries() {
  local initdb
  initdb=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort --version-sort | tail -n 1) || true
  if [[ -n $initdb ]]; then dirname "$initdb"; else pg_config --bindir; fi
}

bin=$(find_binaries)
# Under /tmp, whatever TMPDIR says: the name of a socket must be short.
folder=$(mktemp --directory /tmp/troth-pg.XXXXXX)
server=''
trap 'end' EXIT
trap 'exit 1' HUP INT TERM

end() {
  trap - EXIT
  kill_server
  rm -rf "$folder"
}

fail() {
  printf 'pg-cluster.sh: %s\n' "$*" >&2
  [[ ! -f $folder/log ]] || tail -n 20 "$folder/log" >&2
  exit 1
}

make_data() {
  local template
  template=$cache/$("$bin/postgres" --version | tr -c 'a-zA-Z0-9.\n' '-')-$EUID
  mkdir -p "$cache"
  exec 8>"$cache/lock"
  flock 8
  if [[ ! -d $template ]]; then
    if [[ $EUID -eq 0 ]]; then chown nobody: "$folder"; fi
    (cd "$folder" && "${owner[@]}" "$bin/initdb" --pgdata="$folder/template" --username=troth \
      --auth=trust --no-sync --encoding=UTF8 --locale=C.UTF-8) >"$folder/log" 2>&1 || fail "initdb"
    cp -a "$folder/template" "$template.new"
    mv "$template.new" "$template"
    rm -rf "$folder/template"
  fi
  exec 8>&-
  cp -a "$template" "$folder/data"
  if [[ $EUID -eq 0 ]]; then chown nobody: "$folder"; fi
}

# The server dies with this script, even if this one is killed.
start_server() {
  local try
  cd "$folder"
  "${owner[@]}" setpriv --pdeathsig QUIT "$bin/postgres" -D "$folder/data" \
    -c unix_socket_directories="$folder" -c listen_addresses= "${settings[@]}" \
    >>"$folder/log" 2>&1 </dev/null &
  server=$!
  for ((try = 0; try < WAIT_TRIES_MAX; ++try)); do
    if "$bin/pg_isready" --quiet --host="$folder" --dbname=postgres; then return; fi
    kill -0 "$server" 2>/dev/null || fail "the server did not start"
    sleep 0.05
  done
  fail "the server does not accept connections"
}

stop_server() {
  [[ -n $server ]] || return 0
  kill -INT "$server"
  wait "$server" || true
  server=''
}

kill_server() {
  local process processes=()
  [[ -n $server ]] || return 0
  # A server that has ended by itself has none.
  { read -r -a processes <"/proc/$server/task/$server/children"; } 2>/dev/null || true
  kill -KILL "$server" "${processes[@]}" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  # The next server refuses to start while one of them holds the shared memory.
  for process in "${processes[@]}"; do
    while kill -0 "$process" 2>/dev/null; do sleep 0.01; done
  done
  server=''
}

make_data
echo "$folder"
while read -r command; do
  case $command in
    start | stop | kill) "${command}_server" && echo ok ;;
    *) fail "unknown command: $command" ;;
  esac
done
