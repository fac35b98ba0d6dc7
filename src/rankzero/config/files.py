"""Which files hold the configuration.

A project's is looked for from the current folder upwards. A folder above may belong to somebody
else, who would then choose where this user's code and secrets go; so the way up ends at the
repository's root, at the home folder, and below any folder of another owner.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT, PYPROJECT = "rankzero.toml", "pyproject.toml"
_OUR_TABLE = re.compile(rb"""tool[\s"'.\]]+rankzero\b""")


class File(NamedTuple):
    """inside: the table of it that is ours; empty for the whole file."""

    path: Path
    inside: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The name in messages: from the current folder on where that is short."""
        path = os.path.relpath(self.path)
        return path if not path.startswith("../..") else str(self.path)


def found() -> list[File]:
    """The files that there are, the strongest first: the project's, then the user's own."""
    project = next((files for folder in _upwards(Path.cwd()) if (files := _in(folder))), [])
    own = File(config_home() / "config.toml")
    return [*project, *([own] if own.path.is_file() else [])]


def config_home() -> Path:
    """`$XDG_CONFIG_HOME/rankzero`, by the XDG base directory specification."""
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    # The specification says to ignore a relative path.
    home = base if base.is_absolute() else Path.home() / ".config"
    return home / "rankzero"


def _in(folder: Path) -> list[File]:
    """What a folder holds of it; one that holds both is told so by whoever reads them."""
    files = [File(folder / PROJECT), File(folder / PYPROJECT, ("tool", "rankzero"))]
    return [file for file in files if _speaks(file)]


def _speaks(file: File) -> bool:
    """Whether it is one of ours: a pyproject.toml without our table is not even parsed."""
    if not file.path.is_file():
        return False
    try:
        return not file.inside or bool(_OUR_TABLE.search(file.path.read_bytes()))
    except OSError:
        return False  # whose it is cannot be told


def _upwards(folder: Path) -> Iterator[Path]:
    home = Path.home()
    while True:
        yield folder
        above = folder.parent
        if (folder / ".git").exists() or folder in (home, above) or not _same_owner(folder, above):
            return
        folder = above


def _same_owner(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_uid == other.stat().st_uid
    except OSError:
        return False
