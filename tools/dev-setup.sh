# shellcheck shell=bash
# The set-up part of `dev`, which sources this file: Debian packages, and Cap'n Proto as C++20.

CAPNP_VERSION=1.1.0
CAPNP_SHA256=07167580e563f5e821e3b2af1c238c16ec7181612650c5901330fa9a0da50939

PACKAGES=(ca-certificates clang cmake git libgtest-dev libsqlite3-dev libssl-dev libuv1-dev
  ninja-build pkg-config zlib1g-dev)

# Where what outlives the tree is kept. A user without a home, as in a container, gets a folder
# under /var/tmp.
cache_folder() {
  local home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
  if [[ -n ${XDG_CACHE_HOME:-} ]]; then
    echo "$XDG_CACHE_HOME/troth"
  elif [[ -n $home && -d $home ]]; then
    echo "${home%/}/.cache/troth"
  else
    echo "/var/tmp/troth-$(id -u)"
  fi
}

CACHE=$(cache_folder)
CAPNP_TARBALL=$CACHE/capnproto-$CAPNP_VERSION.tar.gz
CAPNP_TEST_SCHEMAS=$CACHE/capnproto-$CAPNP_VERSION-schemas/capnp

# set_up [thread]: provides all that a build needs, and exports where Cap'n Proto is.
#
# With `thread`, Cap'n Proto is one built with ThreadSanitizer, which must see KJ's locks to know
# what they order.
set_up() {
  require "${PACKAGES[@]}"
  require_clang_runtime
  mkdir -p "$CACHE" || die "cannot make $CACHE; set XDG_CACHE_HOME to a folder you can write to"
  provide_test_schemas
  check_named_capnp
  TROTH_CAPNP_PREFIX=$(suitable_capnp "${1:-}") || provide_capnp "${1:-}"
  export TROTH_CAPNP_PREFIX TROTH_CAPNP_TEST_SCHEMAS=$CAPNP_TEST_SCHEMAS
}

# ---- Debian packages ----

# require PACKAGE…: installs those that are missing. Where there are no Debian packages it does
# nothing, and CMake names what it does not find.
require() {
  local missing
  command -v dpkg-query >/dev/null || return 0
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -eq 0 ]] || apt_install "${missing[@]}"
}

missing_packages() {
  local package status
  for package in "$@"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || true
    [[ $status == installed ]] || echo "$package"
  done
}

