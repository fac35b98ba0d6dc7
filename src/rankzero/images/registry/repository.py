"""One repository of a registry: what is read from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx2

from rankzero.errors import Refused
from rankzero.images.names import Name
from rankzero.images.registry.blobs import Blob
from rankzero.images.registry.reach import Reach

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker.distribution.manifest"
#: The media types of what stands for an image of several platforms, and for one.
INDEXES = (f"{OCI}.index.v1+json", f"{DOCKER}.list.v2+json")
MANIFESTS = (f"{OCI}.manifest.v1+json", f"{DOCKER}.v2+json")
#: A manifest larger than this is none (bytes): the specification's advice is 4 MiB.
_LARGEST = 8 << 20


class Document(NamedTuple):
    """A manifest, or an index, as it lies there."""

    data: bytes
    kind: str
    digest: str

    @property
    def tree(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.data)
        return found


class Repository:
    """name: the image that is meant, whose tag does not count here."""

    def __init__(self, reach: Reach, name: Name) -> None:
        self.reach, self.name = reach, name
        self.path = f"/v2/{name.repository}"

    def document(self, reference: str) -> Document:
        """By tag or digest. Errors: Absent, Denied, Silent, Refused for what is no manifest."""
        what = f"give {self.name._replace(tag=None, digest=None)}:{reference}"
        headers = {"Accept": ", ".join((*INDEXES, *MANIFESTS))}
        answer = self.reach.call("GET", f"{self.path}/manifests/{reference}", headers=headers)
        data = self.reach.checked(answer, what).content
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if kind not in (*INDEXES, *MANIFESTS) or len(data) > _LARGEST:
            said = f"it is {kind}" if kind else "it does not say what it is"
            raise Refused(f"{self.name} is no image that can be built upon: {said}.")
        if ":" in reference and reference != digest:
            raise Refused(f"{self.reach.registry} gave something else than {reference}.")
        return Document(data, kind, digest)

    def has(self, digest: str) -> bool:
        """Whether a content is there. Errors: Denied, Silent, Refused."""
        answer = self.reach.call("HEAD", f"{self.path}/blobs/{digest}")
        if answer.status_code == 404:
            return False
        self.reach.checked(answer, f"look into {self.name.repository}")
        return True

    def has_image(self, digest: str) -> bool:
        """The same of a manifest, or an index."""
        headers = {"Accept": ", ".join((*INDEXES, *MANIFESTS))}
        answer = self.reach.call("HEAD", f"{self.path}/manifests/{digest}", headers=headers)
        if answer.status_code == 404:
            return False
        self.reach.checked(answer, f"look into {self.name.repository}")
        return True

    def blob(self, descriptor: dict[str, Any]) -> Blob:
        """What a manifest names, to be read where it is."""

        @contextmanager
        def read(start: int) -> Iterator[Iterator[bytes]]:
            with self._reading(descriptor["digest"], start) as pieces:
                yield pieces

        return Blob(descriptor["digest"], int(descriptor["size"]), read, descriptor)

    def small(self, descriptor: dict[str, Any]) -> bytes:
        """A content as a whole, checked. Errors: also Refused for another one."""
        with self.blob(descriptor).read(0) as pieces:
            data = b"".join(pieces)
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != descriptor["digest"]:
            raise Refused(f"{self.reach.registry} gave something else than {descriptor['digest']}.")
        return data

    @contextmanager
    def _reading(self, digest: str, start: int) -> Iterator[Iterator[bytes]]:
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={start}-"} if start else {})}
        path = f"{self.path}/blobs/{digest}"
        answer = self.reach.call("GET", path, headers=headers, stream=True)
        try:
            self.reach.checked(answer, f"give {digest} of {self.name.repository}", (200, 206))
            skipped = 0 if answer.status_code == 206 else start
            yield told(self.reach, past(answer.iter_raw(), skipped))
        finally:
            answer.close()


def past(pieces: Iterator[bytes], start: int) -> Iterator[bytes]:
    """All but the first bytes."""
    for piece in pieces:
        if start < len(piece):
            yield piece[start:]
        start = max(start - len(piece), 0)


def told(reach: Reach, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What breaks off says so. Errors: Silent."""
    try:
        yield from pieces
    except httpx2.RequestError as error:
        raise reach.silent(error) from error
