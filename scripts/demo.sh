#!/bin/sh
# Trains the digits example on 2 nodes x 2 ranks; ends non-zero where the run fails or the model knows
# fewer than 95 % of the digits that it has not seen. Uses the environment in VENV.
set -eu
cd "$(dirname "$0")/.."
VENV="${VENV:-.venv}"
least=0.95

kept="$(mktemp -d)"
trap 'rm -rf "$kept"' EXIT

set -- examples/digits/train.py --nodes 2 --nproc 2

printf '\n==> rankzero run %s\n' "$*"
# A pipe has the exit code of its last command: the run's own is kept beside it.
{
    "$VENV/bin/python" -m rankzero run "$@" ||
        echo "$?" >"$kept/code"
} | tee "$kept/lines"
[ ! -s "$kept/code" ] || exit "$(cat "$kept/code")"

accuracy="$(sed -n 's/^\[0\] test accuracy //p' "$kept/lines" | tail -n 1)"
if ! awk -v got="$accuracy" -v least="$least" 'BEGIN { exit !(got + 0 >= least) }'; then
    printf 'error: the test accuracy is %s; at least %s was expected\n' "${accuracy:-missing}" "$least" >&2
    exit 1
fi
printf '\n==> test accuracy %s, at least %s was asked for\n' "$accuracy" "$least"
printf 'Next: . %s/bin/activate && rankzero --help\n' "$VENV"
