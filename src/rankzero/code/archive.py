"""Files as a .tar.gz that depends on their names, contents and executable bits alone."""

from __future__ import annotations

import errno
import os
import stat
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from rankzero.agent.unpack import ENCODING, ERRORS
from rankzero.code.choice import Item

_BLOCK = 256 * 1024
#: What opening says of a file that was removed, or made something else.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)
#: No name and no time in it, and no system: the same bytes from every machine.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Changed(Exception):
    """A file is not, or no longer, what it was when it was chosen. path: that file."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class TooLarge(Exception):
    """What was written does not fit."""


class Gzip:
    """Takes bytes, keeps them compressed. Errors: TooLarge as soon as they exceed the limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._packed = bytearray(_GZIP_HEADER)
        self._compressor = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._crc = self._size = 0

    def write(self, data: bytes) -> None:
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._keep(self._compressor.compress(data))

    def finish(self) -> bytes:
        """All of it; nothing may be written any more."""
        self._keep(self._compressor.flush())
        self._keep(struct.pack("<LL", self._crc, self._size & 0xFFFFFFFF))
        return bytes(self._packed)

    def _keep(self, packed: bytes) -> None:
        self._packed += packed
        if len(self._packed) > self._limit:
            raise TooLarge


def write_tar(items: Iterable[Item], write: Callable[[bytes], None]) -> None:
    """The archive, piece by piece; a file is never held as a whole.

    Errors: Changed, and OSError for a file that is there but cannot be read; what was written
    until then is no archive.
    """
    for item in items:
        write(_header(item))
        if item.link is None:
            _write_content(item, write)
            write(bytes(-item.size % tarfile.BLOCKSIZE))
    write(bytes(2 * tarfile.BLOCKSIZE))


def _header(item: Item) -> bytes:
    header = tarfile.TarInfo(_same_bytes(item.name))
    header.mode = 0o755 if item.executable else 0o644
    if item.link is None:
        header.size = item.size
    else:
        header.type, header.linkname, header.mode = tarfile.SYMTYPE, _same_bytes(item.link), 0o777
    return header.tobuf(tarfile.GNU_FORMAT, ENCODING, ERRORS)


def _same_bytes(name: str) -> str:
    """A name of this system's encoding, such that the archive's encoding gives the same bytes."""
    return os.fsencode(name).decode(ENCODING, ERRORS)


def _write_content(item: Item, write: Callable[[bytes], None]) -> None:
    """Exactly as many bytes as the header says, of a file that holds still meanwhile."""
    # A file may have become a link or a pipe: neither is followed or waited for.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(item.path, flags)
    except OSError as error:
        if error.errno in _GONE:
            raise Changed(item.path) from error
        raise
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode) or before.st_size != item.size:
            raise Changed(item.path)
        left = item.size
        while left > 0 and (block := os.read(fd, min(_BLOCK, left))):
            write(block)
            left -= len(block)
        after = os.fstat(fd)
    finally:
        os.close(fd)
    if left or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise Changed(item.path)
