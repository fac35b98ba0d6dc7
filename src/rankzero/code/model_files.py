"""A model as it travels to a cluster: what the user named, all of it and nothing else."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from rankzero.agent.unpack import MOST_BYTES, MOST_FILES
from rankzero.code import refusals
from rankzero.code.archive import Changed, Gzip, TooLarge, write_tar
from rankzero.code.choice import Item
from rankzero.code.shipment import LIMIT, PART, Shipment
from rankzero.errors import BadRequest, Refused

_BLOCK = 1 << 20


def pack_model(path: Path) -> Shipment:
    """A file, or a folder with all that is in it.

    Errors: BadRequest where there is none; Refused where it is too large, with what to do instead.
    """
    found = items(path)
    size = sum(item.size for item in found)
    if size > MOST_BYTES or len(found) > MOST_FILES:
        raise _too_large(path, size)
    packing = Gzip(LIMIT)
    try:
        write_tar(found, packing.write)
        packed = packing.finish()
    except TooLarge:
        raise _too_large(path, size) from None
    except Changed as changed:
        raise Refused(f"{changed.path}, which would travel, changes while it is read.") from None
    except OSError as error:
        raise refusals.unreadable(path, error) from error
    parts = tuple(packed[at : at + PART] for at in range(0, len(packed), PART))
    return Shipment(parts, hashlib.sha256(packed).hexdigest(), len(found), size)


def identity(path: Path) -> str:
    """SHA-256 in hex over the names and contents of what would travel, of any size. Errors:
    BadRequest where there is none; Refused where it cannot be read."""
    told = hashlib.sha256()
    try:
        for item in items(path):
            told.update(os.fsencode(item.name) + b"\0%d\0" % item.size)
            with item.path.open("rb") as file:
                while block := file.read(_BLOCK):
                    told.update(block)
    except OSError as error:
        raise refusals.unreadable(path, error) from error
    return told.hexdigest()


def items(path: Path) -> list[Item]:
    """By name. Links are followed, to folders too: what they lead to was meant. One that leads back
    to a folder above it leads to nothing new. Errors: BadRequest, Refused."""
    if path.is_file():
        return [Item(path.name, path.resolve(), path.stat().st_size)]
    if not path.is_dir():
        raise BadRequest(
            f"--model: there is no {path}.", "On a volume it is: --model volume:CLAIM/PATH"
        )
    found = []
    try:
        for folder, inner, names in os.walk(path, onerror=_raise, followlinks=True):
            above = {one.resolve() for one in (Path(folder), *Path(folder).parents)}
            inner[:] = [one for one in inner if Path(folder, one).resolve() not in above]
            for name in names:
                file = Path(folder, name)
                if stat.S_ISREG(file.stat().st_mode):
                    inside = file.relative_to(path).as_posix()
                    found.append(Item(inside, file.resolve(), file.stat().st_size))
    except OSError as error:
        raise refusals.unreadable(Path(error.filename or path), error) from error
    if not found:
        raise BadRequest(f"--model: there is nothing in {path}.")
    return sorted(found, key=lambda item: os.fsencode(item.name))


def _raise(error: OSError) -> None:
    raise error


def _too_large(path: Path, size: int) -> Refused:
    return Refused(
        f"the model {path} is too large to travel with the code: {size / 1e6:,.1f} MB, and "
        f"{LIMIT >> 20} MiB compressed is the most.",
        "Put it on a volume, and name its place there: --model volume:CLAIM/PATH. A run writes "
        "there with --output-volume CLAIM. Or put it into the image: --model image:/PATH",
    )
