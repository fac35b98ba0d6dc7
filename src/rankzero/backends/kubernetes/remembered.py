"""Where runs were sent to from this machine, so that they are found again by their id alone.

What is kept is a hint where to ask. Whether there are runs, only the cluster knows.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from pathlib import Path
from typing import NamedTuple

from rankzero.backends.home import state_home

#: The oldest beyond so many are forgotten: each is asked whenever runs are looked for.
MOST = 16


class Sent(NamedTuple):
    context: str
    namespace: str


def remembered() -> list[Sent]:
    """Newest first; empty where nothing was ever sent, or the file cannot be read."""
    try:
        return _read(_file().read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return []


def remember(context: str, namespace: str) -> None:
    """A run is about to be sent there. Where that cannot be kept, `--context` has to say it."""
    with contextlib.suppress(OSError):
        path = _file()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a+", encoding="utf-8", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            known = _read(file.read())
            this = Sent(context, namespace)
            if known[:1] != [this]:
                kept = [this, *(one for one in known if one != this)][:MOST]
                file.truncate(0)
                file.write("".join(json.dumps(one) + "\n" for one in kept))


def _file() -> Path:
    return state_home() / "kubernetes"


def _read(text: str) -> list[Sent]:
    """What a line says that is none of ours is passed over."""
    found = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            pair = json.loads(line)
            if isinstance(pair, list) and len(pair) == 2 and all(isinstance(w, str) for w in pair):
                found.append(Sent(*pair))
    return found
