#!/usr/bin/env bash
# Scans repositories with both engines and compares the reports byte for byte, but for the lines that
# say which engine ran, when and for how long. Also compares the numbers of objects with git's own.
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

# report ENGINE REPO: the JSON report without what differs from run to run.
report() {
	"$straykey" scan --no-cache --engine "$1" --format json -o "$tmp/$1.json" --allow-incomplete --exit-code 0 -q "$2"
	grep -vE '^    "(engine|started|seconds)":' "$tmp/$1.json"
}

# found KIND: how many objects of a kind the report accounts for.
found() {
	grep -A1 "\"kind\": \"$1\"" "$tmp/delta.json" | sed -n 's/.*"found": \([0-9]*\).*/\1/p'
}

failed=0
for repo; do
	report delta "$repo" >"$tmp/a"
	report full "$repo" >"$tmp/b"
	verdict=agree
	cmp -s "$tmp/a" "$tmp/b" || { verdict=DIFFER; diff "$tmp/a" "$tmp/b" | head -20 || true; }
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
