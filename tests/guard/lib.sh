# What the guards share; sourced, in the root of the tree.
#
# A guard is a function `check` that looks at the tree below $root and the build
# in $build, prints each violation and sets `bad`; and a function `plant` that
# puts violations into copies of its own.  guard_main first proves that check
# sees what was planted, then judges the real tree.
# shellcheck shell=bash disable=SC2030,SC2031 # bad is meant to be local there

set -euo pipefail
shopt -s nullglob
export LC_ALL=C
unset LANGUAGE
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

root=$PWD
build=${BUILD:-build}
build=$(cd "$build" && pwd)
CC=${CC:-cc}
bad=0
scratch=$(mktemp -d /tmp/pb-guard-XXXXXX)
trap 'rm -rf "$scratch"' EXIT

violation() {
	echo "$*"
	bad=1
}

# planted NAME: what stands below $root and in $build must be seen as bad.
planted() {
	local output
	if output=$(bad=0; check; [ $bad != 0 ]); then
		return
	fi
	echo "the guard does not see a planted violation: $1"
	[ -z "$output" ] || echo "$output"
	exit 1
}

# clean NAME: here it must find nothing.
clean() {
	local output
	if output=$(bad=0; check; [ $bad = 0 ]); then
		return
	fi
	echo "the guard sees a violation where there is none: $1"
	echo "$output"
	exit 1
}

guard_main() {
	local real_root=$root real_build=$build
	plant
	root=$real_root build=$real_build
	cd "$root"
	check
	exit $bad
}
