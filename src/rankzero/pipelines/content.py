"""Files and folders as contents: measured, sealed, brought to the disk, taken away."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from rankzero.driver.facts import Output

#: The longest value that a step may hand on (bytes of UTF-8).
LONGEST_VALUE = 32 * 1024
_CHUNK = 1024 * 1024


class BadOutput(Exception):
    """Something that cannot be handed on; the message says why."""


def value(path: Path) -> Output:
    """The short text in a file. Errors: BadOutput."""
    try:
        # A pipe would be waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadOutput("is no file with UTF-8 text")
            data = file.read(LONGEST_VALUE + 1)
        text = data.decode()
    except (OSError, UnicodeDecodeError):
        raise BadOutput("is no file with UTF-8 text") from None
    if len(data) > LONGEST_VALUE:
        raise BadOutput(f"is longer than {LONGEST_VALUE // 1024} KiB, the most that a value may be")
    if "\0" in text:
        raise BadOutput("holds a NUL character, which no command can be given")
    text = text.removesuffix("\n")
    return Output(hashlib.sha256(text.encode()).hexdigest(), value=text, size=len(data))


def measured(path: Path) -> tuple[str, int]:
    """SHA-256 over names, kinds and contents, and the bytes of the contents. Errors: BadOutput for
    what is neither a file nor a folder, or holds what is neither; OSError."""
    told, size = hashlib.sha256(), 0
    for name, one in files(path):
        info = one.lstat()
        kind = stat.S_IFMT(info.st_mode) | (info.st_mode & stat.S_IXUSR)
        if stat.S_ISDIR(info.st_mode):
            kind = stat.S_IFDIR  # whether one may be entered is nothing of its content
        told.update(f"{name}\0{kind:o}\0".encode(errors="surrogateescape"))
        if stat.S_ISREG(info.st_mode):
            told.update(f"{info.st_size}\0".encode())
            size += _read(one, told)
        elif stat.S_ISLNK(info.st_mode) and _leads_inside(name, one):
            told.update(f"{one.readlink()}\0".encode(errors="surrogateescape"))
        elif not stat.S_ISDIR(info.st_mode):
            raise BadOutput(f"holds {name or one.name}, which is neither a file nor a folder in it")
    return told.hexdigest(), size


def weight(path: Path) -> int:
    """The bytes of all files, by what the disk says of them; 0 for what is not there."""
    if not os.path.lexists(path):
        return 0
    infos = (one.lstat() for _, one in files(path))
    return sum(info.st_size for info in infos if stat.S_ISREG(info.st_mode))


def files(path: Path) -> Iterator[tuple[str, Path]]:
    """What is there, in an order that is the same everywhere; its own name is empty.

    Errors: OSError for a folder that cannot be listed.
    """
    yield "", path
    if path.is_symlink() or not path.is_dir():
        return
    for folder, folders, names in os.walk(path, onerror=_raise):
        folders.sort()
        for name in sorted([*names, *folders]):
            one = Path(folder, name)
            yield str(one.relative_to(path)), one


def own(path: Path) -> None:
    """Make a copy of each file that has another name somewhere: what is written there must not
    change what is handed on. Errors: OSError."""
    for _, one in files(path):
        info = one.lstat()
        if stat.S_ISREG(info.st_mode) and info.st_nlink > 1:
            copy = one.with_name(f".{one.name[:200]}.copy")
            shutil.copy2(one, copy)
            copy.replace(one)


def settle(path: Path) -> None:
    """Have the disk take all of it, and nobody write to it any more by mistake. The folder itself
    stays as it is, so that it can be moved. Errors: OSError."""
    for name, one in files(path):
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
    for _, one in files(path):
        writable(one)
    shutil.rmtree(path)


def _read(path: Path, told: hashlib._Hash) -> int:
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            told.update(chunk)
            size += len(chunk)
    return size


def _leads_inside(name: str, link: Path) -> bool:
    """Whether a link can only lead to something else in the same artifact."""
    target = link.readlink()
    way = os.path.normpath(Path(name).parent / target)
    return bool(name) and not target.is_absolute() and not way.startswith("..")


def _raise(error: OSError) -> None:
    raise error
