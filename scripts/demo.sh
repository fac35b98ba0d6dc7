#!/bin/sh
# Trains the digits example on 2 nodes x 2 ranks: scripts/demo.sh [local|kubernetes]. Ends non-zero where
# the run fails, the model knows fewer than 95 % of the digits that it has not seen, or is not here then.
#
# VENV        the environment to use, .venv by default
# KUBECONFIG  the cluster; where it is not set, a lab is brought up (docs/contributing-lab.md)
# IMAGE       what pods run there: torch, numpy, scikit-learn and safetensors; the lab has its own
set -eu
cd "$(dirname "$0")/.."
VENV="${VENV:-.venv}"
least=0.95

fail() { printf 'error: %s\n' "$1" >&2; exit "${2:-1}"; }

case "${1:-local}" in
    local) where=; outputs= ;;
    kubernetes)
        [ -n "${KUBECONFIG:-}" ] || exec "$VENV/bin/python" -m tests.cluster.lab with scripts/demo.sh kubernetes
        image="${IMAGE:-${RANKZERO_IMAGE:-}}"
        [ -n "$image" ] || fail "IMAGE=... has to name an image with torch, numpy, scikit-learn and safetensors" 2
        outputs="outputs/demo"
        where="--on kubernetes --image $image --outputs $outputs --label demo=$$"
        rm -rf "$outputs" ;;
    *) fail "$1: the demo runs on local or kubernetes" 2 ;;
esac

kept="$(mktemp -d)"
trap 'rm -rf "$kept"' EXIT

# shellcheck disable=SC2086 # words, of which none holds a space
set -- examples/digits/train.py --nodes 2 --nproc 2 $where

printf '\n==> rankzero run %s\n' "$*"
# A pipe has the exit code of its last command: the run's own is kept beside it.
{
    "$VENV/bin/python" -m rankzero run "$@" ||
        echo "$?" >"$kept/code"
} | tee "$kept/lines"
[ ! -s "$kept/code" ] || exit "$(cat "$kept/code")"

accuracy="$(sed -n 's/^\[0\] test accuracy //p' "$kept/lines" | tail -n 1)"
if ! awk -v got="$accuracy" -v least="$least" 'BEGIN { exit !(got + 0 >= least) }'; then
    fail "the test accuracy is ${accuracy:-missing}; at least $least was expected"
fi
printf '\n==> test accuracy %s, at least %s was asked for\n' "$accuracy" "$least"
if [ -n "$outputs" ]; then
    [ -s "$outputs/model.safetensors" ] || fail "the model did not come back to $outputs"
    printf '==> the model came back: %s/model.safetensors\n' "$outputs"
    RANKZERO_ON=kubernetes "$VENV/bin/python" -m rankzero delete --force --label "demo=$$"
fi
printf 'Next: . %s/bin/activate && rankzero --help\n' "$VENV"
