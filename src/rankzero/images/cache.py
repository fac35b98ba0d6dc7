"""What was built here before: layers by what they were made from, and what bases hold.

All of it can be made again: who deletes the folder only waits longer once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rankzero.images.files import write_json

#: A layer that nobody has asked for in so long is taken away (seconds).
_KEPT = 30 * 86400.0


class Layer(NamedTuple):
    """digest: of the file, which is compressed; plain: of what is in it; size: bytes of the file.
    files: how many are in it."""

    digest: str
    plain: str
    size: int
    files: int


class Cache:
    """folder: of this user's alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs = folder / "layers"
        self._scratch = folder / "unfinished"
        self._made = folder / "made"

    @property
    def sessions(self) -> Path:
        return self.folder / "uploads.json"

    def scratch(self) -> Path:
        """A folder for what is not done yet, beside the layers."""
        self._blobs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._scratch.mkdir(exist_ok=True, mode=0o700)
        return self._scratch

    def file(self, digest: str) -> Path:
        return self._blobs / digest.partition(":")[2]

    def has(self, layer: Layer) -> bool:
        """Whether its file is here, as a whole."""
        try:
            return self.file(layer.digest).stat().st_size == layer.size
        except OSError:
            return False

    def find(self, key: str) -> Layer | None:
        """The layer that was made from this, whose file may be gone: a registry may have it."""
        found = self.note(key)
        with contextlib.suppress(TypeError):
            layer = Layer(**found) if found is not None else None
            if layer is not None:
                with contextlib.suppress(OSError):
                    os.utime(self.file(layer.digest))
            return layer
        return None

    def keep(self, key: str, layer: Layer) -> None:
        self.write(key, layer._asdict())

    def note(self, key: str) -> dict[str, Any] | None:
        """What was written by this key."""
        path = self._made / f"{key}.json"
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(path.read_text(encoding="utf-8"))
            with contextlib.suppress(OSError):
                os.utime(path)  # asked for: it stays, see `prune`
            return found if isinstance(found, dict) else None
        return None

    def write(self, key: str, said: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            write_json(self._made / f"{key}.json", dict(said))

    def prune(self) -> None:
        """Take away what nobody has asked for in a long time."""
        old = time.time() - _KEPT
        for folder in (self._blobs, self._scratch, self._made):
            for path in folder.iterdir() if folder.is_dir() else ():
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < old:
                        shutil.rmtree(path) if path.is_dir() else path.unlink()


def home() -> Path:
    """`$XDG_CACHE_HOME/rankzero/images`, by the XDG base directory specification."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "rankzero" / "images"


def key_of(*parts: object) -> str:
    """A name for what is made from these."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
