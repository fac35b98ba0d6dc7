"""Programs that some tests ask for: each runs in the control plane's network as long as they do,
and ends with whoever started it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator

from . import control, namespaces
from .certificates import kubeconfig_of
from .places import LOG, MARK
from .shell import LabError, until


@contextlib.contextmanager
def running(name: str, *argv: object, ready: Callable[[], bool]) -> Iterator[None]:
    """A program within the block, from when it is ready on. name: also of its certificate, which
    KUBECONFIG leads to. Errors: LabError where it ends, or is not ready in time."""
    log = LOG / f"{name}.log"
    words = [
        *("setpriv", "--pdeathsig", "KILL"),
        *("nsenter", "--target", str(namespaces.pid_of(control.HOST)), "--net"),
        *map(str, argv),
    ]
    key, value = MARK.split("=", 1)
    env = {**os.environ, "KUBECONFIG": str(kubeconfig_of(name)), key: value}
    with log.open("ab") as said:
        process = subprocess.Popen(
            words, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )

    def is_ready() -> bool:
        if process.poll() is not None:
            raise LabError(f"{name} ended with {process.returncode}: see {log}")
        return ready()

    try:
        until(name, is_ready, 90, log)
        yield
    finally:
        process.kill()
        process.wait()
