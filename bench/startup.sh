#!/usr/bin/env bash
# Measures what straykey costs where there is little to do: at its start and before a commit; and how fast it reads
# files on one core:
#
#   bench/startup.sh [-n RUNS] [-o DIRECTORY]
#
# It needs git, go and bin/straykey (make build) or $STRAYKEY. Every run is a new process, with what it reads in the
# page cache. Results go to bench/results: startup.tsv and, as a table, startup.md.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
script=startup.sh
synopsis='[-n RUNS] [-o DIRECTORY]'
count=50
results=$here/results
. "$here/common.sh"
options "$@"
runs=$count
[[ ${#arguments[@]} -eq 0 ]] || usage
prepare
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
(cd "$here/.." && go build -o "$work/bin/" ./bench/measure) || die "the helper does not build"
library=$(go env GOROOT)/src
[[ -d $library/net/http ]] || die "$library: the source of Go's library is not there"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=bench GIT_AUTHOR_EMAIL=bench@example.com GIT_AUTHOR_DATE='2026-01-31T12:00:00Z'
export GIT_COMMITTER_NAME=bench GIT_COMMITTER_EMAIL=bench@example.com GIT_COMMITTER_DATE='2026-01-31T12:00:00Z'

# repository DIRECTORY FILES makes a repository whose index has that many files, 20 to a directory, of ten different
# contents from Go's library. Ten of the files are staged with a line added.
repository() {
	local base=() staged=() name
	git init --quiet "$1"
	for name in client cookie fs h2_bundle header request response server transfer transport; do
		if [[ $name == h2_bundle && ! -e $library/net/http/h2_bundle.go ]]; then
			name=sniff # a version of Go without the bundle
		fi
		base+=("$(git -C "$1" hash-object -w --stdin <"$library/net/http/$name.go")")
		staged+=("$({ cat "$library/net/http/$name.go" && echo '// One more line.'; } | git -C "$1" hash-object -w --stdin)")
	done
	awk -v n="$2" -v ids="${base[*]}" 'BEGIN {
		split(ids, id, " ")
		for (i = 0; i < n; i++)
			printf "100644 %s\ttop%d/middle%d/dir%d/some_file_%d.go\n", id[i % 10 + 1], i / 10000, i / 500, i / 20, i
	}' | git -C "$1" update-index --index-info
	git -C "$1" commit --quiet -m 'Many files'
	git -C "$1" gc --quiet
	# The commit has left the ids of all trees in the index, as it does for a user; the change below drops some.
	awk -v n="$2" -v ids="${staged[*]}" 'BEGIN {
		split(ids, id, " ")
		for (k = 0; k < 10; k++) {
			i = int(k * n / 100) * 10 + k # the content that has the number k
			printf "100644 %s\ttop%d/middle%d/dir%d/some_file_%d.go\n", id[k + 1], i / 10000, i / 500, i / 20, i
		}
	}' | git -C "$1" update-index --index-info
	[[ $(git -C "$1" diff --cached --numstat | awk '$1 == 1 && $2 == 0' | wc -l) -eq 10 ]] || die "the staged files are not as meant"
}

echo 'startup.sh: making the repositories' >&2
repository "$work/small" 100
repository "$work/large" 100000
printf x >"$work/byte"
# A credential is put together here, so that no scanner finds one in this file. It opens nothing.
printf 'aws_access_key_id = %s%s\n' AKI AQ3EGRIUJY4LBFZ7S >"$work/credential"

machine() {
	local cpu
	if [[ -r /proc/cpuinfo ]]; then
		cpu=$(awk -F': *' '/^model name/ {print $2; exit}' /proc/cpuinfo)
	else
		cpu=$(sysctl -n machdep.cpu.brand_string)
	fi
	echo "${cpu:-unknown processor}, $(getconf _NPROCESSORS_ONLN) cores, $(uname -sm)"
}
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
version=$("$straykey" version | awk 'NR == 1 {print $2}')
if [[ -z ${STRAYKEY:-} ]]; then
	version+=" $(git -C "$here" describe --always --dirty 2>/dev/null || true)"
fi
machine=$(machine)
load=$(LC_ALL=C uptime | sed 's/.*averages*: *//; s/[, ].*//')

tsv=$work/startup.tsv
md=$work/startup.md
printf '%s\t' date machine load version case runs wall_s min_s max_s user_s sys_s rss_kib anon_kib exit findings >"$tsv"
printf 'places\n' >>"$tsv"
cat >"$md" <<END
# Start-up, staged changes and files

Written by \`bench/startup.sh\`; \`bench/README.md\` says how it measures.

- $machine, load $load before the start
- $started, straykey $version, medians

| what | runs | time | fastest | slowest | processor | peak memory | findings |
|---|--:|--:|--:|--:|--:|--:|--:|
END

# bench NAME RUNS EXIT FLAG... PROGRAM ARGUMENT... measures, adds a line to both files, and wants that exit code.
bench() {
	local name=$1 count=$2 want=$3 took wall min max user sys rss anon code findings places
	shift 3
	took=$("$work/bin/measure" -warmup 3 -runs "$count" -stderr "$work/errors" "$@")
	IFS=$'\t' read -r wall min max user sys rss anon code findings places <<<"$took"
	[[ $code == "$want" ]] || die "$name: exit code $code, want $want: $(tail -n 3 "$work/errors")"
	printf '%s\t' "$started" "$machine" "$load" "$version" "$name" "$count" "$wall" "$min" "$max" "$user" "$sys" \
		"$rss" "$anon" "$code" "$findings" >>"$tsv"
	printf '%s\n' "$places" >>"$tsv"
	awk -v name="$name" -v n="$count" -v wall="$wall" -v min="$min" -v max="$max" -v cpu="$user $sys" -v rss="$rss" -v found="$findings" '
		function ms(s) {return s < 1 ? sprintf("%.1f ms", s * 1000) : sprintf("%.2f s", s)}
		BEGIN {
			split(cpu, c, " ")
			printf "| %s | %d | %s | %s | %s | %s | %.0f MiB | %s |\n",
				name, n, ms(wall), ms(min), ms(max), ms(c[1] + c[2]), rss / 1024, found == "-" ? "–" : found
		}' >>"$md"
	printf 'startup.sh: %-44s %8.4f s\n' "$name" "$wall" >&2
}

report=$work/report
scan=("$straykey" scan --format json -o "$report")
bench 'an empty process' "$runs" 0 true
bench 'start to first byte: one byte on standard input' "$runs" 0 -stdin "$work/byte" -report "$report" "${scan[@]}" -
bench 'one credential on standard input' "$runs" 1 -stdin "$work/credential" -report "$report" "${scan[@]}" -
bench 'staged, 10 files, index of 100' "$runs" 0 -dir "$work/small" -report "$report" "${scan[@]}" --staged
bench 'the hook itself: hook run pre-commit, 10 files, index of 100' "$runs" 0 -dir "$work/small" "$straykey" hook run pre-commit
bench 'the hook itself, index of 100,000' "$runs" 0 -dir "$work/large" "$straykey" hook run pre-commit
bench 'staged, 10 files, index of 100,000' "$runs" 0 -dir "$work/large" -report "$report" "${scan[@]}" --staged
# An index without the ids of trees, as a rebase or a sparse checkout can leave it: all trees of HEAD are read.
git -C "$work/large" ls-files --stage >"$work/stage"
rm "$work/large/.git/index"
git -C "$work/large" update-index --index-info <"$work/stage"
bench 'the same without a cache tree' "$runs" 0 -dir "$work/large" -report "$report" "${scan[@]}" --staged

# Go's library has test keys, so there are findings.
some=$(((runs + 9) / 10))
GOMAXPROCS=1 bench "files: Go's standard library, one core" "$some" 1 -report "$report" "${scan[@]}" --files --jobs 1 "$library"
bytes=$(sed -n 's/.*"scanned_bytes": *\([0-9]*\).*/\1/p' "$report" | awk '{sum += $1} END {printf "%.0f", sum}')
[[ $bytes -gt 0 ]] || die "the report does not say how many bytes were scanned"
awk -F'\t' -v bytes="$bytes" -v go="$(go env GOVERSION)" 'END {
	printf "\nFiles: %.1f MB of %s at %.0f MB/s on one core (%.0f MB/s of processor time).\n",
		bytes / 1e6, go, bytes / $7 / 1e6, bytes / ($10 + $11) / 1e6
}' "$tsv" | tee -a "$md" >&2

cp "$tsv" "$md" "$results/"
echo "startup.sh: see $results/startup.md" >&2
