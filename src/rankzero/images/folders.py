"""A user's folder as layers of images: what was made before is found by what is in it."""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from rankzero.code import refusals
from rankzero.code.archive import Changed, write_tar
from rankzero.code.choice import Item
from rankzero.images import layers
from rankzero.images.building import DATA, concerns
from rankzero.images.cache import Cache, Layer, key_of
from rankzero.plan.model import LayeredPart

#: It is packed again after each change: level 6 would take up to four times as long for 5 % less.
_LEVEL = 1
#: Of so many large files so many bytes are tried: what gets no smaller (pictures, weights) is not
#: packed.
_TRIED, _BEGINNING, _NO_LESS = 16, 64 << 10, 0.9
#: Hexadecimal digits of a folder's name.
_DIGITS = 32


def lay(
    items: Iterable[Item],
    place: str,
    cache: Cache,
    there: Callable[[Layer], bool],
    told: Callable[[int], None] = lambda _bytes: None,
) -> tuple[LayeredPart, ...]:
    """Make the layers, but for those that were made before. place: the folder in the image that
    theirs lie in. there: whether the registry has one whose file is gone. told: again and again, of
    how many bytes there are layers.

    Errors: Refused for a file that does not hold still or cannot be read, and for a full disk.
    """
    made, done = list[LayeredPart](), 0
    for what, some in concerns(items):
        size = sum(item.size for item in some)
        far = partial(_tell, told, done, size)
        folder, layer = _laid(what, some, place, cache, there, far)
        made.append(LayeredPart(what, folder, layer.digest, layer.plain, layer.size, layer.files))
        done += size
        told(done)
    return tuple(made)


def _tell(told: Callable[[int], None], before: int, size: int, packed: int) -> None:
    """An archive is somewhat larger than what is in it."""
    told(before + min(packed, size))


def _laid(
    what: str,
    items: list[Item],
    place: str,
    cache: Cache,
    there: Callable[[Layer], bool],
    told: Callable[[int], None],
) -> tuple[str, Layer]:
    """With the folder's name, a digest of names, contents and executable bits."""
    before = {item.path: _stamp(item) for item in items}
    name = _digest(items)
    key = key_of("folder", 1, place, name)
    known = cache.find(key)
    if known is not None and (cache.has(known) or there(known)):
        return name, known
    level = _level(items) if what == DATA else _LEVEL
    layer = layers.layer(layers.below(items, f"{place}/{name}"), cache, level, told)
    for item in items:  # what was read twice has to be the same: else the name would be another's
        if _stamp(item) != before[item.path]:
            raise refusals.restless(item.path)
    cache.keep(key, layer)
    return name, layer


def _digest(items: list[Item]) -> str:
    """Of what an archive of them would hold."""
    told = hashlib.sha256()
    try:
        write_tar(items, told.update)
    except Changed as changed:
        raise refusals.restless(changed.path) from None
    except OSError as error:
        raise refusals.unreadable(Path(str(error.filename)), error) from error
    return told.hexdigest()[:_DIGITS]


def _level(items: list[Item]) -> int:
    """Of gzip, by how the largest files begin: so the same content is packed in the same way."""
    largest = sorted(items, key=lambda item: (-item.size, item.name))[:_TRIED]
    sample = b"".join(_beginning(item) for item in largest)
    return 0 if len(zlib.compress(sample, _LEVEL)) > _NO_LESS * len(sample) else _LEVEL


def _beginning(item: Item) -> bytes:
    """Of what is a file; one that cannot be read is told when it is packed."""
    if item.link is not None:
        return b""
    with contextlib.suppress(OSError), item.path.open("rb") as file:
        return file.read(_BEGINNING)
    return b""


def _stamp(item: Item) -> tuple[int, int] | None:
    """What tells that somebody has written to it; None where it is gone."""
    try:
        state = item.path.lstat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns
