#!/usr/bin/env bash
# Times scanners of git histories against each other, and against what git and the pack itself allow:
#
#   bench/history.sh [-n ROUNDS] [-p ROUNDS] [-o DIRECTORY] [NAME=]REPOSITORY...
#
# With -p the other scanners and git cat-file, which take nearly all of the time, run in fewer rounds than the rest.
# It needs git, go and bin/straykey (make build) or $STRAYKEY, and takes along gitleaks, betterleaks and trufflehog
# where they are on the PATH. Results go to bench/results: history.tsv has every run, history.md the medians, history.svg
# the chart. bench/README.md says what is compared, and what is unfair in it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
script=history.sh
synopsis='[-n ROUNDS] [-p ROUNDS] [-o DIRECTORY] [NAME=]REPOSITORY...'
flags=n:p:o:
count=3
results=$here/results
. "$here/common.sh"
options "$@"
set -- "${arguments[@]}"
rounds=$count
slow_rounds=${few:-$rounds}
[[ $slow_rounds =~ ^[1-9][0-9]*$ ]] || usage
[[ $# -gt 0 ]] || usage

names=()
origins=()
for repository in "$@"; do
	name=''
	if [[ ! -e $repository && $repository == *=* ]]; then
		name=${repository%%=*}
		repository=${repository#*=}
	fi
	origin=$(git -C "$repository" rev-parse --absolute-git-dir 2>/dev/null) ||
		die "$repository is not a git repository on this machine: clone it first"
	origins+=("$origin")
	names+=("${name:-$(basename "${origin%/.git}" .git)}")
done
prepare

rows=$work/history.tsv
finish() {
	if [[ ! -f $work/done && -s $rows ]]; then
		cp "$rows" "$results/history.partial.tsv"
		echo "history.sh: stopped before the end; the runs so far are in $results/history.partial.tsv" >&2
	fi
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

(cd "$here/.." && go build -o "$work/bin/" ./bench/measure ./bench/inflate ./bench/chart) || die "the helpers do not build"

# The scanners that are there. betterleaks is measured as it comes and with as many git processes as there are cores.
cores=$(getconf _NPROCESSORS_ONLN)
tools=(straykey straykey-again)
for tool in gitleaks betterleaks trufflehog; do
	if ! command -v "$tool" >/dev/null; then
		echo "history.sh: $tool is not on the PATH and is left out" >&2
		continue
	fi
	tools+=("$tool")
	if [[ $tool == betterleaks ]]; then
		tools+=(betterleaks-workers)
	fi
done
tools+=(git-log git-cat-file inflate inflate-zlib)

# version TOOL prints a version without tabs.
version() {
	local v
	case $1 in
	git-*) git version | awk '{print $3}' ;;
	inflate*) go env GOVERSION ;;
	straykey*)
		v=$("$straykey" version | awk 'NR == 1 {print $2}')
		if [[ -z ${STRAYKEY:-} ]]; then
			v+=" $(git -C "$here" describe --always --dirty 2>/dev/null || true)"
		fi
		echo "$v"
		;;
	*) scanner_version "${1%-workers}" ;;
	esac
}

machine() {
	local cpu memory
	if [[ -r /proc/cpuinfo ]]; then
		cpu=$(awk -F': *' '/^model name/ {print $2; exit}' /proc/cpuinfo)
		memory=$(awk '/^MemTotal/ {printf "%.0f GB", $2 / 1e6}' /proc/meminfo)
	else
		cpu=$(sysctl -n machdep.cpu.brand_string)
		memory=$(sysctl -n hw.memsize | awk '{printf "%.0f GB", $1 / 1e9}')
	fi
	echo "${cpu:-unknown processor}, $cores cores, $memory, $(uname -sm)"
}

