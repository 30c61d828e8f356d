# shellcheck shell=bash
# The set-up part of `dev`: Debian packages, and Cap'n Proto built as C++20. `dev` sources this file.

CAPNP_VERSION=1.1.0
CAPNP_SHA256=07167580e563f5e821e3b2af1c238c16ec7181612650c5901330fa9a0da50939

PACKAGES=(ca-certificates clang cmake git libgtest-dev libssl-dev libuv1-dev ninja-build pkg-config zlib1g-dev)

# Where things that outlive the tree are kept. A user without a home (in a container, say) gets a folder under /var/tmp.
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

# set_up [thread]: everything a build needs. Sets and exports TROTH_CAPNP_PREFIX and TROTH_CAPNP_TEST_SCHEMAS.
# With `thread`, Cap'n Proto is one built with ThreadSanitizer, which must see KJ's locks to know what they order.
set_up() {
  require "${PACKAGES[@]}"
  require_clang_runtime
  mkdir -p "$CACHE" || die "cannot make $CACHE; set XDG_CACHE_HOME to a folder that can be written"
  provide_test_schemas
  check_named_capnp
  TROTH_CAPNP_PREFIX=$(suitable_capnp "${1:-}") || provide_capnp "${1:-}"
  export TROTH_CAPNP_PREFIX TROTH_CAPNP_TEST_SCHEMAS=$CAPNP_TEST_SCHEMAS
}

# ---- Debian packages ----

# require PACKAGE…: installs those that are missing.
require() {
  local missing
  command -v dpkg-query >/dev/null || return 0  # Not Debian: CMake names what it does not find.
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0
  step "installing ${missing//$'\n'/ }"
  # shellcheck disable=SC2086  # one name per word
  apt_install $missing
}

missing_packages() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

