"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path


def home(path: str) -> str:
    """The path with `~` replaced, where it names anybody's home."""
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError:
        return path


def absolute(path: str, base: Path) -> str:
    """A path as it is meant from a folder on. Links stay: the user's own name is shown."""
    return os.path.normpath(base.absolute() / home(path))
