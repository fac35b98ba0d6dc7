"""Processes of steps: each in a session of its own, and gone when its driver is."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

_PR_SET_PDEATHSIG = 1


class Spawner:
    """On Linux a process asks the kernel for its own end when its parent dies. Who can ask in its
    place is util-linux's `setpriv`; without it Python does, between fork and exec, which takes
    several times as long. Elsewhere only a keeper ends what a dead driver has left."""

    def __init__(self) -> None:
        linux = sys.platform.startswith("linux")
        self._asks = _setpriv() if linux else []
        self._prctl = None
        if linux and not self._asks:
            import ctypes

            self._prctl = ctypes.CDLL(None).prctl

    def spawn(
        self, argv: Sequence[str], environment: Mapping[str, str], output: int
    ) -> subprocess.Popen[bytes]:
        """Start it with nothing on its stdin. output: a descriptor. Errors: OSError, ValueError."""
        env = {**os.environ, **environment}
        if self._asks and shutil.which(argv[0], path=env.get("PATH")) is None:
            code = errno.EACCES if os.path.exists(argv[0]) else errno.ENOENT  # noqa: PTH110
            raise OSError(code, os.strerror(code), argv[0])
        return subprocess.Popen(  # noqa: S603 - the user's own command
            [*self._asks, *argv],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # The driver has one thread, so this may run Python.
            preexec_fn=None if self._prctl is None else self._die_with_parent,
        )

    def _die_with_parent(self) -> None:
        assert self._prctl is not None
        self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _setpriv() -> list[str]:
    """What comes before a command; nothing where there is no program that knows this."""
    program = shutil.which("setpriv")
    if program is None:
        return []
    asks = [program, "--pdeathsig", "KILL", "--"]
    try:
        known = subprocess.run([*asks, "true"], capture_output=True, check=False)  # noqa: S603
    except OSError:
        return []
    return asks if known.returncode == 0 else []
