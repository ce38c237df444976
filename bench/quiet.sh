#!/usr/bin/env bash
# Counts what straykey and gitleaks report in directories that hold no secrets to speak of: clean real code.
#
#   bench/quiet.sh [-o FILE] [-s COUNT] [NAME=]DIRECTORY...
#
# It needs bin/straykey (make build) or $STRAYKEY, and takes along gitleaks where it is on the PATH. Both scan the files as
# they are, with their default rules; a place counts once for each rule that reports it. -o writes the table to
# FILE as well, -s also prints a random COUNT of straykey's places, for a person to look at.
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

# places FILE counts the places in a report of gitleaks' form, which both write.
places() { grep -c '"RuleID"' "$1" || true; }
# megabytes DIRECTORY is the size of its files in MB.
megabytes() { find "$1" -type f -not -path '*/.git/*' -printf '%s\n' | awk '{ n += $1 } END { printf "%.1f", n / 1e6 }'; }
row() {
	awk -v name="$1" -v mb="$2" -v ours="$3" -v theirs="$4" 'BEGIN {
		printf "| %s | %.1f | %d | %.3f | ", name, mb, ours, ours / mb
		if (theirs == "") print "– | – | – |"
		else printf "%d | %.3f | %s |\n", theirs, theirs / mb, (theirs > 0 ? sprintf("%.2f", ours / theirs) : "–")
	}'
}

table=$work/table.md
{
	echo "| directory | MB | straykey | per MB | gitleaks | per MB | straykey / gitleaks |"
	echo "|---|--:|--:|--:|--:|--:|--:|"
} >"$table"
all_mb=0 all_ours=0 all_theirs=''
for directory in "$@"; do
	name=$(basename "$directory")
	if [[ ! -e $directory && $directory == *=* ]]; then
		name=${directory%%=*}
		directory=${directory#*=}
	fi
	[[ -d $directory ]] || die "$directory is not a directory"
	status=0
	"$straykey" scan --files --no-gitignore --quiet --format gitleaks --output "$work/$name.json" "$directory" || status=$?
	[[ $status -le 2 ]] || die "straykey failed on $directory with exit code $status"
	mb=$(megabytes "$directory")
	ours=$(places "$work/$name.json")
	theirs=''
	if [[ -n $gitleaks ]]; then
		"$gitleaks" dir "$directory" --no-banner --log-level error --exit-code 0 --report-format json --report-path "$work/gitleaks" ||
			die "gitleaks failed on $directory"
		theirs=$(places "$work/gitleaks")
		all_theirs=$((${all_theirs:-0} + theirs))
	fi
	row "$name" "$mb" "$ours" "$theirs" >>"$table"
	all_mb=$(awk -v a="$all_mb" -v b="$mb" 'BEGIN { print a + b }')
	all_ours=$((all_ours + ours))
done
row "all" "$all_mb" "$all_ours" "$all_theirs" >>"$table"
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
