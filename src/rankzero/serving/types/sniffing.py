"""What a file is and how large a picture it holds, by its first bytes: before any decoder sees
it."""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

#: How much of a JPEG is looked through for its size: a camera's notes come before it.
_FAR = 4 << 20


class Seen(NamedTuple):
    """format: a picture's, as in `image/FORMAT`. width, height: 0 where the head is cut off."""

    format: str
    width: int
    height: int


def picture(file: BinaryIO) -> Seen | None:
    """What a file's head says; None where it is no picture that is known. The file is then at its
    beginning again."""
    try:
        file.seek(0)
        return _seen(file.read(64), file)
    except (struct.error, IndexError):
        return None
    finally:
        file.seek(0)


def other(head: bytes) -> str:
    """A word for what is no picture, for messages."""
    for start, word in _OTHERS:
        if head.startswith(start):
            return word
    return "nothing known"


_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"<svg", "an SVG"),
    (b"<?xml", "XML"),
    (b"<", "HTML or XML"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"\x7fELF", "a program"),
    (b"RIFF", "audio or video"),
    (b"ID3", "audio"),
    (b"{", "JSON"),
)


def _seen(head: bytes, file: BinaryIO) -> Seen | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Seen("png", *_pair(">II", head, 16))
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return Seen("gif", *_pair("<HH", head, 6))
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Seen("webp", *_webp(head))
    if head.startswith(b"BM") and len(head) > 26:
        width, height = struct.unpack_from("<ii", head, 18)
        return Seen("bmp", abs(width), abs(height))
    if head.startswith(b"\xff\xd8\xff"):
        return Seen("jpeg", *_jpeg(file))
    return None


def _pair(form: str, head: bytes, at: int) -> tuple[int, int]:
    if len(head) < at + struct.calcsize(form):
        return 0, 0
    width, height = struct.unpack_from(form, head, at)
    return width, height


def _webp(head: bytes) -> tuple[int, int]:
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = _pair("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg(file: BinaryIO) -> tuple[int, int]:
    """The size is in the first frame's header, behind any number of other segments."""
    file.seek(2)
    while file.tell() < _FAR:
        marker = file.read(2)
        if len(marker) < 2 or marker[0] != 0xFF:
            break
        if marker[1] == 0xFF:  # a fill byte
            file.seek(-1, 1)
            continue
        if 0xD0 <= marker[1] <= 0xD9 or marker[1] == 0x01:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if 0xC0 <= marker[1] <= 0xCF and marker[1] not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        file.seek(length - 2, 1)
    return 0, 0
