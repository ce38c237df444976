#!/usr/bin/env bash
# Measures how much straykey finds of labelled secrets, and what it takes for one, beside other scanners:
#
#   bench/accuracy.sh [-o DIRECTORY] ARCHIVE SCORER CLEAN
#
# CLEAN is the directory of bench/clean.sh. ARCHIVE holds tree/ (the files) and meta/ (their labels, one CSV a repository); SCORER is the Python program that
# compares findings with labels. It needs go, python3 and bin/straykey (make build) or $STRAYKEY. gitleaks, betterleaks
# and detect-secrets are measured if they are on the PATH. Results go to bench/results: accuracy.tsv, and as a table
# and a chart accuracy.md and accuracy.svg.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
script=accuracy.sh
synopsis='[-o DIRECTORY] ARCHIVE SCORER CLEAN'
count=1
results=$here/results
. "$here/common.sh"
options "$@"
[[ ${#arguments[@]} -eq 3 ]] || usage
archive=$(realpath "${arguments[0]}")
scorer=$(realpath "${arguments[1]}")
clean=$(realpath "${arguments[2]}")
prepare
trap 'rm -rf "$work"' EXIT
(cd "$here/.." && go build -o "$work/bin/" ./bench/accuracy ./internal/train) || die "the helpers do not build"
tar xf "$archive" -C "$work"
rows=$work/accuracy.tsv

# score NAME FINDINGS TREE scores one file of findings: once with all labels, once without identifiers.
score() {
	local skip
	for skip in "" identifiers; do
		python3 -B "$scorer" --meta "$work/meta" --tree "$3" --findings "$2" --skip-categories "$skip" --json "$work/score.json" >"$work/score.txt"
		"$work/bin/accuracy" row "$1" "${skip:-nothing}" "$work/score.json" >>"$rows"
	done
	echo "$1: $(grep '^TOTAL' "$work/score.txt")" >&2
}

# straykey NAME TREE OPTION... scans and scores.
scan() {
	local name=$1 tree=$2
	shift 2
	"$straykey" scan --files --no-gitignore --allow-incomplete --exit-code 0 --show-secrets --quiet --format gitleaks -o "$work/found.json" "$@" "$tree"
	score "$name" "$work/found.json" "$tree"
}

echo "$script: cross-validating; this takes minutes" >&2
"$work/bin/train" -tree "$work/tree" -meta "$work/meta" -clean "$clean" -findings "$work/oof" -replace "$work/words" >"$results/training.txt"
for level in all default high; do
	score "straykey, $level, cross-validated" "$work/oof-$level.json" "$work/tree"
done
for level in all default high; do
	score "straykey, $level, cross-validated, other words" "$work/oof-words-$level.json" "$work/words"
done
scan "straykey, all, trained" "$work/tree" --confidence low --class all
scan "straykey, default, trained" "$work/tree"
scan "straykey, high, trained" "$work/tree" --confidence high
scan "straykey, all, trained, other words" "$work/words" --confidence low --class all
for tool in gitleaks betterleaks; do
	command -v "$tool" >/dev/null || continue
	(cd "$work" && "$tool" dir tree --no-banner --exit-code 0 -f json -r found.json >/dev/null 2>&1) || true
	score "$tool $(scanner_version "$tool")" "$work/found.json" "$work/tree"
done
if command -v detect-secrets >/dev/null; then
	(cd "$work/tree" && detect-secrets scan --all-files . >"$work/found.json")
	score "detect-secrets $(detect-secrets --version)" "$work/found.json" "$work/tree"
fi
cp "$rows" "$results/accuracy.tsv"
"$work/bin/accuracy" report "$results/accuracy.tsv" "$results/accuracy.md" "$results/accuracy.svg"
echo "$script: see $results/accuracy.md and accuracy.svg" >&2
