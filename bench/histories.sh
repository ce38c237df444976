#!/usr/bin/env bash
# Draws findings of whole histories at random, for a person to look at: are they credentials?
#
#   bench/histories.sh [-n COUNT] REPOSITORY...
#
# It needs bin/straykey (make build) or $STRAYKEY. Each repository is scanned with the default rules and confidence; COUNT (30) of its findings are
# printed as JSON lines, redacted, always the same ones of the same report. results/histories-looked-at.md says what was seen.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
script=histories.sh
synopsis='[-n COUNT] REPOSITORY...'
count=30
. "$here/common.sh"
options "$@"
set -- "${arguments[@]}"
[[ $# -gt 0 ]] || usage
find_straykey
trap 'rm -rf "$work"' EXIT

for repository in "$@"; do
	status=0
	"$straykey" scan --no-cache --quiet --format jsonl --output "$work/report" "$repository" || status=$?
	[[ $status -le 2 ]] || die "straykey failed on $repository with exit code $status"
	grep '"fingerprint"' "$work/report" >"$work/findings" || true
	echo "$repository: $(git -C "$repository" rev-parse --short=12 HEAD), $(wc -l <"$work/findings") findings"
	shuf -n "$count" --random-source=<(yes 1) "$work/findings"
done
