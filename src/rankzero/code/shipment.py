"""The user's folder as it travels to a cluster: an archive, cut so that ConfigMaps can hold it.

`rankzero.agent.unpack` makes the folder of it again, on every node.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rankzero.agent.unpack import MOST_BYTES
from rankzero.code import refusals
from rankzero.code.archive import Changed, Gzip, TooLarge, write_tar
from rankzero.code.choice import Choice, choose

#: Bytes in a part. A ConfigMap may hold 1 MiB of data, its names and labels apart.
PART = 900 * 1024
#: Bytes of all parts together: what an API server and its etcd should be asked to keep for a run.
LIMIT = 16 * 1024 * 1024
#: A folder in which somebody works may change under our eyes; this often it is begun anew.
_TRIES = 3


class Shipment(NamedTuple):
    """parts: joined they are one .tar.gz. digest: sha256 of that in hex. files and size: how many
    entries, and the bytes in them. largest: their names and sizes, the heaviest first. left_out:
    secrets, by their names, that do not travel. notes: what else does not, each with its reason,
    for people.
    """

    parts: tuple[bytes, ...]
    digest: str
    files: int
    size: int
    largest: tuple[tuple[str, int], ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def pack(
    workdir: str | Path,
    *scripts: str,
    skip: Iterable[str | Path] = (),
    words: Iterable[str] = (),
    most: int = MOST_BYTES,
) -> Shipment:
    """Pack a folder; the same names, contents and executable bits give the same bytes.

    scripts: travel in every case, also where they are ignored. skip: folders that are no code, such
    as the outputs. words: files that travel also where they are ignored, but for secrets.
    most: bytes of content.
    Errors: Refused where the folder is too large, cannot be read, or does not hold still;
    BadRequest where a script lies outside of it.
    """
    root = Path(workdir).absolute()
    skip, words = tuple(skip), tuple(words)
    for _ in range(_TRIES):
        choice = choose(root, scripts, skip, words, most)
        try:
            packed = _packed(root, choice)
        except Changed as changed:
            restless = changed.path
        else:
            return _shipment(packed, choice)
    raise refusals.restless(restless)


def _packed(root: Path, choice: Choice) -> bytes:
    packing = Gzip(LIMIT)
    try:
        write_tar(choice.items, packing.write)
        return packing.finish()
    except TooLarge:
        sizes = {item.name: item.size for item in choice.items}
        raise refusals.too_large(root, sizes, LIMIT, packed=True) from None
    except OSError as error:
        raise refusals.unreadable(Path(error.filename or root), error) from error


def _shipment(packed: bytes, choice: Choice) -> Shipment:
    return Shipment(
        parts=tuple(packed[at : at + PART] for at in range(0, len(packed), PART)),
        digest=hashlib.sha256(packed).hexdigest(),
        files=len(choice.items),
        size=sum(item.size for item in choice.items),
        largest=largest(choice),
        left_out=choice.left_out,
        notes=choice.notes,
    )


def largest(choice: Choice) -> tuple[tuple[str, int], ...]:
    """Names and sizes, the heaviest first."""
    sizes = [(item.name, item.size) for item in choice.items]
    return tuple(sorted(sizes, key=lambda one: (-one[1], one[0])))
