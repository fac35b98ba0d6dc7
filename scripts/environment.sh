#!/bin/sh
# Makes or refreshes the virtual environment that `make` works in: scripts/environment.sh STEP...
#
# A step is `client` (rankzero alone), `demo` (and what the digits example needs) or `test` (also the
# tools and the other frameworks); each has all of the one before. Each leaves a stamp with a hash of
# what it was made from, so that a second call installs nothing, and a changed pyproject.toml, a moved
# clone or a new Python installs anew.
#
# VENV    where it lies, .venv by default
# PYTHON  the interpreter to make it with; by default the first fit one
set -eu

cd "$(dirname "$0")/.."
VENV="${VENV:-.venv}"
case "$VENV" in /*) ;; *) VENV="./$VENV" ;; esac
# A dropped line in 3 GB is normal: wait longer and try more often than pip does by itself.
export PIP_DEFAULT_TIMEOUT="${PIP_DEFAULT_TIMEOUT:-60}" PIP_RETRIES="${PIP_RETRIES:-10}"
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '\n==> %s\n' "$*"; }
fail() { printf '\nerror: %s\n' "$1" >&2; shift; for line in "$@"; do printf '  %s\n' "$line" >&2; done; exit 3; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; }
makes_venvs() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }
has_virtualenv() { "$1" -c 'import virtualenv' >/dev/null 2>&1; }

# The first interpreter that can make an environment; else the first that is new enough.
find_python() {
    first=
    for python in ${PYTHON:+"$PYTHON"} python3.12 python3.11 python3.13 python3.10 python3; do
        new_enough "$python" || continue
        first="${first:-$python}"
        if makes_venvs "$python" || has_virtualenv "$python"; then
            printf '%s' "$python"
            return
        fi
    done
    printf '%s' "$first"
}

create() {
    [ -z "${PYTHON:-}" ] || new_enough "$PYTHON" || fail "PYTHON=$PYTHON is no Python 3.10 or newer"
    python="$(find_python)"
    [ -n "$python" ] || fail "no Python 3.10 or newer was found" \
        "Install one (on Debian and Ubuntu: apt install python3 python3-venv)," \
        "or name one: make PYTHON=/path/to/python3.11 ..."
    version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    say "creating the virtual environment $VENV with $python ($version)"
    if makes_venvs "$python"; then
        "$python" -m venv --clear "$VENV"
    elif has_virtualenv "$python"; then
        "$python" -m virtualenv --clear "$VENV"
    else
        fail "$python cannot create virtual environments: its ensurepip is missing" \
            "On Debian and Ubuntu: apt install python$version-venv" \
            "Elsewhere: $python -m pip install virtualenv"
    fi
}

usable() { new_enough "$VENV/bin/python" && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; }

# What an installed step depends on: the requirements, the interpreter, and where the clone lies
# (an editable install points into it).
fingerprint() {
    { cat pyproject.toml; "$VENV/bin/python" -VV; pwd; } | cksum | tr ' ' '-'
}

install() {
    for try in 1 2 3; do
        "$VENV/bin/python" -m pip install --progress-bar on -e "$1" && return
        [ "$try" = 3 ] || say "that did not work; trying again (what was downloaded is kept)"
    done
    fail "pip could not install $1" "Its last lines above say why. Is the package index reachable?"
}

step() {
    now="$(fingerprint)"
    case "$1" in client) enough="client demo test" ;; *) enough="$1 test" ;; esac
    for done in $enough; do
        [ "$(cat "$VENV/.installed-$done" 2>/dev/null)" != "$now" ] || return 0
    done
    case "$1" in
        client) extras='.'
            say "installing rankzero" ;;
        demo) extras='.[examples]'
            say "installing rankzero with PyTorch: about 3 GB the first time, which takes some minutes" ;;
        test) extras='.[examples,tensorflow,jax,mpi,dev]'
            say "installing the tools, PyTorch, TensorFlow and JAX: about 4 GB the first time" ;;
        *) fail "unknown step: $1" "Known are client, demo and test." ;;
    esac
    install "$extras"
    printf '%s\n' "$now" >"$VENV/.installed-$1"
    say "installed"
}

usable || create
for name in "$@"; do step "$name"; done
