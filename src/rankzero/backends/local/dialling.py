"""A local run's coordinator, dialled; again and again where it is just being replaced."""

from __future__ import annotations

import time

from rankzero.agent.wire.seal import Broken
from rankzero.backends.local.folder import RunFolder
from rankzero.backends.viewer import Lost, Viewer
from rankzero.errors import Refused

_FIRST, _LONGEST = 0.02, 1.0


class Pauses:
    """Longer and longer ones, for one who is turned away at the door: a coordinator that has
    hundreds of callers must not be called a thousand times a second by each."""

    def __init__(self) -> None:
        self._next = _FIRST

    def rest(self) -> None:
        time.sleep(self._next)
        self._next = min(2 * self._next, _LONGEST)

    def reset(self) -> None:
        self._next = _FIRST


def dial(folder: RunFolder, pauses: Pauses) -> Viewer:
    """Errors: Lost, after a pause; Refused where somebody else answers, or the token is wrong."""
    address = folder.address_file.read_text(encoding="ascii")
    token = folder.token_file.read_bytes().strip()
    try:
        viewer = Viewer(address, token)
    except Lost:
        pauses.rest()
        raise
    except Broken as error:
        raise Refused(
            f"cannot look into {folder.run}: at {address}, {error}",
            f"Is {folder.path} as the run left it?",
        ) from error
    pauses.reset()
    return viewer
