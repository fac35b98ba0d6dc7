"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path

from rankzero.spec.problems import near


def home(path: str) -> str:
    """The path with `~` replaced, where it names anybody's home."""
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError:
        return path


def absolute(path: str, base: Path) -> str:
    """A path as it is meant from a folder on. Links stay: the user's own name is shown."""
    return os.path.normpath(base.absolute() / home(path))


def meant(file: Path) -> str:
    """The end of a message: a file beside it that has nearly its name."""
    found = near(file.name, listed(file.parent))
    return f'; did you mean "{found}"?' if found else ""


def listed(folder: Path, ending: str = "") -> list[str]:
    """What is in it, in order, but for what is hidden; of a folder that cannot be read nothing."""
    try:
        found = sorted(one.name for one in folder.iterdir())
    except OSError:
        return []
    return [name for name in found if name.endswith(ending) and name[0] != "."][:1000]
