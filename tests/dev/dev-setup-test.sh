#!/usr/bin/env bash
# dev-setup-test.sh ROOT: a wrong release of Cap'n Proto is refused, the right one is unpacked once,
# and a run that died leaves no trace.
set -euo pipefail

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
step() { :; }
die() { printf '%s\n' "$*" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache TROTH_CAPNP_TARBALL=$work/release.tar.gz
mkdir -p "$XDG_CACHE_HOME/troth"
# shellcheck source=tools/dev-setup.sh
source "$1/tools/dev-setup.sh"

mkdir -p "$work/release/src/capnp/testdata"
echo '@0x9eb32e19f86ee174;' >"$work/release/src/capnp/test.capnp"
tar --create --gzip --file "$TROTH_CAPNP_TARBALL" --directory "$work" release

error=$(provide_test_schemas 2>&1) && fail "a release with the wrong sum was accepted"
[[ $error == *"its SHA-256 is not"* ]] || fail "the error does not name the sum: $error"
[[ ! -e $CAPNP_TARBALL && ! -e $CAPNP_TEST_SCHEMAS ]] || fail "a refused release was kept"

CAPNP_SHA256=$(sha256sum "$TROTH_CAPNP_TARBALL" | cut -d' ' -f1)
provide_test_schemas
cmp "$work/release/src/capnp/test.capnp" "$CAPNP_TEST_SCHEMAS/test.capnp"
! compgen -G "$CACHE/work.*" >/dev/null || fail "the refused run's workspace is still there"

rm "$TROTH_CAPNP_TARBALL" "$CAPNP_TARBALL"
provide_test_schemas || fail "what is there was asked for again"
