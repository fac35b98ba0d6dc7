"""The outputs' way home, as a tar archive out of the coordinator's pod."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import IO, cast

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.entering import execute
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused


class _Sent(io.RawIOBase):
    """What the pod sends, as a file."""

    def __init__(self, cluster: Cluster, found: Found) -> None:
        self._stream = execute(cluster, found, "outputs")
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if not self._rest:
            try:
                self._rest = self._stream.receive(None)
            except Lost:
                return 0
        part = self._rest[: len(buffer)]
        buffer[: len(part)] = part
        self._rest = self._rest[len(part) :]
        return len(part)

    def close(self) -> None:
        self._stream.close()
        super().close()


def fetch(cluster: Cluster, found: Found, to: Path) -> Path:
    """Copy rank 0's output folder here. Errors: Refused."""
    try:
        to.mkdir(parents=True, exist_ok=True)
        with (
            _Sent(cluster, found) as raw,
            tarfile.open(fileobj=cast("IO[bytes]", io.BufferedReader(raw)), mode="r|") as archive,
        ):
            for member in archive:
                _extract(archive, member, to)
    except (OSError, tarfile.TarError, Lost) as error:
        raise Refused(f"cannot fetch the outputs of {found.run} to {to}: {error}") from error
    return to


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, to: Path) -> None:
    """Files and folders only, and only below."""
    path = (to / member.name).resolve()
    if not path.is_relative_to(to.resolve()) or not (member.isfile() or member.isdir()):
        return
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    source = archive.extractfile(member)
    assert source is not None
    with source, part.open("wb") as file:
        while block := source.read(1024 * 1024):
            file.write(block)
    part.replace(path)
