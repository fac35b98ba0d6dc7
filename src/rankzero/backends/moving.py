"""Files and folders to and from a volume, over whatever its place dials."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rankzero.backends.base import Fetching
from rankzero.backends.fetching import NoFolder, fetch
from rankzero.backends.putting import put
from rankzero.backends.viewer import Stream
from rankzero.backends.volumes import Moved, Say
from rankzero.errors import BadRequest


def sent(dial: Callable[[], Stream], source: Path, name: str, path: str, tell: Say) -> Moved:
    """From here to a path in a volume. dial: starts the agent's `volume take` there. Errors: those
    of `put`."""
    last, skipped = put(dial, source, name, tell)
    return Moved(last.files, last.total, tuple(skipped), f"{name}:{path}")


def brought(dial: Callable[[], Stream], name: str, path: str, to: Path, tell: Say) -> Moved:
    """From a path in a volume to here. dial: starts the agent's `volume give` there. Errors: those
    of `fetch`, and BadRequest where there is nothing at that path."""
    last, skipped = Fetching(0, 0, 0), list[str]()
    try:
        for last in fetch(dial, to, skipped=skipped):
            tell(last)
    except NoFolder as error:
        raise BadRequest(f"there is no {path} on the volume {name}; nothing came.") from error
    return Moved(last.files, last.total, tuple(skipped), str(to))
