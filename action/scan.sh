#!/usr/bin/env bash
# Runs straykey ci for action.yml. Inputs come as variables; each becomes one argument, whatever stands in it.
set -uo pipefail

fail() {
  echo "::error title=straykey::$1"
  exit 3
}

truth() {
  case $2 in true | false) [[ $2 == true ]] ;; *) fail "$1 is true or false" ;; esac
}

args=(ci)
truth fetch "${STRAYKEY_FETCH:-true}" && args+=(--fetch)
truth comment "${STRAYKEY_COMMENT:-false}" && args+=(--review-comments)
truth summary "${STRAYKEY_SUMMARY:-true}" || args+=(--no-summary)
[[ -n ${STRAYKEY_SARIF:-} ]] && args+=("--sarif=$STRAYKEY_SARIF")
case ${STRAYKEY_FAIL_ON:-any} in
  any) ;;
  none) args+=(--exit-code=0) ;;
  *) fail 'fail-on is any or none; with args: --verify, args can have --fail-on=active' ;;
esac
while IFS= read -r line; do
  line=${line%$'\r'}
  [[ -n $line ]] && args+=("$line")
done <<<"${STRAYKEY_ARGS:-}"

exec "$STRAYKEY_BINARY" "${args[@]}" -- "${STRAYKEY_PATH:-.}"
