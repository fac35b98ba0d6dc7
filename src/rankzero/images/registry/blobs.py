"""Contents that lie in a registry, or are on their way there: known by their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

#: What is read, and sent, at once (bytes).
CHUNK = 8 << 20


class Blob(NamedTuple):
    """digest: `sha256:...`. size: in bytes. read: its bytes from one on, in pieces. about: more of
    its descriptor: its media type, annotations."""

    digest: str
    size: int
    read: Callable[[int], AbstractContextManager[Iterator[bytes]]]
    about: dict[str, Any]

    @property
    def descriptor(self) -> dict[str, Any]:
        """As a manifest names it."""
        return {"mediaType": self.about["mediaType"], "digest": self.digest, "size": self.size}


def of_bytes(data: bytes, kind: str) -> Blob:
    """kind: its media type."""

    @contextmanager
    def read(start: int) -> Iterator[Iterator[bytes]]:
        yield iter([data[start:]])

    return Blob(digest_of(data), len(data), read, {"mediaType": kind})


def of_file(path: Path, digest: str, kind: str) -> Blob:
    """digest: of what the file holds."""

    @contextmanager
    def read(start: int) -> Iterator[Iterator[bytes]]:
        with path.open("rb") as file:
            file.seek(start)
            yield iter(lambda: file.read(CHUNK), b"")

    return Blob(digest, path.stat().st_size, read, {"mediaType": kind})


@contextmanager
def nothing(_start: int) -> Iterator[Iterator[bytes]]:
    """Of what must be there already."""
    yield iter(())


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def chunks(pieces: Iterator[bytes], size: int = CHUNK) -> Iterator[bytes]:
    """The same bytes in pieces of one size, but for the last."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)
