#!/usr/bin/env bash
# Installs straykey for action.yml: a released binary whose checksum is compared each time, also where the archive was
# kept by an earlier run, or one built from this checkout. Tells the next step by the output "binary" where it is.
set -euo pipefail

releases=${STRAYKEY_RELEASES:-https://github.com/straykey/straykey/releases/download}
version=${STRAYKEY_VERSION:-}
checksum=${STRAYKEY_CHECKSUM:-}
attestation=${STRAYKEY_ATTESTATION:-auto}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "::error title=straykey::$1"
  exit 3
}

# An exact release, and nothing that could be a path or an option.
is_release() { [[ $1 =~ ^v[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?$ ]]; }

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

download() {
  curl --fail --silent --show-error --location --proto '=https,http' --retry 3 --max-time 300 --output "$2" -- "$1" ||
    fail "could not download $1"
}

if [[ -z $version ]]; then
  if is_release "${STRAYKEY_ACTION_REF:-}"; then version=$STRAYKEY_ACTION_REF; else version=source; fi
fi
case $attestation in auto | require | skip) ;; *) fail 'attestation is auto, require or skip' ;; esac

temp=$(mktemp -d "${RUNNER_TEMP:-/tmp}/straykey.XXXXXX")
name=straykey
[[ ${RUNNER_OS:-} == Windows ]] && name=straykey.exe

if [[ $version == source ]]; then
  command -v go >/dev/null || fail 'version: source needs Go (actions/setup-go), or pin a release with version: v1.2.3'
  (cd "$root" && CGO_ENABLED=0 go build -trimpath -o "$temp/$name" ./cmd/straykey) || fail 'could not build straykey from the source of the action'
  echo "binary=$temp/$name" >>"$GITHUB_OUTPUT"
  exit 0
fi
is_release "$version" || fail 'version is a release such as v1.2.3, or source'

case ${RUNNER_OS:-} in
  Linux) os=linux ;;
  macOS) os=darwin ;;
  Windows) os=windows ;;
  *) fail 'there is no release for this operating system; use version: source' ;;
esac
case ${RUNNER_ARCH:-} in
  X64) arch=amd64 ;;
  ARM64) arch=arm64 ;;
  *) fail 'there is no release for this architecture; use version: source' ;;
esac
kind=tar.gz
[[ $os == windows ]] && kind=zip
archive=straykey_${version#v}_${os}_$arch.$kind

if [[ -z $checksum ]]; then
  download "$releases/$version/checksums.txt" "$temp/checksums"
  checksum=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$temp/checksums")
fi
checksum=$(printf '%s' "$checksum" | tr 'A-F' 'a-f')
[[ $checksum =~ ^[0-9a-f]{64}$ ]] || fail "the checksum of $archive is not in the release"

cache=${RUNNER_TOOL_CACHE:-$temp}/straykey/$version
mkdir -p "$cache"
kept=$cache/$archive
# What is kept may be anybody's on a runner of one's own: it is copied before it is looked at.
if [[ -f $kept && ! -L $kept ]] && cp "$kept" "$temp/$archive" && [[ $(sha256 "$temp/$archive") == "$checksum" ]]; then
  echo "straykey $version from the tool cache"
else
  download "$releases/$version/$archive" "$temp/$archive"
  [[ $(sha256 "$temp/$archive") == "$checksum" ]] || fail "the checksum of $archive is not that of the release: it is not installed"
  cp "$temp/$archive" "$kept.$$" && mv -f "$kept.$$" "$kept"
fi

if [[ $attestation != skip ]]; then
  if command -v gh >/dev/null && [[ -n ${GH_TOKEN:-} ]]; then
    gh attestation verify "$temp/$archive" --repo straykey/straykey || fail "the attestation of $archive does not hold: it is not installed"
  elif [[ $attestation == require ]]; then
    fail 'attestation: require needs gh and a token'
  else
    echo '::notice title=straykey::There is no gh with a token here: the attestation of the release was not verified, its checksum was.'
  fi
fi

mkdir "$temp/bin"
if [[ $kind == zip ]]; then
  unzip -q "$temp/$archive" "$name" -d "$temp/bin"
else
  tar -xzf "$temp/$archive" -C "$temp/bin" "$name"
fi
"$temp/bin/$name" version
echo "binary=$temp/bin/$name" >>"$GITHUB_OUTPUT"