# run TOOL REPOSITORY prints what one run took: wall, user, sys, rss, anon, exit, findings, places.
run() {
	local report=$work/report errors=$work/errors command log
	rm -f "$report" "$errors"
	case $1 in
	straykey) command=("$straykey" scan --no-cache --format json -o "$report" "$2") ;;
	straykey-again)
		command=("$straykey" scan --cache-dir "${2%/*}/cache" --format json -o "$report" "$2")
		[[ -d ${2%/*}/cache ]] || "${command[@]}" 2>/dev/null || [[ $? -le 2 ]] || complain "$1" $? /dev/null
		;;
	gitleaks) command=(gitleaks git --no-banner -f json -r "$report" "$2") ;;
	betterleaks) command=(betterleaks git --no-banner -f json -r "$report" "$2") ;;
	betterleaks-workers) command=(betterleaks git --no-banner --git-workers "$cores" -f json -r "$report" "$2") ;;
	# It writes its report to standard output. Told to trust the clone it does not make one more.
	trufflehog) command=(trufflehog git --no-verification --no-update --json --bare --trust-local-git-config "file://$2") ;;
	git-log) command=(git -C "$2" log -p -U0 --full-history --all) ;;
	git-cat-file) command=(git -C "$2" cat-file --batch-all-objects --batch) ;;
	inflate*)
		"$work/bin/inflate" ${1#inflate} "$2" | awk -F'\t' -v OFS='\t' '{print $1, $2, $3, "-", "-", 0, "-", "-"}'
		return
		;;
	esac
	local flags=(-dir "$work/empty" -stderr "$errors")
	case $1 in
	git-*) ;;
	trufflehog) flags+=(-stdout "$report" -report "$report") ;;
	*) flags+=(-report "$report") ;;
	esac
	log=$("$work/bin/measure" "${flags[@]}" "${command[@]}") || exit
	case $(cut -f8 <<<"$log") in
	0) ;;
	1) [[ $1 != git-* ]] || complain "$1" 1 "$errors" ;;
	*) complain "$1" "$(cut -f8 <<<"$log")" "$errors" ;;
	esac
	cut -f1,4- <<<"$log"
}

complain() {
	echo "history.sh: $1 ended with code $2:" >&2
	tail -n 3 "$3" >&2
}

# facts REPOSITORY prints how much there is: commits, blobs, bytes in blobs, bytes in packs.
facts() {
	local packed
	packed=$(cat "$1"/objects/pack/*.pack | wc -c | tr -d ' ')
	git -C "$1" cat-file --batch-all-objects --unordered --batch-check='%(objecttype) %(objectsize)' |
		awk -v OFS='\t' -v packed="$packed" '
			$1 == "commit" {commits++}
			$1 == "blob" {blobs++; bytes += $2}
			END {printf "%d\t%d\t%.0f\t%s\n", commits, blobs, bytes, packed}'
}

clones=()
for i in "${!origins[@]}"; do
	clone=$work/$i/repository.git
	echo "history.sh: cloning ${origins[i]}" >&2
	git clone --quiet --bare "file://${origins[i]}" "$clone" || die "cannot clone ${origins[i]}"
	compgen -G "$clone/objects/pack/*.pack" >/dev/null || die "${origins[i]} is empty"
	clones+=("$clone")
done
# Only now are the user's settings shut out: they can say which repositories of others are safe to clone.
mkdir "$work/empty" # where the tools run: of them finds settings or ignore files there
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
unset GITLEAKS_CONFIG GITLEAKS_CONFIG_TOML BETTERLEAKS_CONFIG BETTERLEAKS_CONFIG_TOML

started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
machine=$(machine)
load=$(LC_ALL=C uptime | sed 's/.*averages*: *//; s/[, ].*//')
awk -v now="$load" 'BEGIN {exit now <= 0.5}' &&
	echo "history.sh: the load of this machine is $load; the figures will not be worth much" >&2
versions=()
for tool in "${tools[@]}"; do
	versions+=("$(version "$tool")")
done

fields=(date machine load repository commits blobs blob_bytes pack_bytes round tool version
	wall_s user_s sys_s rss_kib anon_kib exit findings places)
(IFS=$'\t' && echo "${fields[*]}") >"$rows"
for i in "${!clones[@]}"; do
	size=$(facts "${clones[i]}") # which also brings the pack to the page cache, for the first tool as for the last
	for ((round = 1; round <= rounds; round++)); do
		for ((t = 0; t < ${#tools[@]}; t++)); do
			pick=$(((t + round - 1) % ${#tools[@]})) # each round begins with another tool
			tool=${tools[pick]}
			case $tool in
			straykey* | git-log | inflate*) ;;
			*) ((round <= slow_rounds)) || continue ;;
			esac
			took=$(run "$tool" "${clones[i]}")
			printf '%s\t' "$started" "$machine" "$load" "${names[i]}" "$size" "$round" "$tool" "${versions[pick]}" >>"$rows"
			echo "$took" >>"$rows"
			printf '%-24s round %d  %-20s %8.2f s\n' "${names[i]}" "$round" "$tool" "$(cut -f1 <<<"$took")" >&2
		done
	done
done

cp "$rows" "$results/history.tsv"
touch "$work/done"
"$work/bin/chart" "$results/history.tsv" "$results/history.md" "$results/history.svg"
echo "history.sh: see $results/history.md and history.svg" >&2
