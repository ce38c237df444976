#!/usr/bin/env bash
# Runs gitleaks and the commands of straykey that stand in its place on the same histories under the same configurations, and
# counts which findings of each the other has too.
#
#   bench/conformance.sh [-d DEFAULT.toml] [-k DIRECTORY] [-o DIRECTORY] CONFIG:REPOSITORY...
#
# It needs bin/straykey (make build) or $STRAYKEY, gitleaks on the PATH, git and go. CONFIG is a .gitleaks.toml, or "own" for
# the one in HEAD of the repository, or "default" for gitleaks' own. DEFAULT.toml is the configuration that gitleaks has built
# in: config/gitleaks.toml of its module, which is found by itself where go has it; where a CONFIG says useDefault, straykey
# gets that instead of its own catalogue in the first table, so that both apply the same rules, and its own in the second.
# -k keeps the reports of gitleaks, which are what takes the time, and uses those that are there. -o is where
# conformance.md and conformance.rest go: the tables, and a line for each finding that straykey has not, without the secret.
#
# git log ends at the first object that is not there, and gitleaks with it, without a word. So both scan a clone of such a
# repository, in which git takes the empty file for each of these objects.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
default='' keep='' results=$here/results
usage() { sed -n '5p' "$0" >&2; exit 3; }
while getopts d:k:o: flag; do
	case $flag in
	d) default=$(realpath "$OPTARG") ;;
	k) keep=$OPTARG ;;
	o) results=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[[ $# -gt 0 ]] || usage
if [[ -z $default ]]; then
	module=$(cd "${TMPDIR:-/tmp}" && GOFLAGS=-mod=mod go mod download -json github.com/zricethezav/gitleaks/v8@v8.30.1 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
	default=$module/config/gitleaks.toml
fi
[[ -s $default ]] || { echo "conformance.sh: no configuration at $default; name gitleaks' own with -d" >&2; exit 1; }
straykey=$(realpath "${STRAYKEY:-$here/../bin/straykey}")
gitleaks=$(command -v gitleaks) || { echo "conformance.sh: gitleaks is not on the PATH" >&2; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/straykey-conformance.XXXXXX")
trap 'rm -rf "$work"' EXIT
keep=${keep:-$work/gitleaks}
mkdir -p "$keep" "$results"
(cd "$here/.." && go build -o "$work/compare" ./bench/conformance)

# scan TOOL REPORT CONFIG REPOSITORY scans a history. Exit code 1 is findings; an error leaves no report.
scan() {
	local tool=$1 report=$2 config=$3 repository=$4 code=0 flags=(-f json -r "$2" -l error)
	[[ $tool == "$gitleaks" ]] && flags+=(--no-banner) || flags+=(--redact=0)
	(cd "$repository" && "$tool" git -c "$config" "${flags[@]}" .) >"$work/log" 2>&1 || code=$?
	[[ $code -le 1 && -s $report ]] || { echo "conformance.sh: $tool on $repository with $config: exit code $code" >&2; sed 's/^/  /' "$work/log" >&2; return 1; }
}

# whole REPOSITORY prints where a repository without absent objects is: itself, or a clone.
whole() {
	local repository=$1 copy absent empty id
	absent=$(git -C "$repository" rev-list --objects --all --missing=print | sed -n 's/^?//p')
	if [[ -z $absent ]]; then
		echo "$repository"
		return
	fi
	copy=$work/whole/$(tr / - <<<"$repository")
	if [[ ! -d $copy ]]; then
		git clone -q --mirror --shared "$repository" "$copy"
		empty=$(git -C "$copy" hash-object -w --stdin </dev/null)
		for id in $absent; do git -C "$copy" update-ref "refs/replace/$id" "$empty"; done
		git -C "$repository" show HEAD:.gitleaks.toml >"$copy.toml" 2>/dev/null || true
	fi
	echo "$copy"
}

same=$work/same.md own=$work/own.md commits=$work/commits
rm -f "$results/conformance.rest"
for pair; do
	config=${pair%%:*} repository=$(realpath "${pair#*:}")
	name=$(basename "${repository%/repo}" .git)
	echo "$name $(git -C "$repository" rev-parse HEAD) $(git -C "$repository" rev-list --count --all)" >>"$commits"
	title=$name
	case $config in
	own) git -C "$repository" show HEAD:.gitleaks.toml >"$work/config.toml"; title="$name, its own" ;;
	default) cp "$default" "$work/config.toml"; title="$name, gitleaks' default" ;;
	*) cp "$config" "$work/config.toml"; title="$name, $(basename "$config" .toml)" ;;
	esac
	chmod u+w "$work/config.toml"
	cp "$default" "$work/default.toml" 2>/dev/null || true
	sed -E 's/^([[:space:]]*)[uU]se[dD]efault[[:space:]]*=[[:space:]]*true.*/\1path = "default.toml"/' "$work/config.toml" >"$work/rules.toml"
	repository=$(whole "$repository")
	theirs=$keep/$(tr -c 'A-Za-z0-9\n' - <<<"$title").json
	[[ -s $theirs ]] || scan "$gitleaks" "$theirs" "$work/config.toml" "$repository" || continue
	scan "$straykey" "$work/a.json" "$work/rules.toml" "$repository" || continue
	"$work/compare" -name "$title" -rest "$results/conformance.rest" "$theirs" "$work/a.json" | tee -a "$same"
	if ! cmp -s "$work/rules.toml" "$work/config.toml" || [[ $config == default ]]; then
		[[ $config == default ]] && echo $'[extend]\nuseDefault = true' >"$work/config.toml"
		scan "$straykey" "$work/b.json" "$work/config.toml" "$repository" || continue
		"$work/compare" -name "$title" "$theirs" "$work/b.json" >>"$own"
	fi
done
{
	echo "# Conformance with gitleaks 8.30.1"
	echo
	echo "Written by bench/conformance.sh. *Matched*: the same file, rule and line. The classes are told in docs/migrating.md."
	echo
	echo "## The same rules: useDefault means gitleaks' default configuration"
	echo
	"$work/compare" -header
	cat "$same"
	echo
	echo "## As it comes: useDefault means straykey's catalogue"
	echo
	"$work/compare" -header
	cat "$own" 2>/dev/null || true
	echo
	echo "## What was scanned"
	echo
	echo "| repository | HEAD | commits of all refs |"
	echo "|---|---|--:|"
	sort -u "$commits" | sed -E 's/^(.*) (.*) (.*)$/| \1 | \2 | \3 |/'
	if [[ -s $results/conformance.rest ]]; then
		echo
		echo "## What straykey has not (the same rules)"
		echo
		echo "| findings | repository, configuration | rule | file |"
		echo "|--:|---|---|---|"
		awk -F'\t' '{ sub(/:[0-9]+$/, "", $4); n[$1 " | " $2 " | " $4]++ } END { for (k in n) print "| " n[k] " | " k " |" }' "$results/conformance.rest" | sort -t'|' -k3,3 -k2,2nr -k4
	fi
} >"$results/conformance.md"
