#!/usr/bin/env bash
# Times scans of directories as files on one core, beside other scanners:
#
#   bench/files.sh [-n ROUNDS] [-p ROUNDS] [-o DIRECTORY] [NAME=]DIRECTORY...
#
# It needs go and bin/straykey (make build) or $STRAYKEY, and takes along gitleaks, betterleaks and trufflehog where they are on the PATH. Each
# round runs one after the other on each directory, and with -p the other scanners, which take nearly all of the time, in fewer rounds;
# files are in the page cache. Results, medians over the rounds, go to bench/results/files.md; bench/README.md says what is compared.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
script=files.sh
synopsis='[-n ROUNDS] [-p ROUNDS] [-o DIRECTORY] [NAME=]DIRECTORY...'
flags=n:p:o:
count=5
results=$here/results
. "$here/common.sh"
options "$@"
[[ ${#arguments[@]} -gt 0 ]] || usage
slow_rounds=${few:-$count}
[[ $slow_rounds =~ ^[1-9][0-9]*$ ]] || usage
prepare
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
(cd "$here/.." && go build -o "$work/bin/" ./bench/measure ./bench/readall) || die "the helper does not build"
mkdir "$work/empty"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GOMAXPROCS=1
unset GITLEAKS_CONFIG GITLEAKS_CONFIG_TOML BETTERLEAKS_CONFIG BETTERLEAKS_CONFIG_TOML

tools=(straykey "straykey, no archives" "reading alone")
versions=
for tool in gitleaks betterleaks trufflehog; do
	command -v "$tool" >/dev/null || continue
	tools+=("$tool")
	versions+=", $tool $(scanner_version "$tool")"
done

# run TOOL DIRECTORY prints wall, user and system seconds.
run() {
	local flags=(-dir "$work/empty" -report "$work/report") command=("$straykey" scan --files --no-config --jobs 1 --format json -o "$work/report" "$2")
	case $1 in
	*archives) command+=(--max-archive-depth 0) ;;
	reading*) flags=(-dir "$work/empty") command=("$work/bin/readall" "$2") ;;
	gitleaks | betterleaks) command=("$1" dir --no-banner -f json -r "$work/report" "$2") ;;
	trufflehog)
		command=(trufflehog filesystem --no-verification --no-update --json --concurrency 1 "$2")
		flags+=(-stdout "$work/report")
		;;
	esac
	rm -f "$work/report"
	"$work/bin/measure" "${flags[@]}" "${command[@]}" | cut -f1,4,5
}

# median reads numbers and prints the one in the middle.
median() { sort -n | awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'; }

load=$(LC_ALL=C uptime | sed 's/.*averages*: *//; s/[, ].*//')
table=$work/files.md
{
	echo "# Scanning files on one core"
	echo
	echo "Written by \`bench/files.sh\`: $("$straykey" version | head -n 1)$versions; $(date -u +%Y-%m-%d), load $load, medians of"
	echo "$count rounds, of the other scanners $slow_rounds. MB are millions of bytes of the files; MB/s are of processor time, start-up included. *Reading alone*"
	echo "lists the directories and reads the files, and does nothing with them."
	echo
	echo "| directory | files | MB | tool | time | processor | MB/s |"
	echo "|---|--:|--:|---|--:|--:|--:|"
} >"$table"
for argument in "${arguments[@]}"; do
	name=$(basename "${argument%/}") directory=$argument
	if [[ ! -e $argument && $argument == *=* ]]; then
		name=${argument%%=*} directory=${argument#*=}
	fi
	[[ -d $directory ]] || die "$directory is no directory"
	directory=$(realpath "$directory")
	files=$(find "$directory" -type f | wc -l | tr -d ' ')
	bytes=$(find "$directory" -type f -exec cat {} + | wc -c | tr -d ' ') # which also brings them to the page cache
	for ((round = 0; round < count; round++)); do
		for ((t = 0; t < ${#tools[@]}; t++)); do
			pick=$(((t + round) % ${#tools[@]})) # each round begins with another tool
			case ${tools[pick]} in
			straykey* | reading*) ;;
			*) ((round < slow_rounds)) || continue ;;
			esac
			run "${tools[pick]}" "$directory" >>"$work/times.$pick"
		done
	done
	for ((t = 0; t < ${#tools[@]}; t++)); do
		wall=$(cut -f1 "$work/times.$t" | median) processor=$(awk '{print $2 + $3}' "$work/times.$t" | median)
		rm "$work/times.$t"
		awk -v name="$name" -v tool="${tools[t]}" -v files="$files" -v bytes="$bytes" -v wall="$wall" -v cpu="$processor" \
			'BEGIN {printf "| %s | %d | %.1f | %s | %.2f s | %.3f s | %.0f |\n", name, files, bytes / 1e6, tool, wall, cpu, bytes / 1e6 / cpu}' | tee -a "$table" >&2
	done
done
cp "$table" "$results/files.md"
echo "files.sh: see $results/files.md" >&2
