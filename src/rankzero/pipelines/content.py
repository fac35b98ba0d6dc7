"""Artifacts on this machine's disk: weighed, sealed, brought to the disk, taken away."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from rankzero.agent import artifacts


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    return ((name, Path(one)) for name, one in artifacts.files(str(path)))


def weight(path: Path) -> int:
    """The bytes of all files, by what the disk says of them; 0 for what is not there."""
    if not os.path.lexists(path):
        return 0
    infos = (one.lstat() for _, one in _files(path))
    return sum(info.st_size for info in infos if stat.S_ISREG(info.st_mode))


def own(path: Path) -> None:
    """Make a copy of each file that has another name somewhere: what is written there must not
    change what is handed on. Errors: OSError."""
    for _, one in _files(path):
        info = one.lstat()
        if stat.S_ISREG(info.st_mode) and info.st_nlink > 1:
            copy = one.with_name(f".{one.name[:200]}.copy")
            shutil.copy2(one, copy)
            copy.replace(one)


def settle(path: Path) -> None:
    """Have the disk take all of it, and nobody write to it any more by mistake. The folder itself
    stays as it is, so that it can be moved. Errors: OSError."""
    for name, one in _files(path):
        if one.is_symlink():
            continue
        sync(one)
        if name or not one.is_dir():
            one.chmod(one.stat().st_mode & ~0o222)
    if path.is_dir():
        writable(path)


def writable(path: Path) -> None:
    """Let it be moved, or emptied."""
    if path.is_dir() and not path.is_symlink():
        path.chmod(path.stat().st_mode | 0o700)


def sync(path: Path) -> None:
    """Wait until the disk has a file's content, or a folder's names. Errors: OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove(path: Path) -> None:
    """Take away what may have been sealed. Errors: OSError."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for _, one in _files(path):
        writable(one)
    shutil.rmtree(path)
