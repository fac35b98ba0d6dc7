"""The Pythons of this machine: agents run in anybody's image, so they are tried on several."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path


def interpreters() -> dict[tuple[int, int], str]:
    """By version, from 3.8 on: this one, those on PATH, pyenv's."""
    found = {sys.version_info[:2]: sys.executable}
    for minor in range(8, 20):
        path = shutil.which(f"python3.{minor}")
        if path and "shims" not in path:
            found.setdefault((3, minor), path)
    for path in Path.home().glob(".pyenv/versions/3.*/bin/python"):
        match = re.fullmatch(r"3\.(\d+)\.\d+", path.parents[1].name)
        if match and int(match[1]) >= 8:
            found.setdefault((3, int(match[1])), str(path))
    return found


def extremes() -> list[str]:
    """The oldest and the newest."""
    found = interpreters()
    return [found[version] for version in sorted({min(found), max(found)})]
