#!/usr/bin/env bash
# Scans repositories with both engines and compares the reports byte for byte, but for the lines that
# say which engine ran, when and for how long. Also compares the numbers of objects with git's own. Then scans with a
# cache, twice each with the same, with other options and with other rules, and compares these with scans that remember nothing.
#
#   bench/agree.sh REPO...
#
# STRAYKEY is the program to use (bin/straykey). The full engine reads every object whole, one after the
# other: minutes for a large repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
straykey=${STRAYKEY:-bin/straykey}
[ $# -gt 0 ] || { echo "usage: bench/agree.sh REPO..." >&2; exit 3; }
[ -x "$straykey" ] || { echo "bench/agree.sh: no $straykey; run make build first" >&2; exit 3; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# report NAME ARGUMENT... REPO: the JSON report without what differs from run to run.
report() {
	local name=$1
	shift
	"$straykey" scan --format json -o "$tmp/$name.json" --allow-incomplete --exit-code 0 -q "$@"
	# What the cache was good for is the last of what is said of the run, after the time.
	sed -E '/^    "(engine|started)":/d; /^    "cache": \{/,/^    \}/d; /^    "seconds":/d' "$tmp/$name.json"
}

# found KIND: how many objects of a kind the report accounts for.
found() {
	grep -A1 "\"kind\": \"$1\"" "$tmp/delta.json" | sed -n 's/.*"found": \([0-9]*\).*/\1/p'
}

failed=0
for repo; do
	verdict=agree
	same() { # same WHAT FILE FILE
		cmp -s "$2" "$3" || { verdict=DIFFER; echo "$1:"; diff "$2" "$3" | head -20 || true; }
	}
	report delta --no-cache "$repo" >"$tmp/a"
	report full --no-cache --engine full "$repo" >"$tmp/b"
	same "engines" "$tmp/a" "$tmp/b"
	rm -rf "$tmp/cache"
	# The options that come last find a cache of the same rules with everything in it but what they change.
	for options in "" "--confidence low --class all" "--skip generic-password" "--no-unreachable --no-messages" "--max-blob-size 20KB" ""; do
		# shellcheck disable=SC2086 # words on purpose
		report fresh --no-cache $options "$repo" >"$tmp/a"
		for time in first second; do
			report cached --cache-dir "$tmp/cache" $options "$repo" >"$tmp/b"
			same "cache, $time scan ${options:+with $options}" "$tmp/a" "$tmp/b"
		done
		# Of thousands of objects that are too large not all are kept by name, and then the walk is done again.
		[[ $options == *20KB* ]] || grep -q '"places": true' "$tmp/cached.json" || { verdict=DIFFER; echo "cache, second scan $options: not remembered"; }
	done
	git -C "$repo" cat-file --batch-all-objects --batch-check='%(objecttype)' >"$tmp/types"
	for kind in blob commit tag; do
		want=$(grep -cx "$kind" "$tmp/types" || true)
		have=$(found "$kind")
		[ "${have:-0}" = "$want" ] || { verdict=DIFFER; echo "$kind: straykey ${have:-0}, git $want"; }
	done
	findings=$(grep -c '"fingerprint":' "$tmp/delta.json" || true)
	echo "$verdict: $repo: $findings findings, $(grep -cx commit "$tmp/types") commits, $(grep -cx blob "$tmp/types") blobs"
	[ "$verdict" = agree ] || failed=1
done
exit $failed
