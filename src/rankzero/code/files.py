"""The files of the user's folder that take part in a run: how many, how large, and one hash
over them, so that a later run can say that they changed.

A survey is bounded, whatever folder it meets: after `MOST_BYTES` of content a file counts by
its name and size, and after `MOST_ENTRIES` it ends and says so.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rankzero.code.walk import walk

MOST_ENTRIES = 10_000
MOST_BYTES = 64 * 1024 * 1024
_BLOCK = 256 * 1024


class Survey(NamedTuple):
    """folder: where the files lie. files and size: how many, and how many bytes together.
    digest: sha256 in hex over names and contents, in the names' order. note: what it leaves
    out, for people; None where it covers all.
    """

    folder: str
    files: int
    size: int
    digest: str
    note: str | None = None


class _Entry(NamedTuple):
    name: str
    path: Path
    size: int
    link: str | None = None


def survey(workdir: str | Path, *scripts: str, skip: Iterable[str | Path] = ()) -> Survey:
    """Look at a folder; nothing in it is changed.

    scripts: count in every case, also where they are ignored or lie elsewhere. skip: folders
    that are no code, such as the outputs. What cannot be read counts by its name only.
    """
    root = Path(workdir).absolute()
    found: dict[str, _Entry] = {}
    looked_at = 0
    for seen in walk(root, skip, most=MOST_ENTRIES):
        looked_at += 1
        if looked_at > MOST_ENTRIES:
            break
        if seen is not None and seen.trouble is None:
            entry = _entry(seen.name, seen.path, root)
            if entry is not None:
                found[entry.name] = entry
    for own in filter(None, (_script(root, script) for script in scripts)):
        found[own.name] = own
    return _counted(root, found, whole=looked_at <= MOST_ENTRIES)


def _counted(root: Path, found: dict[str, _Entry], *, whole: bool) -> Survey:
    hasher, left = hashlib.sha256(), MOST_BYTES
    by_size = 0
    for name in sorted(found):
        entry = found[name]
        if entry.link is None and entry.size > left:
            by_size += 1
            content = b"size %d" % entry.size
        else:
            content = _content(entry)
            left -= entry.size if entry.link is None else 0
        hasher.update(name.encode("utf-8", "surrogateescape") + b"\0" + content + b"\n")
    notes = []
    if by_size:
        notes.append(f"beyond 64 MiB of content, {by_size} file(s) count by size only")
    if not whole:
        notes.append(f"only the first {MOST_ENTRIES:,} entries of the folder were looked at")
    size = sum(entry.size for entry in found.values())
    return Survey(str(root), len(found), size, hasher.hexdigest(), "; ".join(notes) or None)


def _entry(name: str, path: Path, root: Path) -> _Entry | None:
    """A file, or a link; a link to a file inside the folder counts as that file."""
    try:
        state = path.lstat()
        if stat.S_ISREG(state.st_mode):
            return _Entry(name, path, state.st_size)
        if stat.S_ISLNK(state.st_mode):
            target = path.resolve()
            if target.is_relative_to(root.resolve()) and target.is_file():
                return _Entry(name, path, target.stat().st_size)
            return _Entry(name, path, 0, link=str(path.readlink()))
    except (OSError, RuntimeError):
        return _Entry(name, path, 0, link="")
    return None


def _script(root: Path, script: str) -> _Entry | None:
    path = Path(os.path.normpath(root / script))
    if not path.is_file():
        return None
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    return _Entry(name, path, path.stat().st_size)


def _content(entry: _Entry) -> bytes:
    """A digest of what an entry holds."""
    if entry.link is not None:
        return b"link " + os.fsencode(entry.link)
    hasher = hashlib.sha256()
    try:
        with entry.path.open("rb") as file:
            # No further than its size at the look: a log may grow faster than it is read.
            left = entry.size
            while left > 0 and (block := file.read(min(_BLOCK, left))):
                hasher.update(block)
                left -= len(block)
    except OSError:
        return b"unreadable"
    return hasher.digest()
