"""Files as a layer of an image: the same names, contents and modes give the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from rankzero.code import refusals
from rankzero.code.archive import Changed, write_tar
from rankzero.code.choice import Item
from rankzero.errors import Refused
from rankzero.images.cache import Cache, Layer

#: Of a layer's file.
KIND = "application/vnd.oci.image.layer.v1.tar+gzip"
#: What layers take out of those below them (OCI image layer specification, "Whiteouts").
_WHITEOUT = re.compile(r"(?:^|/)\.wh\.")
#: How hard to pack: for what is sent once and fetched often.
LEVEL = 6


class _Hashing:
    """A file that knows what was written to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.told, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.told.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def layer(
    items: Iterable[Item],
    cache: Cache,
    level: int = LEVEL,
    told: Callable[[int], None] = lambda _bytes: None,
) -> Layer:
    """items: by their names in the image, without a leading `/`. level: of gzip. told: how much is
    packed, again and again. Errors: Refused for a file that does not hold still or cannot be read,
    and for a disk that is full; BadRequest for a name that means something else in a layer."""
    chosen = sorted(items, key=lambda item: item.name)
    if hidden := [item.path for item in chosen if _WHITEOUT.search(item.name)]:
        raise refusals.taken_out(hidden)
    try:
        with tempfile.NamedTemporaryFile(dir=cache.scratch(), delete=False) as file:
            try:
                made = _packed(chosen, file, level, told)
                file.flush()
                Path(file.name).replace(cache.file(made.digest))
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except Changed as changed:
        raise refusals.restless(changed.path) from None
    except OSError as error:
        if error.filename is not None and not str(error.filename).startswith(str(cache.folder)):
            raise refusals.unreadable(Path(error.filename), error) from error
        raise Refused(
            f"a layer cannot be kept in {cache.folder}: {error.strerror}.",
            "Point XDG_CACHE_HOME at a folder with room",
        ) from error
    return made


def _packed(items: list[Item], file: IO[bytes], level: int, told: Callable[[int], None]) -> Layer:
    outer, plain, done = _Hashing(file), hashlib.sha256(), 0
    # Neither a name nor a time: the same bytes from every machine.
    with gzip.GzipFile("", "wb", level, outer, mtime=0) as packing:

        def write(data: bytes) -> None:
            nonlocal done
            plain.update(data)
            packing.write(data)
            done += len(data)
            told(done)

        write_tar(items, write)
    digest = f"sha256:{outer.told.hexdigest()}"
    return Layer(digest, f"sha256:{plain.hexdigest()}", outer.size, len(items))


def tree(root: Path) -> list[Item]:
    """All files below a folder, by their place in it."""
    found = []
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*names, *links):
            path = Path(folder) / name
            inner = path.relative_to(root).as_posix()
            if path.is_symlink():
                found.append(Item(inner, path, link=str(path.readlink())))
            else:
                state = path.stat()
                found.append(Item(inner, path, state.st_size, bool(state.st_mode & 0o100)))
    return found


def below(items: Iterable[Item], place: str) -> list[Item]:
    """The same in a folder of the image."""
    inner = place.strip("/")
    return [item._replace(name=f"{inner}/{item.name}" if inner else item.name) for item in items]
