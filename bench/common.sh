# What history.sh, startup.sh and quiet.sh have in common; they source it. A script sets here, script (its name), synopsis (what
# follows the name in its usage), count (how often to measure) and results before.

usage() {
	echo "usage: bench/$script $synopsis" >&2
	exit 3
}
die() {
	echo "$script: $*" >&2
	exit 1
}

# options ARGUMENT... reads [-n COUNT] [-o DIRECTORY], or what flags says instead, and leaves what follows in arguments. What is
# given by -p it leaves in few, by -c, -m and -r in cache, mirrors and seed.
options() {
	local flag OPTIND=1
	while getopts "${flags:-n:o:}" flag; do
		case $flag in
		n | s) count=$OPTARG ;;
		o) results=$OPTARG ;;
		p) few=$OPTARG ;;
		c) cache=$OPTARG ;;
		m) mirrors=$OPTARG ;;
		r) seed=$OPTARG ;;
		*) usage ;;
		esac
	done
	shift $((OPTIND - 1))
	arguments=("$@")
	[[ -z $count || $count =~ ^[1-9][0-9]*$ ]] || usage
}

# find_straykey finds the program, and makes a directory for work, which is the caller's to remove.
find_straykey() {
	straykey=${STRAYKEY:-$here/../bin/straykey}
	command -v "$straykey" >/dev/null || die "$straykey is not there: run make build, or name a straykey in \$STRAYKEY"
	straykey=$(realpath "$(command -v "$straykey")")
	work=$(mktemp -d "${TMPDIR:-/tmp}/straykey-bench.XXXXXX")
}

# prepare is find_straykey for a script that needs git and go as well, and writes into a directory for results, which
# it makes.
prepare() {
	local needed
	for needed in git go; do
		command -v "$needed" >/dev/null || die "$needed is not installed"
	done
	mkdir -p "$results"
	results=$(cd "$results" && pwd)
	find_straykey
}

# scanner_version TOOL prints the version of another scanner. A binary that go built knows that of its module, if it was built as one.
scanner_version() {
	local v path
	path=$(command -v "$1")
	v=$(go version -m "$path" 2>/dev/null | awk '$1 == "mod" {print $3}')
	if [[ -z $v || $v == "(devel)" ]]; then
		v=$({ "$path" --version 2>&1 || true; } | awk 'NR == 1 {print $NF}')
	fi
	echo "$v"
}
