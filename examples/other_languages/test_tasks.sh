#!/bin/sh
# Tests of a shell script against the sandbox, with curl. Run it with `sh examples/other_languages/test_tasks.sh`.
# AVALA_SANDBOX names the program if it is built already.
set -eu

sandbox=${AVALA_SANDBOX:-cargo run --quiet --package avala-sandbox --}
folder=$(mktemp -d)
# A pipe, so that the line with the URL is read once it is complete.
mkfifo "$folder/started"
# shellcheck disable=SC2086 # a command with its arguments
$sandbox --quiet --key avk_shell > "$folder/started" &
process=$!
trap 'kill "$process" 2> /dev/null || true; rm -rf "$folder"' EXIT
read -r started < "$folder/started"
url=$(printf '%s' "$started" | sed 's/.*"url": *"\([^"]*\)".*/\1/')

status() {
    curl --silent --output /dev/null --write-out '%{http_code}' --header "X-Avala-Api-Key: $1" "$url/api/v1$2"
}

expect() {
    if [ "$2" = "$3" ]; then
        echo "ok: $1"
    else
        echo "failed: $1: $2 instead of $3" >&2
        exit 1
    fi
}

expect "lists tasks" "$(status avk_shell /tasks/)" 200
expect "rejects a wrong key" "$(status wrong /tasks/)" 401
curl --silent --fail --output /dev/null --json '{"fault": "GET /tasks/ 503"}' "$url/_sandbox/faults/"
expect "fails on demand" "$(status avk_shell /tasks/)" 503
expect "fails once" "$(status avk_shell /tasks/)" 200
