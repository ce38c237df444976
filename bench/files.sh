#!/usr/bin/env bash
# Times scans of directories as files on one core, beside gitleaks where it is on the PATH:
#
#   bench/files.sh [-n ROUNDS] [-o DIRECTORY] [NAME=]DIRECTORY...
#
# It needs go and bin/straykey (make build) or $STRAYKEY. Each round runs, on each directory, straykey, straykey without archives and
# gitleaks, one after the other; files are in the page cache. Results, medians over the rounds, go to bench/results/files.md.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
script=files.sh
synopsis='[-n ROUNDS] [-o DIRECTORY] [NAME=]DIRECTORY...'
count=5
results=$here/results
. "$here/common.sh"
options "$@"
[[ ${#arguments[@]} -gt 0 ]] || usage
prepare
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
(cd "$here/.." && go build -o "$work/bin/" ./bench/measure) || die "the helper does not build"
mkdir "$work/empty"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GOMAXPROCS=1
unset GITLEAKS_CONFIG GITLEAKS_CONFIG_TOML

tools=(straykey "straykey, no archives")
command -v gitleaks >/dev/null && tools+=(gitleaks)

# run TOOL DIRECTORY prints wall, user and system seconds.
run() {
	local command=("$straykey" scan --files --no-config --jobs 1 --format json -o "$work/report" "$2")
	case $1 in
	*archives) command+=(--max-archive-depth 0) ;;
	gitleaks) command=(gitleaks dir --no-banner -f json -r "$work/report" "$2") ;;
	esac
	rm -f "$work/report"
	"$work/bin/measure" -dir "$work/empty" -report "$work/report" "${command[@]}" | cut -f1,4,5
}

# median reads numbers and prints the one in the middle.
median() { sort -n | awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'; }

table=$work/files.md
{
	echo "# Scanning files on one core"
	echo
	echo "Written by \`bench/files.sh\`: $("$straykey" version | head -n 1), $(date -u +%Y-%m-%d), medians of $count rounds. MB are millions of"
	echo "bytes of the files; MB/s are of processor time."
	echo
	echo "| directory | MB | tool | time | processor | MB/s |"
	echo "|---|--:|---|--:|--:|--:|"
} >"$table"
for argument in "${arguments[@]}"; do
	name=$(basename "${argument%/}") directory=$argument
	if [[ ! -e $argument && $argument == *=* ]]; then
		name=${argument%%=*} directory=${argument#*=}
	fi
	[[ -d $directory ]] || die "$directory is no directory"
	directory=$(realpath "$directory")
	bytes=$(find "$directory" -type f -exec cat {} + | wc -c | tr -d ' ') # which also brings them to the page cache
	for ((round = 0; round < count; round++)); do
		for ((t = 0; t < ${#tools[@]}; t++)); do
			pick=$(((t + round) % ${#tools[@]})) # each round begins with another tool
			run "${tools[pick]}" "$directory" >>"$work/times.$pick"
		done
	done
	for ((t = 0; t < ${#tools[@]}; t++)); do
		wall=$(cut -f1 "$work/times.$t" | median) processor=$(awk '{print $2 + $3}' "$work/times.$t" | median)
		rm "$work/times.$t"
		awk -v name="$name" -v tool="${tools[t]}" -v bytes="$bytes" -v wall="$wall" -v cpu="$processor" \
			'BEGIN {printf "| %s | %.1f | %s | %.2f s | %.2f s | %.0f |\n", name, bytes / 1e6, tool, wall, cpu, bytes / 1e6 / cpu}' | tee -a "$table" >&2
	done
done
cp "$table" "$results/files.md"
echo "files.sh: see $results/files.md" >&2
