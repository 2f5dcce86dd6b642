#!/usr/bin/env bash
# Puts muster on the PATH of the job. There are no released binaries: it is built from the sources
# beside this action, once, and cached under a digest of them and of the system it was built on.
#
#   find    check the inputs; say where everything is            -> $GITHUB_OUTPUT
#   build   FOLDER: program, and the libraries it was linked with
#   use     FOLDER on the PATH of the steps that follow           -> $GITHUB_PATH
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
temp=${RUNNER_TEMP:?this is for GitHub Actions}

die() {
	printf '::error title=muster::%s\n' "$1"
	exit 2
}

# expect NAME VALUE PATTERN: what ends up in names of files and artifacts holds nothing else.
expect() {
	[[ $2 =~ ^($3)$ ]] || die "input \`$1\` of the action: expected $3"
}

system() {
	local os
	os=$(
		# shellcheck disable=SC1091
		[ ! -r /etc/os-release ] || . /etc/os-release
		printf '%s%s' "${ID:-$(uname -s)}" "${VERSION_ID:-}"
	)
	printf '%s-%s' "$os" "$(uname -m)"
}

# Of everything that the program is made from; a tag may move, and a download has no commit.
digest() {
	(
		cd "$root"
		find bootstrap meson.build meson_options.txt core cmd runners reporters -type f -print0 |
			LC_ALL=C sort -z | xargs -0 sha256sum
	) | sha256sum | cut -c1-20
}

find_program() {
	local base key=
	expect mode "$MODE" 'plan|run|merge'
	expect name "$NAME" '[A-Za-z0-9_-]+'
	expect history "$HISTORY" 'write|read|off'
	[ "$MODE" != run ] || expect shard "$SHARD" '[1-9][0-9]*/[1-9][0-9]*'
	if ! command -v muster >/dev/null; then
		[ "$(uname -s)" = Linux ] || die 'muster is built here on Linux only; elsewhere put one on the PATH'
		key=muster-program-$(system)-$(digest)
	fi
	base=$temp/muster-$NAME
	mkdir -p "$base"
	{
		echo "found=$([ -n "$key" ] || echo true)"
		echo "key=$key"
		echo "folder=$temp/muster-program"
		echo "platform=${ImageOS:-$RUNNER_OS}-$RUNNER_ARCH"
		echo "shard=${SHARD/\//-of-}"
		echo "plan-folder=$base/plan"
		echo "plan=$base/plan/plan.json"
		echo "runs=$base/runs"
		echo "out=$base/$MODE"
	} >>"$GITHUB_OUTPUT"
}

# The jobs that only load it have no development packages, so the libraries go with it; where they
# lie is in the program itself, no variable reaches the tests.
build_program() {
	mkdir -p "$FOLDER/lib"
	# shellcheck disable=SC2016
	LDFLAGS='-Wl,-rpath,$ORIGIN/lib' "$root/bootstrap" build
	cp "$root/build/muster" "$FOLDER/muster"
	ldd "$FOLDER/muster" | awk '$2 == "=>" && $1 !~ /^(libc|libm|libdl|librt|libpthread)\.so/ { print $3 }' |
		xargs -r cp -L -t "$FOLDER/lib"
}

use_program() {
	"$FOLDER/muster" version
	printf '%s\n' "$FOLDER" >>"$GITHUB_PATH"
}

case ${1:-} in
find) find_program ;;
build) build_program ;;
use) use_program ;;
*) die 'program.sh find|build|use' ;;
esac
