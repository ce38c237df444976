#!/usr/bin/env bash
# Runs gitleaks and the commands of straykey that stand in its place on the same histories under the same configurations, and
# counts which findings of gitleaks straykey has too.
#
#   bench/conformance.sh -d DEFAULT.toml [-k DIRECTORY] [-o DIRECTORY] CONFIG:REPOSITORY...
#
# It needs bin/straykey (make build) or $STRAYKEY, gitleaks on the PATH, git and go. CONFIG is a .gitleaks.toml, or "own" for
# the one in HEAD of the repository, or "default" for gitleaks' own. DEFAULT.toml is the configuration that gitleaks has built
# in (config/gitleaks.toml of its module); where a CONFIG says useDefault, straykey gets that instead of its own catalogue in
# the first table, so that both apply the same rules, and its own in the second. -k keeps the reports of gitleaks, which are
# what takes the time, and uses those that are there. -o is where conformance.md goes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
default='' keep='' results=$here/results
usage() { sed -n '4,5p' "$0" >&2; exit 3; }
while getopts d:k:o: flag; do
	case $flag in
	d) default=$(realpath "$OPTARG") ;;
	k) keep=$OPTARG ;;
	o) results=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[[ -n $default && $# -gt 0 ]] || usage
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

same=$work/same.md own=$work/own.md
for pair; do
	config=${pair%%:*} repository=$(realpath "${pair#*:}")
	name=$(basename "${repository%/repo}" .git)
	title=$name
	case $config in
	own) git -C "$repository" show HEAD:.gitleaks.toml >"$work/config.toml"; title="$name, its own" ;;
	default) cp "$default" "$work/config.toml"; title="$name, gitleaks' default" ;;
	*) cp "$config" "$work/config.toml"; title="$name, $(basename "$config" .toml)" ;;
	esac
	chmod u+w "$work/config.toml"
	cp "$default" "$work/default.toml" 2>/dev/null || true
	sed -E 's/^([[:space:]]*)[uU]se[dD]efault[[:space:]]*=[[:space:]]*true.*/\1path = "default.toml"/' "$work/config.toml" >"$work/rules.toml"
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
	echo "# Conformance with $("$gitleaks" version 2>/dev/null | grep -E '^v?[0-9]' || echo gitleaks)"
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
} >"$results/conformance.md"
