"""Pictures, and what only says that it is one."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any


def picture(kind: str, size: tuple[int, int] = (3, 2), **how: Any) -> bytes:
    """A black one, as a file."""
    import PIL.Image

    file = io.BytesIO()
    PIL.Image.new("RGB", size).save(file, kind, **how)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of some bytes that says it is so large."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + head + pixels + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
