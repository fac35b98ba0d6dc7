"""The walk over a user's folder: what takes part in a run, by the ignore rules."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from rankzero.code.ignore import Ignores


class Found(NamedTuple):
    """What is no folder: a file, a link, or something else; nobody has looked at it yet.

    name: from the root on, with `/`. named: the user takes it back by its name, so a name is no
    reason to leave it out. trouble: it is a folder after all, which could not be listed.
    """

    name: str
    path: Path
    named: bool = False
    trouble: OSError | None = None


def walk(root: Path, skip: Iterable[str | Path] = (), *, most: int) -> Iterator[Found | None]:
    """All that takes part, a folder's own files by name before those of the folders in it.

    None stands for an entry that takes no part and for a folder, so that they can be counted.
    skip: folders to leave out, never the root itself. most: of one folder no more than this many
    entries are gone through, and one.
    """
    skipped = _names(root, skip)
    waiting = [("", Ignores())]
    while waiting:
        folder, ignores = waiting.pop()
        here = root / folder
        ignores = ignores.inside(here, folder)
        files: list[Found] = []
        folders: list[str] = []
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if name in skipped or ignores.leave_out(name, is_folder):
                        yield None
                    elif is_folder:
                        yield None
                        folders.append(name)
                    else:
                        files.append(Found(name, here / entry.name, ignores.named(name, False)))
                    if len(files) > most:
                        break
        except OSError as error:
            yield Found(folder, here, trouble=error)
        yield from sorted(files, key=lambda found: found.name)
        waiting.extend((name, ignores) for name in sorted(folders, reverse=True))


def _names(root: Path, paths: Iterable[str | Path]) -> set[str]:
    """Names, from the root on, of paths and of what they lead to, whichever way each is spelled."""
    real = os.path.realpath(root)
    found: set[str] = set()
    for path in map(Path, paths):
        place = Path(os.path.realpath(path.parent)) / path.name
        found.update(os.path.relpath(one, real) for one in (place, os.path.realpath(path)))
    return found
