#!/bin/sh
# Installs gitleaks for the tests of this package, where that is possible, below .cache/gitleaks, and puts its own configuration
# beside it. It never fails; if it could not, it says so on standard error, and exits with 3, so that a caller can tell.
set -u

version=v8.30.1
module=github.com/zricethezav/gitleaks/v8

cd "$(dirname "$0")/../.." || exit 3
into=.cache/gitleaks/$version
mkdir -p "$into" || exit 3
test -x "$into/gitleaks" && test -s "$into/gitleaks.toml" && exit 0
echo 'tests of what stands in the place of gitleaks: installing it' >&2
{
	GOBIN=$PWD/$into CGO_ENABLED=0 go install "$module@$version" &&
		cp "$(cd / && go env GOMODCACHE)/$module@$version/config/gitleaks.toml" "$into/gitleaks.toml" && chmod u+w "$into/gitleaks.toml"
} >"$into/log" 2>&1 </dev/null
test -x "$into/gitleaks" && test -s "$into/gitleaks.toml" && exit 0
echo "tests of what stands in the place of gitleaks: without gitleaks they are skipped; $into/log has the reason" >&2
exit 3