apt_install() {
  can_be_root || die "these packages are missing, and without root or sudo they cannot be installed: $*"
  [[ -n ${APT_UPDATED:-} ]] || as_root apt-get update --quiet
  APT_UPDATED=yes
  as_root apt-get install --quiet --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

can_be_root() { [[ $EUID -eq 0 ]] || command -v sudo >/dev/null; }

as_root() {
  local prefix=()
  [[ $EUID -eq 0 ]] || prefix=(sudo)
  "${prefix[@]}" env DEBIAN_FRONTEND=noninteractive "$@"
}

clang_major() { clang++ -dumpversion | cut -d. -f1; }

# The sanitizers' libraries, and what names the functions in their reports, come in packages that clang only recommends.
require_clang_runtime() { require "libclang-rt-$(clang_major)-dev" "llvm-$(clang_major)"; }

# ---- Cap'n Proto ----

check_named_capnp() {
  [[ -z ${TROTH_CAPNP_PREFIX:-} ]] || links_coroutines "$TROTH_CAPNP_PREFIX" ||
    die "TROTH_CAPNP_PREFIX=$TROTH_CAPNP_PREFIX does not hold a Cap'n Proto of 1.1 or later built as C++20"
}

# Prints the prefix of a Cap'n Proto that is already there: the one the user names, one installed, or the one in the cache.
# Only the cache holds one built with a sanitizer.
suitable_capnp() {
  local prefix installed=()
  [[ -n ${1:-} ]] || installed=(${TROTH_CAPNP_PREFIX:+"$TROTH_CAPNP_PREFIX"} /usr/local /usr)
  for prefix in "${installed[@]}"; do
    if links_coroutines "$prefix"; then echo "$prefix" && return; fi
  done
  prefix=$(capnp_prefix_in_cache "${1:-}")
  [[ -d $prefix ]] && echo "$prefix"
}

# links_coroutines PREFIX: whether the Cap'n Proto there is recent enough and its KJ was built with coroutines.
links_coroutines() {
  [[ -f $1/include/capnp/common.h && -x $1/bin/capnp ]] || return 1
  clang++ -std=c++20 -isystem "$1/include" -x c++ - -o /dev/null \
    -L"$1/lib" -lcapnp-rpc -lcapnp -lkj-async -lkj -pthread 2>/dev/null <<'PROGRAM'
#include <capnp/common.h>
#include <kj/async.h>
static_assert(CAPNP_VERSION >= 1001000);
kj::Promise<int> one() { co_return 1; }
kj::Promise<int> two() { co_return co_await one() + co_await one(); }
int main() { kj::EventLoop loop; kj::WaitScope scope(loop); return two().wait(scope) - 2; }
PROGRAM
}

# What `./dev path` prints; an error where `./dev setup` has not run.
capnp_prefix_now() { suitable_capnp || die "Cap'n Proto is not there yet; run ./dev setup first"; }

capnp_flags() {
  local cxx_flags="-w"
  [[ -z ${1:-} ]] || cxx_flags+=" -fsanitize=$1 -g1"
  printf '%s\n' -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_CXX_STANDARD=20 -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_TESTING=OFF -DWITH_OPENSSL=ON -DWITH_ZLIB=ON "-DCMAKE_CXX_FLAGS=$cxx_flags"
}

capnp_prefix_in_cache() {
  local key
  key=$(capnp_flags "${1:-}" | sha256sum | cut -c1-8)
  echo "$CACHE/capnproto-$CAPNP_VERSION-clang$(clang_major)${1:+-$1}-$(uname -m)-$key"
}

# Builds Cap'n Proto into the cache and sets TROTH_CAPNP_PREFIX. What is there is whole: it is built aside and moved in at the end.
provide_capnp() {
  local final work flags
  final=$(capnp_prefix_in_cache "${1:-}")
  mapfile -t flags < <(capnp_flags "${1:-}")
  lock_cache
  if [[ ! -d $final ]]; then
    provide_tarball
    work=$(workspace)
    step "building Cap'n Proto $CAPNP_VERSION as C++20${1:+ with the $1 sanitizer} (once; minutes on two cores)"
    tar --extract --gzip --file "$CAPNP_TARBALL" --directory "$work" --strip-components=1
    cmake -S "$work" -B "$work/build" -DCMAKE_INSTALL_PREFIX="$final" "${flags[@]}" >"$work/configure.log" ||
      { cat "$work/configure.log" >&2; die "Cap'n Proto does not configure"; }
    cmake --build "$work/build"
    DESTDIR=$work/stage cmake --install "$work/build" --strip >/dev/null
    mv "$work/stage$final" "$final"
    rm -rf "$work"
  fi
  unlock_cache
  TROTH_CAPNP_PREFIX=$final
}

# Cap'n Proto's own test schemas, on which the plugin is tested, with all they import. Their parent folder is an import path.
provide_test_schemas() {
  local work folder=${CAPNP_TEST_SCHEMAS%/capnp}
  [[ ! -d $folder ]] || return 0
  lock_cache
  if [[ ! -d $folder ]]; then
    provide_tarball
    work=$(workspace)
    tar --extract --gzip --file "$CAPNP_TARBALL" --directory "$work" --strip-components=2 --wildcards '*/src/capnp/*.capnp'
    mv "$work" "$folder"
  fi
  unlock_cache
}

# ---- The release, fetched once ----

# Puts the release's source into the cache, from the file the user names or from the machine's own Debian mirror.
provide_tarball() {
  local work
  [[ ! -f $CAPNP_TARBALL ]] || return 0
  work=$(workspace)
  if [[ -n ${TROTH_CAPNP_TARBALL:-} ]]; then
    cp "$TROTH_CAPNP_TARBALL" "$work/tarball" || die "TROTH_CAPNP_TARBALL cannot be read"
  else
    fetch_tarball "$work/tarball"
  fi
  sha256sum --check --status <<<"$CAPNP_SHA256  $work/tarball" ||
    die "${TROTH_CAPNP_TARBALL:-the fetched file} is not Cap'n Proto $CAPNP_VERSION: its SHA-256 is not $CAPNP_SHA256"
  mv "$work/tarball" "$CAPNP_TARBALL"
  rm -rf "$work"
}

# fetch_tarball FILE: Debian's pool has the release as it was published; apt's downloader knows the machine's proxies.
fetch_tarball() {
  local mirror mirrors log=$1.log
  step "fetching Cap'n Proto $CAPNP_VERSION"
  mirrors=$(debian_mirrors)
  for mirror in $mirrors; do
    if /usr/lib/apt/apt-helper -o APT::Sandbox::User="$(id -un)" download-file \
      "${mirror%/}/pool/main/c/capnproto/capnproto_$CAPNP_VERSION.orig.tar.gz" "$1" "SHA256:$CAPNP_SHA256" >>"$log" 2>&1
    then return; fi
  done
  [[ ! -f $log ]] || cat "$log" >&2
  die "cannot fetch Cap'n Proto $CAPNP_VERSION from ${mirrors:-any apt source}.
  Get capnproto-c++-$CAPNP_VERSION.tar.gz (SHA-256 $CAPNP_SHA256)
  elsewhere, and run this again with TROTH_CAPNP_TARBALL=FILE."
}

# The archives in the machine's apt sources, in either format. apt names them only once it has fetched their indexes.
debian_mirrors() {
  command -v apt-get >/dev/null || return 0
  if [[ -z $(apt_archives) ]] && can_be_root; then as_root apt-get update --quiet >&2; fi
  apt_archives
}

# The most archives that are asked for the release.
MIRRORS_MAX=8

apt_archives() { apt-get indextargets --format '$(REPO_URI)' | awk '!seen[$0]++' | head -n "$MIRRORS_MAX"; }

# ---- The cache's lock and workspaces ----

# One run at a time changes the cache. With the lock held, a workspace that is already there was left by a run that died.
lock_cache() {
  exec 9>"$CACHE/lock"
  flock --nonblock 9 || { step "waiting for another ./dev setup"; flock 9; }
  rm -rf "$CACHE"/work.*
}

unlock_cache() { exec 9>&-; }

# Makes a folder beside what it will become, so that moving it into place is one rename.
workspace() { mktemp --directory "$CACHE/work.XXXXXX"; }