apt_install() {
  can_be_root || die "these packages are missing, and it takes root or sudo to install them: $*"
  step "installing $*"
  update_apt_once
  as_root apt-get install --quiet --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

update_apt_once() {
  [[ -n ${APT_UPDATED:-} ]] || as_root apt-get update --quiet
  APT_UPDATED=yes
}

can_be_root() { [[ $EUID -eq 0 ]] || command -v sudo >/dev/null; }

as_root() {
  local sudo=()
  [[ $EUID -eq 0 ]] || sudo=(sudo)
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive "$@"
}

clang_major() { clang++ -dumpversion | cut -d. -f1; }

# The sanitizers' libraries, and what names the functions in their reports, come in packages that
# clang only recommends.
require_clang_runtime() {
  local major
  major=$(clang_major)
  require "libclang-rt-$major-dev" "llvm-$major"
}

# A root that debootstrap made has no /etc/hosts, and so no name at all that stands for an address;
# the tests use the one that every machine has.
require_localhost() {
  if getent ahosts localhost >/dev/null || ! can_be_root; then return; fi
  step "adding localhost to /etc/hosts"
  printf '127.0.0.1 localhost\n::1 localhost\n' | as_root tee -a /etc/hosts >/dev/null
}

# ---- Cap'n Proto ----

check_named_capnp() {
  [[ -z ${TROTH_CAPNP_PREFIX:-} ]] || links_coroutines "$TROTH_CAPNP_PREFIX" ||
    die "no Cap'n Proto of 1.1 or later, built as C++20, in TROTH_CAPNP_PREFIX=$TROTH_CAPNP_PREFIX"
}

# suitable_capnp [thread]: prints the prefix of a Cap'n Proto that is already there: the one the
# user names, one installed, or the one in the cache. Only the cache holds one with a sanitizer.
suitable_capnp() {
  local prefix installed=()
  [[ -n ${1:-} ]] || installed=(${TROTH_CAPNP_PREFIX:+"$TROTH_CAPNP_PREFIX"} /usr/local /usr)
  for prefix in "${installed[@]}"; do
    if links_coroutines "$prefix"; then echo "$prefix" && return; fi
  done
  prefix=$(capnp_prefix_in_cache "${1:-}")
  [[ -d $prefix ]] && echo "$prefix"
}

# links_coroutines PREFIX: whether the Cap'n Proto there is recent enough, and KJ's coroutines link
# against it, as they do not where it was built as an older C++.
links_coroutines() {
  [[ -f $1/include/capnp/common.h && -x $1/bin/capnp ]] || return 1
  clang++ -std=c++20 -I"$1/include" -x c++ - -o /dev/null \
    -L"$1/lib" -lcapnp-rpc -lcapnp -lkj-async -lkj -pthread 2>/dev/null <<'PROGRAM'
#include <capnp/common.h>
#include <kj/async.h>
static_assert(CAPNP_VERSION >= 1001000);
kj::Promise<int> one() { co_return 1; }
kj::Promise<int> two() { co_return co_await one() + co_await one(); }
int main() { kj::EventLoop loop; kj::WaitScope scope(loop); return two().wait(scope) - 2; }
PROGRAM
}

# What `./dev path` prints.
capnp_prefix_now() { suitable_capnp || die "Cap'n Proto is not there yet; run ./dev setup first"; }

# capnp_flags [SANITIZER]: how CMake is told to build it, one argument a line.
capnp_flags() {
  local cxx_flags="-w"
  [[ -z ${1:-} ]] || cxx_flags+=" -fsanitize=$1 -g1"
  printf -- '-D%s\n' CMAKE_CXX_COMPILER=clang++ CMAKE_CXX_STANDARD=20 CMAKE_BUILD_TYPE=Release \
    CMAKE_POSITION_INDEPENDENT_CODE=ON "CMAKE_CXX_FLAGS=$cxx_flags" \
    BUILD_TESTING=OFF WITH_OPENSSL=ON WITH_ZLIB=ON
}

# The folder's name has all that the build depends on, so a new compiler gets a build of its own.
capnp_prefix_in_cache() {
  local key
  key=$(capnp_flags "${1:-}" | sha256sum | cut -c1-8)
  echo "$CACHE/capnproto-$CAPNP_VERSION-clang$(clang_major)${1:+-$1}-$(uname -m)-$key"
}

# provide_capnp [SANITIZER]: builds Cap'n Proto into the cache, and sets TROTH_CAPNP_PREFIX. It is
# built aside and moved into place at the end: what is in place is whole.
provide_capnp() {
  TROTH_CAPNP_PREFIX=$(capnp_prefix_in_cache "${1:-}")
  lock_cache
  if [[ ! -d $TROTH_CAPNP_PREFIX ]]; then
    provide_tarball
    step "building Cap'n Proto $CAPNP_VERSION as C++20${1:+, $1 sanitizer} (once, some minutes)"
    build_capnp "${1:-}" "$TROTH_CAPNP_PREFIX"
  fi
  unlock_cache
}

# build_capnp SANITIZER PREFIX
build_capnp() {
  local work flags
  work=$(workspace)
  mapfile -t flags < <(capnp_flags "$1")
  tar --extract --no-same-owner --file "$CAPNP_TARBALL" --directory "$work" --strip-components=1
  cmake -S "$work" -B "$work/build" -G Ninja -Wno-deprecated "-DCMAKE_INSTALL_PREFIX=$2" \
    "${flags[@]}" >"$work/log" || { cat "$work/log" >&2; die "Cap'n Proto cannot be configured"; }
  cmake --build "$work/build"
  DESTDIR=$work/stage cmake --install "$work/build" >/dev/null
  mv "$work/stage$2" "$2"
  rm -rf "$work"
}

# Cap'n Proto's own test schemas, on which the plugin is tested, with all that they import and
# embed. They find each other by way of the folder above them, which is to be the import path.
provide_test_schemas() {
  local work folder=${CAPNP_TEST_SCHEMAS%/capnp}
  [[ ! -d $folder ]] || return 0
  lock_cache
  if [[ ! -d $folder ]]; then
    provide_tarball
    work=$(workspace)
    tar --extract --no-same-owner --file "$CAPNP_TARBALL" --directory "$work" --strip-components=1 \
      --wildcards '*/src/capnp/*.capnp' '*/src/capnp/testdata'
    mv "$work/src" "$folder"
    rm -rf "$work"
  fi
  unlock_cache
}

# ---- Its release, fetched once ----

# Puts the release's source into the cache, from the file that the user names or from the machine's
# own Debian mirror.
provide_tarball() {
  local work
  [[ ! -f $CAPNP_TARBALL ]] || return 0
  work=$(workspace)
  if [[ -n ${TROTH_CAPNP_TARBALL:-} ]]; then
    cp "$TROTH_CAPNP_TARBALL" "$work/tarball" || die "cannot read TROTH_CAPNP_TARBALL"
  else
    fetch_tarball "$work/tarball"
  fi
  sha256sum --check --status <<<"$CAPNP_SHA256  $work/tarball" ||
    die "${TROTH_CAPNP_TARBALL:-what was fetched} is not the release of Cap'n Proto" \
      "$CAPNP_VERSION: its SHA-256 is not $CAPNP_SHA256"
  mv "$work/tarball" "$CAPNP_TARBALL"
  rm -rf "$work"
}

# fetch_tarball FILE: Debian's pool has the release as it was published, and apt's downloader knows
# the machine's proxies and credentials.
fetch_tarball() {
  local archive archives log=$1.log
  step "fetching Cap'n Proto $CAPNP_VERSION"
  mapfile -t archives < <(debian_archives)
  for archive in "${archives[@]}"; do
    if apt_download "${archive%/}/pool/main/c/capnproto/capnproto_$CAPNP_VERSION.orig.tar.gz" "$1" \
      >>"$log" 2>&1; then return; fi
  done
  [[ ! -f $log ]] || cat "$log" >&2
  die "cannot fetch Cap'n Proto $CAPNP_VERSION from ${archives[*]:-any apt source}." \
    "Get capnproto-c++-$CAPNP_VERSION.tar.gz (SHA-256 $CAPNP_SHA256) elsewhere," \
    "and run this again with TROTH_CAPNP_TARBALL=FILE."
}

# apt_download URL FILE: as the user who runs this, who alone may write to the cache.
apt_download() {
  /usr/lib/apt/apt-helper -o APT::Sandbox::User="$(id -un)" \
    download-file "$1" "$2" "SHA256:$CAPNP_SHA256"
}

# The archives that the machine's apt sources name, in either of their formats. apt lists them only
# once it has fetched their indexes.
debian_archives() {
  command -v apt-get >/dev/null || return 0
  if [[ -z $(known_archives) ]] && can_be_root; then update_apt_once >&2; fi
  known_archives
}

# No more archives than this are asked for the release.
ARCHIVES_MAX=8

known_archives() {
  # shellcheck disable=SC2016  # apt's variable
  apt-get indextargets --format '$(REPO_URI)' | awk '!seen[$0]++' | head -n "$ARCHIVES_MAX"
}

# ---- The cache's lock and workspaces ----

# One run at a time changes the cache. A workspace that is there when the lock is taken was left by
# a run that died.
lock_cache() {
  exec 9>"$CACHE/lock"
  flock --nonblock 9 || { step "waiting for another ./dev setup" && flock 9; }
  rm -rf "$CACHE"/work.*
}

unlock_cache() { exec 9>&-; }

# Makes a folder beside what it will become, so that moving it into place is one rename.
workspace() { mktemp --directory "$CACHE/work.XXXXXX"; }
