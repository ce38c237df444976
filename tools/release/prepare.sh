#!/bin/sh
# Makes what archives and packages hold besides the program: completions and manual pages, in dist-extra. Called by
# goreleaser before it builds, and by `make release-check`.
set -eu
cd "$(dirname "$0")/../.."
rm -rf dist-extra
mkdir -p dist-extra/completions dist-extra/man
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH CGO_ENABLED=0
program=dist-extra/straykey
go build -trimpath -ldflags "-X main.stampedVersion=${1:-devel}" -o "$program" ./cmd/straykey
"$program" completion bash > dist-extra/completions/straykey.bash
"$program" completion zsh > dist-extra/completions/_straykey
"$program" completion fish > dist-extra/completions/straykey.fish
"$program" completion powershell > dist-extra/completions/straykey.ps1
"$program" man dist-extra/man
gzip -n -9 dist-extra/man/*.1
rm "$program"
