"""Running an exec plugin once: what it is told, and what is said of it where it fails."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from typing import IO, Any, NamedTuple

from rankzero.backends.kubernetes.access import credential
from rankzero.backends.kubernetes.access.proof import Proof
from rankzero.errors import Refused

#: How much is said of what it said on its stderr (lines), and kept of it (bytes).
_LINES, _KEPT = 5, 8192


class Program(NamedTuple):
    """How a plugin is started, for which context. cluster: what it is told of that, as JSON; empty
    for one that does not want to know. hint: how to install it."""

    context: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    version: str
    mode: str
    hint: str
    cluster: str


def ask(program: Program) -> Proof:
    """Errors: Refused, with the last of its stderr, never of its stdout."""
    terminal = sys.stdin is not None and sys.stdin.isatty()
    if program.mode == "Always" and not terminal:
        what = "wants to ask you something, and there is no terminal"
        raise _refused(program, what, _by_hand(program))
    try:
        process = _started(program, interactive=terminal and program.mode != "Never")
    except FileNotFoundError as error:
        hint = program.hint or "Install it, or choose another context: --context NAME"
        raise _refused(program, "is not installed", hint) from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it has no usable name"
        raise _refused(program, f"cannot be run: {why}", program.hint) from error
    printed, said = _heard(process)
    if process.returncode != 0:
        what = f"ended with {process.returncode}{_last_lines(said)}"
        raise _refused(program, what, _by_hand(program))
    try:
        return credential.read(printed, program.version)
    except ValueError as error:
        raise _refused(program, str(error), _by_hand(program)) from error


def _started(program: Program, *, interactive: bool) -> subprocess.Popen[bytes]:
    spec: dict[str, Any] = {"interactive": interactive}
    if program.cluster:
        spec["cluster"] = json.loads(program.cluster)
    info = {"apiVersion": program.version, "kind": "ExecCredential", "spec": spec}
    return subprocess.Popen(  # noqa: S603 - the kubeconfig is the user's own
        program.argv,
        env={**os.environ, **dict(program.env), "KUBERNETES_EXEC_INFO": json.dumps(info)},
        stdin=None if interactive else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _heard(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """What it says on stdout, and the last of its stderr; which somebody at a terminal sees at
    once, for it may tell where to log in."""
    assert process.stdout is not None
    assert process.stderr is not None
    last = bytearray()
    seen = sys.stderr is not None and sys.stderr.isatty()

    def listen(stream: IO[bytes]) -> None:
        while data := os.read(stream.fileno(), 4096):
            last.extend(data)
            del last[:-_KEPT]
            if seen:
                with contextlib.suppress(OSError):
                    os.write(sys.stderr.fileno(), data)

    listener = threading.Thread(target=listen, args=(process.stderr,), daemon=True)
    with process:
        listener.start()
        printed = process.stdout.read()
        listener.join()
    return printed, bytes(last)


def _last_lines(said: bytes) -> str:
    """After a colon: one on the same line, several below."""
    lines = ("".join(filter(str.isprintable, line)).strip() for line in _text(said).splitlines())
    last = list(filter(None, lines))[-_LINES:]
    if len(last) > 1:
        return ":" + "".join(f"\n  {line}" for line in last)
    return f": {last[0]}" if last else ""


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace")


def _by_hand(program: Program) -> str:
    return f"Log in again, or see what it wants: kubectl --context {program.context} auth whoami"


def _refused(program: Program, what: str, hint: str) -> Refused:
    return Refused(
        f'cannot prove who you are to {program.context}: the plugin "{program.argv[0]}" {what}',
        hint or "See: kubectl config view",
    )
