#!/bin/sh
# Builds the container image and pushes it: tools/release/image.sh ghcr.io/straykey/straykey 1.2.3
# Prints its name with the digest. Pre-releases do not become latest.
set -eu
cd "$(dirname "$0")/../.."
KO_DOCKER_REPO=$1
VERSION=$2
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export KO_DOCKER_REPO VERSION SOURCE_DATE_EPOCH
tags=$VERSION
case $VERSION in *-*) ;; *) tags=$VERSION,latest ;; esac
label=org.opencontainers.image
exec go tool -modfile=tools/release/go.mod ko build --bare --tags "$tags" --image-user 65532:65532 \
	--image-label "$label.title=straykey,$label.description=Finds the credentials of machines that strayed into git" \
	--image-label "$label.source=https://github.com/straykey/straykey,$label.licenses=Apache-2.0" \
	--image-label "$label.version=$VERSION,$label.revision=$(git rev-parse HEAD)" \
	./cmd/straykey
