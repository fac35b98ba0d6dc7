"""What of a folder travels to a cluster, decided before anything is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from rankzero.agent.unpack import MOST_BYTES, MOST_FILES
from rankzero.code.refusals import outside, too_large, too_many, unreadable
from rankzero.code.secrets import is_secret
from rankzero.code.walk import Found, walk


class Item(NamedTuple):
    """One entry of the archive. name: its place, with `/`. path: what to read; size: bytes of it.
    link: where it leads, from its own folder on, if it is a link.
    """

    name: str
    path: Path
    size: int = 0
    executable: bool = False
    link: str | None = None


class Choice(NamedTuple):
    """items: by name. left_out: names of secrets. notes: what else stays here, and why."""

    items: tuple[Item, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def choose(
    root: Path,
    scripts: Iterable[str],
    skip: Iterable[str | Path],
    words: Iterable[str] = (),
    most: int = MOST_BYTES,
    most_files: int | None = None,
) -> Choice:
    """See `shipment.pack`. most: bytes of all together. Errors: TooMuch for a folder that is too
    large, Refused for one that cannot be listed; BadRequest for a script or a word's file that lies
    elsewhere."""
    found = _found(root, skip, MOST_FILES if most_files is None else most_files)
    for seen in filter(None, (_script(root, word, asked=False) for word in words)):
        found.setdefault(seen.name, seen)
    for own in filter(None, (_script(root, script) for script in scripts)):
        found[own.name] = own
    chosen = _Choosing(root, found).choice()
    if sum(item.size for item in chosen.items) > most:
        raise too_large(root, {item.name: item.size for item in chosen.items}, most)
    return chosen


def _found(root: Path, skip: Iterable[str | Path], most: int) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for seen in walk(root, skip, most=most):
        if seen is None or (seen.name and isinstance(seen.trouble, FileNotFoundError)):
            continue  # a folder that has just been removed is none
        if seen.trouble is not None:
            raise unreadable(seen.path, seen.trouble)
        found[seen.name] = seen
        if len(found) > most:
            raise too_many(root, found, most)
    return found


def _script(root: Path, script: str, *, asked: bool = True) -> Found | None:
    """It travels also where it is ignored; one that is not here is the image's own. asked: the user
    wants it there, and so it may be a secret; a word need not mean that."""
    path = Path(os.path.normpath(root / script))
    if not path.is_file():
        return None
    # By its real folder: a way through a link is none in an archive.
    real = path.parent.resolve() / path.name
    home = root.resolve()
    if not real.is_relative_to(home):
        raise outside(script, root)
    target = path.resolve()
    # The user asked for this file, whereas a link out of the folder may be anybody's.
    taken = target if asked and not target.is_relative_to(home) else path
    return Found(real.relative_to(home).as_posix(), taken, named=asked)


class _Choosing:
    def __init__(self, root: Path, found: dict[str, Found]) -> None:
        self._root = root.resolve()
        self._found = found
        self._items: dict[str, Item] = {}
        self._left_out: list[str] = []
        self._notes: list[str] = []

    def choice(self) -> Choice:
        """Files first: what a link leads to may then be known to travel itself."""
        links = []
        for found in self._found.values():
            try:
                state = found.path.lstat()
            except OSError:
                continue  # removed since it was listed
            if stat.S_ISLNK(state.st_mode):
                links.append(found)
            elif stat.S_ISREG(state.st_mode):
                self._take_file(found, found.path, state)
        folders = {str(p) for name in self._items for p in PurePosixPath(name).parents}
        for found in links:
            self._take_link(found, folders)
        items = sorted(self._items.values(), key=lambda item: os.fsencode(item.name))
        return Choice(tuple(items), tuple(sorted(self._left_out)), tuple(sorted(self._notes)))

    def _take_file(self, found: Found, path: Path, state: os.stat_result) -> None:
        if is_secret(found.name) and not found.named:
            self._left_out.append(found.name)
        else:
            executable = bool(state.st_mode & stat.S_IXUSR)
            self._items[found.name] = Item(found.name, path, state.st_size, executable)

    def _take_link(self, found: Found, folders: set[str]) -> None:
        """A link to what travels stays a link; one to another file in the folder becomes that file;
        nothing from outside of the folder is fetched, whoever put the link there."""
        try:
            target = found.path.resolve(strict=True)
            state = target.stat()
        except (OSError, RuntimeError):
            self._notes.append(f"{found.name} (a link to nothing)")
            return
        if not target.is_relative_to(self._root):
            self._notes.append(f"{found.name} (a link out of the folder)")
            return
        inside = target.relative_to(self._root).as_posix()
        if is_secret(inside) and inside not in self._items and not found.named:
            self._left_out.append(found.name)
        elif inside in self._items or inside in folders:
            link = os.path.relpath(inside, PurePosixPath(found.name).parent)
            self._items[found.name] = Item(found.name, found.path, link=link)
        elif stat.S_ISREG(state.st_mode):
            self._take_file(found, target, state)
        elif stat.S_ISDIR(state.st_mode):
            self._notes.append(f"{found.name} (a link to a folder that stays here)")
