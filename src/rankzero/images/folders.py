"""A user's folder as layers of images: what was made before is found by what is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from rankzero.code import refusals
from rankzero.code.archive import Changed, write_tar
from rankzero.code.choice import Item
from rankzero.images import layers
from rankzero.images.building import concerns
from rankzero.images.cache import Cache, Layer, key_of

#: It is packed again after each change: level 6 would take up to four times as long for 5 % less.
_LEVEL = 1
#: Hexadecimal digits of a folder's name.
_DIGITS = 32


class Laid(NamedTuple):
    """A layer with some of the files. what: `data` or `code`. name: the folder in which they lie
    there, a digest of them: their names, contents and executable bits."""

    what: str
    name: str
    layer: Layer


def lay(
    items: Iterable[Item],
    place: str,
    cache: Cache,
    there: Callable[[Layer], bool],
    told: Callable[[int], None] = lambda _bytes: None,
) -> tuple[Laid, ...]:
    """Make the layers, but for those that were made before. place: the folder in the image that
    theirs lie in. there: whether the registry has one whose file is gone. told: of how many bytes
    there are layers.

    Errors: Refused for a file that does not hold still or cannot be read, and for a full disk.
    """
    made, done = list[Laid](), 0
    for what, some in concerns(items):
        made.append(_laid(what, some, place, cache, there))
        done += sum(item.size for item in some)
        told(done)
    return tuple(made)


def _laid(
    what: str, items: list[Item], place: str, cache: Cache, there: Callable[[Layer], bool]
) -> Laid:
    before = {item.path: _stamp(item) for item in items}
    name = _digest(items)
    key = key_of("folder", 1, _LEVEL, place, name)
    known = cache.find(key)
    if known is not None and (cache.has(known) or there(known)):
        return Laid(what, name, known)
    layer = layers.layer(layers.below(items, f"{place}/{name}"), cache, _LEVEL)
    for item in items:  # what was read twice has to be the same: else the name would be another's
        if _stamp(item) != before[item.path]:
            raise refusals.restless(item.path)
    cache.keep(key, layer)
    return Laid(what, name, layer)


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


def _stamp(item: Item) -> tuple[int, int] | None:
    """What tells that somebody has written to it; None where it is gone."""
    try:
        state = item.path.lstat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns
