# What history.sh and startup.sh have in common; they source it. A script sets here, script (its name), synopsis (what
# follows the name in its usage), count (how often to measure) and results before.

usage() {
	echo "usage: bench/$script $synopsis" >&2
	exit 3
}
die() {
	echo "$script: $*" >&2
	exit 1
}

# options ARGUMENT... reads [-n COUNT] [-o DIRECTORY], and leaves what follows in arguments.
options() {
	local flag OPTIND=1
	while getopts n:o: flag; do
		case $flag in
		n) count=$OPTARG ;;
		o) results=$OPTARG ;;
		*) usage ;;
		esac
	done
	shift $((OPTIND - 1))
	arguments=("$@")
	[[ $count =~ ^[1-9][0-9]*$ ]] || usage
}

# prepare finds the programs, makes the directory for results, and a directory for work, which is the caller's to
# remove.
prepare() {
	local needed
	for needed in git go; do
		command -v "$needed" >/dev/null || die "$needed is not installed"
	done
	straykey=${STRAYKEY:-$here/../bin/straykey}
	command -v "$straykey" >/dev/null || die "$straykey is not there: run make build, or name a straykey in \$STRAYKEY"
	straykey=$(realpath "$(command -v "$straykey")")
	mkdir -p "$results"
	results=$(cd "$results" && pwd)
	work=$(mktemp -d "${TMPDIR:-/tmp}/straykey-bench.XXXXXX")
}
