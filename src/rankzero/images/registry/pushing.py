"""Contents sent to a repository: each but once, and on from where it was cut off.

The OCI distribution specification, "Pushing a blob in chunks", "Mounting a blob".
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import quote, urljoin

import httpx2

from rankzero.errors import Refused
from rankzero.images.registry.blobs import Blob, chunks
from rankzero.images.registry.reach import Silent
from rankzero.images.registry.repository import Repository
from rankzero.images.registry.sessions import Sessions

#: So often a registry that has gone silent is tried again, with a longer wait each time (seconds).
_TRIES, _FIRST = 5, 0.5
#: Of a content, by its digest: how many of its bytes are there now.
Told = Callable[[str, int], None]


class _Elsewhere(Exception):
    """Somebody else goes on with the same upload, or it is gone."""


class Pushing:
    """Into one repository. sessions: what earlier pushes had begun. told: how far each content is.
    sent: how many bytes had to be sent."""

    def __init__(
        self, to: Repository, sessions: Sessions, told: Told = lambda _digest, _bytes: None
    ) -> None:
        self._to, self._sessions, self._told = to, sessions, told
        self.sent = 0

    def push(self, blob: Blob, mounted_from: str | None = None) -> None:
        """See to it that a content is there. mounted_from: another repository of this registry that
        has it. Errors: Denied, Silent, Refused."""
        if not self._to.has(blob.digest) and not self._mounted(blob, mounted_from):
            self._send(blob)
        self._told(blob.digest, blob.size)
        self._sessions.forget(self._key(blob))

    def manifest(self, data: bytes, kind: str, reference: str) -> None:
        """The last step, which makes an image of what is there. Errors: Denied, Silent, Refused."""
        path = f"{self._to.path}/manifests/{reference}"
        answer = self._to.reach.call("PUT", path, headers={"Content-Type": kind}, content=data)
        self._to.reach.checked(answer, f"take {self._to.name.repository}:{reference}", (201,))
        self.sent += len(data)

    def _mounted(self, blob: Blob, repository: str | None) -> bool:
        if repository is None or self._sessions.find(self._key(blob)) is not None:
            return False
        asked = f"mount={quote(blob.digest)}&from={quote(repository, safe='')}"
        answer = self._to.reach.call("POST", f"{self._to.path}/blobs/uploads/?{asked}")
        if answer.status_code == 202:  # it does not know it there, and has begun an upload
            self._sessions.note(self._key(blob), self._place(answer))
        return answer.status_code == 201

    def _send(self, blob: Blob) -> None:
        """However often the way is cut, as long as it gets further."""
        wait, tries, furthest = _FIRST, _TRIES, -1
        while True:
            try:
                place, at = self._session(blob)
                if at > furthest:
                    wait, tries, furthest = _FIRST, _TRIES, at
                self._finish(blob, self._rest(blob, place, at))
            except (Silent, _Elsewhere) as error:
                tries -= 1
                if not tries:
                    raise self._given_up(blob, error) from error
                time.sleep(wait)  # a registry that is busy, or starts anew, is left alone
                wait *= 2
            else:
                return

    def _given_up(self, blob: Blob, error: Exception) -> Exception:
        if isinstance(error, Silent):
            return error
        return Refused(f"{self._to.reach.registry} loses what it was sent of {blob.digest}.")

    def _session(self, blob: Blob) -> tuple[str, int]:
        """Where to send it, and how much of it is there. Errors: Silent."""
        key = self._key(blob)
        if (known := self._sessions.find(key)) is not None:
            answer = self._to.reach.call("GET", known)
            if answer.status_code in (200, 202, 204):
                place = self._place(answer, known)
                self._sessions.note(key, place)
                return place, _there(answer)
            if answer.status_code >= 500 or answer.status_code == 429:
                self._to.reach.checked(answer, f"say what it has of {blob.digest}")
            self._sessions.forget(key)
        answer = self._to.reach.call("POST", f"{self._to.path}/blobs/uploads/")
        self._to.reach.checked(answer, f"take anything into {self._to.name.repository}", (202,))
        place = self._place(answer)
        self._sessions.note(key, place)
        return place, 0

    def _rest(self, blob: Blob, place: str, at: int) -> str:
        self._told(blob.digest, at)
        if at >= blob.size:
            return place
        with blob.read(at) as pieces:
            for chunk in chunks(pieces):
                headers = {
                    "Content-Type": "application/octet-stream",
                    "Content-Range": f"{at}-{at + len(chunk) - 1}",
                }
                answer = self._to.reach.call("PATCH", place, headers=headers, content=chunk)
                if answer.status_code in (404, 416):  # it has another idea of what is there
                    raise _Elsewhere
                self._to.reach.checked(answer, f"take a part of {blob.digest}", (202,))
                at += len(chunk)
                self.sent += len(chunk)
                place = self._place(answer, place)
                self._sessions.note(self._key(blob), place)
                self._told(blob.digest, at)
        return place

    def _finish(self, blob: Blob, place: str) -> None:
        joint = "&" if "?" in place else "?"
        try:
            answer = self._to.reach.call("PUT", f"{place}{joint}digest={quote(blob.digest)}")
        except Silent:
            if self._to.has(blob.digest):  # the answer alone was lost
                return
            raise
        if answer.status_code == 404 and self._to.has(blob.digest):
            return
        if answer.status_code == 400:  # what came together there is not what was meant
            self._sessions.forget(self._key(blob))
        self._to.reach.checked(answer, f"take {blob.digest}", (201,))

    def _place(self, answer: httpx2.Response, known: str | None = None) -> str:
        """Where to go on; a registry behind a proxy that ends TLS may not know that it is asked by
        TLS. known: where it was until now."""
        location = answer.headers.get("Location")
        if not location and known is None:
            raise Refused(f"{self._to.reach.registry} does not say where to send anything.")
        place = httpx2.URL(urljoin(str(answer.url), location or str(known)))
        if answer.url.scheme == "https" and place.host == answer.url.host:
            place = place.copy_with(scheme="https")
        return str(place)

    def _key(self, blob: Blob) -> str:
        return f"{self._to.reach.registry}/{self._to.name.repository}@{blob.digest}"


def _there(answer: httpx2.Response) -> int:
    """How many bytes of a content have come."""
    found = re.fullmatch(r"(?:bytes=)?(\d+)-(\d+)", answer.headers.get("Range", ""))
    if found is None or found[2] == "0":  # `0-0` is said of none, and of one
        return 0
    return int(found[2]) + 1
