#!/usr/bin/env bash
# Counts what straykey and gitleaks report in directories that hold no secrets to speak of: clean real code.
#
#   bench/quiet.sh [-o FILE] [-s COUNT] [NAME=]DIRECTORY...
#
# It needs bin/straykey (make build) or $STRAYKEY, and takes along gitleaks where it is on the PATH. Both scan the files as
# they are, with their default rules. A finding of straykey is a credential with all its places, one of gitleaks a place. -o writes
# the table to FILE as well, -s also prints a random COUNT of straykey's places, for a person to look at.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
script=quiet.sh
synopsis='[-o FILE] [-s COUNT] [NAME=]DIRECTORY...'
flags=s:o:
count=''   # of places to print
results='' # a file
. "$here/common.sh"
options "$@"
set -- "${arguments[@]}"
[[ $# -gt 0 ]] || usage
find_straykey
trap 'rm -rf "$work"' EXIT
gitleaks=$(command -v gitleaks) || echo "quiet.sh: gitleaks is not on the PATH and is left out" >&2

# places FILE counts the places in a report of gitleaks.
places() { grep -c '"RuleID"' "$1" || true; }
# summary FILE KEY is a number in the summary of a report of straykey.
summary() { sed -n "/\"summary\"/,/}/s/^ *\"$2\": \([0-9]*\),*$/\1/p" "$1" | head -1; }
# megabytes DIRECTORY is the size of its files in MB.
megabytes() { find "$1" -type f -not -path '*/.git/*' -printf '%s\n' | awk '{ n += $1 } END { printf "%.1f", n / 1e6 }'; }
row() {
	awk -v name="$1" -v mb="$2" -v ours="$3" -v places="$4" -v unshown="$5" -v theirs="$6" 'BEGIN {
		printf "| %s | %.1f | %d | %.3f | %d | %d | ", name, mb, ours, ours / mb, places, unshown
		if (theirs == "") print "– | – | – | – |"
		else if (theirs == 0) print "0 | 0.000 | – | – |"
		else printf "%d | %.3f | %.2f | %.2f |\n", theirs, theirs / mb, ours / theirs, places / theirs
	}'
}

table=$work/table.md
{
	echo "| directory | MB | straykey: findings | per MB | places | not shown | gitleaks: findings | per MB | findings / gitleaks | places / gitleaks |"
	echo "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
} >"$table"
all_mb=0 all_ours=0 all_places=0 all_unshown=0 all_theirs=''
for directory in "$@"; do
	name=$(basename "$directory")
	if [[ ! -e $directory && $directory == *=* ]]; then
		name=${directory%%=*}
		directory=${directory#*=}
	fi
	[[ -d $directory ]] || die "$directory is not a directory"
	status=0
	"$straykey" scan --files --no-gitignore --quiet --format json --output "$work/report" "$directory" || status=$?
	[[ $status -le 2 ]] || die "straykey failed on $directory with exit code $status"
	mb=$(megabytes "$directory")
	ours=$(summary "$work/report" findings)
	at=$(summary "$work/report" occurrences)
	unshown=$(summary "$work/report" unshown)
	if [[ -n $count ]]; then
		"$straykey" scan --files --no-gitignore --quiet --format gitleaks --output "$work/$name.json" "$directory" 2>/dev/null || true
	fi
	theirs=''
	if [[ -n $gitleaks ]]; then
		"$gitleaks" dir "$directory" --no-banner --log-level error --exit-code 0 --report-format json --report-path "$work/gitleaks" ||
			die "gitleaks failed on $directory"
		theirs=$(places "$work/gitleaks")
		all_theirs=$((${all_theirs:-0} + theirs))
	fi
	row "$name" "$mb" "$ours" "$at" "$unshown" "$theirs" >>"$table"
	all_mb=$(awk -v a="$all_mb" -v b="$mb" 'BEGIN { print a + b }')
	all_ours=$((all_ours + ours)) all_places=$((all_places + at)) all_unshown=$((all_unshown + unshown))
done
row "all" "$all_mb" "$all_ours" "$all_places" "$all_unshown" "$all_theirs" >>"$table"
cat "$table"
if [[ -n $results ]]; then
	cp "$table" "$results"
fi
if [[ -n $count ]]; then
	echo
	# Rule, file and line stand on lines of their own in the reports, in this order for each place.
	cat "$work"/*.json | awk -F'"' '/^ +"RuleID":/ { rule = $4 } /^ +"StartLine":/ { split($3, a, /[ :,]+/); line = a[2] }
		/^ +"File":/ { file = $4 } /^ *}/ && rule { print rule, file ":" line; rule = "" }' | shuf -n "$count"
fi
