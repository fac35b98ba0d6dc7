"""The user's folder as names and bytes, for those who write it elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rankzero.code import refusals
from rankzero.code.choice import Item, choose


class Contents(NamedTuple):
    """files: by their names in the folder. programs: those that can be executed. left_out: names
    of secrets. notes: what else stays here, and why."""

    files: dict[str, bytes]
    programs: frozenset[str]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


def contents(
    workdir: str | Path,
    *scripts: str,
    skip: Iterable[str | Path] = (),
    most: int,
    advice: str,
) -> Contents:
    """What would travel (see `shipment.pack`). A link becomes the file that it leads to.

    most: bytes of all together; advice: what to do where there are more.
    Errors: as of `shipment.pack`.
    """
    root = Path(workdir).absolute()
    try:
        choice = choose(root, scripts, skip)
    except refusals.TooMuch as error:
        raise error.advised(advice) from None
    items = [item for item in choice.items if item.path.is_file()]
    sizes = {item.name: item.path.stat().st_size for item in items}
    if sum(sizes.values()) > most:
        raise refusals.too_large(root, sizes, most, advice=advice)
    return Contents(
        {item.name: _read(item) for item in items},
        frozenset(item.name for item in items if item.executable),
        choice.left_out,
        choice.notes,
    )


def _read(item: Item) -> bytes:
    try:
        return item.path.read_bytes()
    except OSError as error:
        raise refusals.unreadable(item.path, error) from error
