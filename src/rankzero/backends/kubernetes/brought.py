"""Whose outputs a folder here has, where its name does not say so.

Kept beside it, in this user's state: what a folder of outputs holds is the run's alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from rankzero.backends.home import state_home


def note(to: Path, run: str) -> None:
    """All of this run came there. Where that cannot be kept, it is fetched again."""
    with contextlib.suppress(OSError):
        path = _file(to)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(run, encoding="utf-8")


def forget(to: Path) -> None:
    """Something else comes there."""
    with contextlib.suppress(OSError):
        _file(to).unlink(missing_ok=True)


def is_of(to: Path, run: str) -> bool:
    try:
        return _file(to).read_text(encoding="utf-8", errors="replace") == run
    except OSError:
        return False


def _file(to: Path) -> Path:
    name = hashlib.sha256(os.fsencode(to.resolve())).hexdigest()
    return state_home() / "outputs" / name
