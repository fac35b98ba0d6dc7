"""Folders of pictures in the form of Labeled Faces in the Wild: NAME/NAME_0001.png."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

ENDINGS = (".png", ".jpg", ".jpeg")


class Faces(NamedTuple):
    """Pictures (count x size x size x 3, uint8), whose they are (places in `names`), and each
    one's path in its folder."""

    pictures: np.ndarray
    owners: np.ndarray
    names: list[str]
    paths: list[str]


def find(folder: Path, least: int = 1) -> dict[str, list[Path]]:
    """Everybody's pictures, of those who have at least `least`. Errors: ValueError, where nobody
    has."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*/*")):
        if path.suffix.lower() in ENDINGS:
            found.setdefault(path.parent.name, []).append(path)
    kept = {name: paths for name, paths in found.items() if len(paths) >= least}
    if not kept:
        few = f" of which anybody has {least} or more" if found else ""
        raise ValueError(f"{folder} has no pictures NAME/NAME_0001.png{few}")
    if len(kept) < len(found):
        print(f"left out {len(found) - len(kept)} names with fewer than {least} pictures")
    return kept


def read(folder: Path, size: int, crop: float = 1.0) -> Faces:
    """All pictures of a folder. crop: the middle part that is kept. Errors: ValueError."""
    people = find(folder)
    paths = [path for some in people.values() for path in some]
    return Faces(
        pictures=np.stack([fit(path.read_bytes(), size, crop, str(path)) for path in paths]),
        owners=np.repeat(np.arange(len(people)), [len(some) for some in people.values()]),
        names=[*people],
        paths=[path.relative_to(folder).as_posix() for path in paths],
    )


def fit(data: bytes, size: int, crop: float = 1.0, called: str = "the picture") -> np.ndarray:
    """A PNG or JPEG as size x size x 3 of uint8. Errors: ValueError, where it is neither."""
    import tensorflow as tf

    try:
        picture = tf.io.decode_image(data, channels=3, expand_animations=False)
    except tf.errors.InvalidArgumentError:
        raise ValueError(f"{called} is no PNG and no JPEG") from None
    return resized(picture.numpy(), size, crop)


def resized(picture: np.ndarray, size: int, crop: float = 1.0) -> np.ndarray:
    """The square in a picture's middle, at another size."""
    import tensorflow as tf

    high, wide = picture.shape[:2]
    side = max(1, round(min(high, wide) * crop))
    top, left = (high - side) // 2, (wide - side) // 2
    square = picture[top : top + side, left : left + side]
    scaled = tf.image.resize(square, [size, size], method="area").numpy()
    return scaled.clip(0, 255).round().astype(np.uint8)


def png(picture: np.ndarray) -> bytes:
    """A picture (height x width x 3, uint8) as a file, made with what every Python has."""
    high, wide = picture.shape[:2]
    rows = np.concatenate([np.zeros((high, 1), np.uint8), picture.reshape(high, -1)], axis=1)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 6)),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
