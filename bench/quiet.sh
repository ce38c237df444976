#!/usr/bin/env bash
# Counts what straykey and gitleaks report in code that holds no secrets to speak of:
#
#   bench/quiet.sh [-c CACHE] [-m MIRRORS] [-o FILE] [-s COUNT [-r SEED]] [[NAME=]DIRECTORY...]
#
# Without directories it measures those of bench/quiet.tsv. What of them is not in CACHE (.cache/quiet) yet is fetched: repositories from
# their own addresses, or from MIRRORS/OWNER/NAME where that is a clone, bare or with a .git; Go by the go command, packages by npm and apt-get,
# or curl where apt-get has them not.
#
# It needs bin/straykey (make build) or $STRAYKEY, and takes along gitleaks where it is on the PATH. Both scan the files as
# they are, with their default rules. A finding of straykey is a credential with all its places, one of gitleaks a place. -o writes
# the table to FILE as well, between its two marker comments if it has them: what stands around them stays. -s also prints COUNT of
# straykey's places, drawn by SEED (1), for a person to look at.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
script=quiet.sh
synopsis='[-c CACHE] [-m MIRRORS] [-o FILE] [-s COUNT [-r SEED]] [[NAME=]DIRECTORY...]'
flags=c:m:o:s:r:
count=''   # of places to print
results='' # a file
cache=$here/../.cache/quiet
mirrors=''
seed=1
. "$here/common.sh"
. "$here/trees.sh"
options "$@"
[[ $seed =~ ^[1-9][0-9]{0,8}$ ]] || usage
find_straykey
trap 'rm -rf "$work"' EXIT
gitleaks=$(command -v gitleaks) || echo "quiet.sh: gitleaks is not on the PATH and is left out" >&2

# The trees: what they are called, which state of them it is, where they stand.
names=() pins=() directories=()
for directory in ${arguments[@]+"${arguments[@]}"}; do
	name=$(basename "$directory")
	if [[ ! -e $directory && $directory == *=* ]]; then
		name=${directory%%=*}
		directory=${directory#*=}
	fi
	[[ -d $directory ]] || die "$directory is not a directory"
	names+=("$name") pins+=('') directories+=("$directory")
done
if [[ ${#names[@]} -eq 0 ]]; then
	mkdir -p "$cache"
	cache=$(cd "$cache" && pwd)
	mirrors=${mirrors:+$(cd "$mirrors" && pwd)}
	while IFS=$'\t' read -r name kind source pin; do
		[[ $name != '#'* ]] || continue
		directory=$cache/$name@$pin
		[[ -d $directory ]] || fetch_tree "$name" "$kind" "$source" "$pin" "$directory" </dev/null
		[[ $kind != git ]] || pin=${pin:0:12}
		names+=("$name") pins+=("$pin") directories+=("$directory")
	done <"$here/quiet.tsv"
fi

# places FILE counts the places in a report of gitleaks.
places() { grep -c '"RuleID"' "$1" || true; }
# megabytes DIRECTORY is the size of its files in MB.
megabytes() { find "$1" -type f -not -path '*/.git/*' -exec cat {} + | wc -c | awk '{ printf "%.3f", $1 / 1e6 }'; }
# row NAME PIN MB FINDINGS PLACES UNSHOWN GITLEAKS
row() {
	awk -v name="$1" -v pin="$2" -v mb="$3" -v ours="$4" -v places="$5" -v unshown="$6" -v theirs="$7" 'BEGIN {
		printf "| %s | %s | %.1f | %d | %.3f | %d | %d | ", name, pin, mb, ours, ours / mb, places, unshown
		if (theirs == "") print "– | – | – | – |"
		else if (theirs == 0) print "0 | 0.000 | – | – |"
		else printf "%d | %.3f | %.2f | %.2f |\n", theirs, theirs / mb, ours / theirs, places / theirs
	}'
}
# draw COUNT SEED takes so many of the lines it reads, the same ones whichever awk it is.
draw() {
	awk -v x="$2" '{ x = x * 16807 % 2147483647; print x "\t" $0 }' | sort -n | head -n "$1" | cut -f 2- | sort
}

# What is asked of straykey: the numbers of its summary, then a line for each place.
cat >"$work/template" <<-'END'
	{{.Summary.Findings}} {{.Summary.Occurrences}} {{.Summary.Unshown}}
	{{- range .Findings}}{{$rule := .Rule.ID}}{{range .Occurrences}}
	{{$rule}} {{.Path}}:{{.Line}}
	{{- end}}{{end}}
END

table=$work/table.md
{
	echo "$(date -u '+%-d %B %Y'), straykey with its default rules and confidence${gitleaks:+, gitleaks $(scanner_version gitleaks)}:"
	echo
	echo "| tree | state | MB | straykey: findings | per MB | places | not shown | gitleaks: findings | per MB | findings / gitleaks | places / gitleaks |"
	echo "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
} >"$table"
all_mb=0 all_ours=0 all_places=0 all_unshown=0 all_theirs=''
for i in "${!names[@]}"; do
	name=${names[i]} directory=${directories[i]}
	status=0
	"$straykey" scan --files --no-gitignore --quiet --format template --template "$work/template" --output "$work/report" "$directory" || status=$?
	[[ $status -le 2 ]] || die "straykey failed on $directory with exit code $status"
	mb=$(megabytes "$directory")
	read -r ours occurrences unshown <"$work/report"
	sed "1d; s,^[^ ]* ,&$name: ," "$work/report" >>"$work/places"
	theirs=''
	if [[ -n $gitleaks ]]; then
		"$gitleaks" dir "$directory" --no-banner --log-level error --exit-code 0 --report-format json --report-path "$work/gitleaks" ||
			die "gitleaks failed on $directory"
		theirs=$(places "$work/gitleaks")
		all_theirs=$((${all_theirs:-0} + theirs))
	fi
	row "$name" "${pins[i]}" "$mb" "$ours" "$occurrences" "$unshown" "$theirs" >>"$table"
	all_mb=$(awk -v a="$all_mb" -v b="$mb" 'BEGIN { print a + b }')
	all_ours=$((all_ours + ours)) all_places=$((all_places + occurrences)) all_unshown=$((all_unshown + unshown))
done
row "all" "" "$all_mb" "$all_ours" "$all_places" "$all_unshown" "$all_theirs" >>"$table"
cat "$table"
if [[ -n $results ]]; then
	if grep -qs '^<!-- bench:quiet -->$' "$results"; then
		awk -v table="$table" '/^<!-- \/bench -->$/ { inside = 0 }
			!inside { print }
			/^<!-- bench:quiet -->$/ { inside = 1; while ((getline line <table) > 0) print line }' "$results" >"$work/results"
		cat "$work/results" >"$results"
	else
		{ echo '<!-- bench:quiet -->' && cat "$table" && echo '<!-- /bench -->'; } >"$results"
	fi
fi
if [[ -n $count ]]; then
	echo
	draw "$count" "$seed" <"$work/places"
fi
