#!/bin/sh
# Installs the tools that run hooks, for the tests of this package, where that is possible: pre-commit into a virtual
# environment of Python, husky and lefthook by npm, all below .cache/hooktest. It never fails; what is missing it names on
# standard error, and exits with 3 then, so that a caller can tell.
set -u

precommit=4.7.0
husky=9.1.7
lefthook=2.2.2

cd "$(dirname "$0")/../.." || exit 3
into=.cache/hooktest
mkdir -p "$into" || exit 3

# have PROGRAM VERSION reports whether that version is there. A directory that was moved leaves programs that do not run.
have() {
	test "$("$into/$1" --version 2>/dev/null | sed 's/.* //')" = "$2"
}
haveNode() {
	grep -q "\"version\": \"$2\"" "$into/node_modules/$1/package.json" 2>/dev/null
}

absent=
if ! have venv/bin/pre-commit $precommit; then
	echo 'hook tools for tests: installing pre-commit' >&2
	rm -rf "$into/venv"
	{ python3 -m venv "$into/venv" && "$into/venv/bin/pip" install --quiet --retries 1 --timeout 30 "pre-commit==$precommit"; } >"$into/log" 2>&1 </dev/null
	have venv/bin/pre-commit $precommit || absent="$absent pre-commit"
fi
if ! haveNode husky $husky || ! haveNode lefthook $lefthook; then
	echo 'hook tools for tests: installing husky and lefthook' >&2
	npm install --silent --no-save --no-audit --no-fund --ignore-scripts --fetch-retries=1 --fetch-timeout=30000 --prefix "$into" \
		"husky@$husky" "lefthook@$lefthook" >>"$into/log" 2>&1 </dev/null
	haveNode husky $husky || absent="$absent husky"
	haveNode lefthook $lefthook || absent="$absent lefthook"
fi
test -n "$absent" || exit 0
echo "hook tools for tests: without$absent their tests are skipped; $into/log has the reason" >&2
exit 3
