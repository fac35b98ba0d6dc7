"""A bundle: files in memory, each through the redaction, and the one file that they become."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import IO, Any, NamedTuple

from rankzero.agent.worded import in_words
from rankzero.doctor.bundle.redaction import Redaction
from rankzero.errors import BadRequest, Refused

#: Of a text the end is kept: what happened last (characters).
_MOST = 2_000_000
_CUT = "(what came before was left out)\n"


class Entry(NamedTuple):
    """size: in bytes, as it lies in the bundle before that is compressed."""

    path: str
    size: int


class Bundle:
    """name: of the folder that it unpacks to. now: seconds since the epoch."""

    def __init__(self, name: str, redaction: Redaction, now: float) -> None:
        self._name, self._redaction, self._now = name, redaction, now
        self._files: dict[str, bytes] = {}

    @property
    def entries(self) -> list[Entry]:
        return [Entry(path, len(data)) for path, data in sorted(self._files.items())]

    def add(self, path: str, content: Any) -> None:  # noqa: ANN401
        """A text, or what JSON holds. Nothing comes in by any other way."""
        if isinstance(content, str):
            clean = self._redaction.text(content)
            clean = clean if len(clean) <= _MOST else _CUT + clean[-_MOST:]
        else:
            # Whatever is no JSON by itself (a time, a path) is told by its words.
            plain = json.loads(json.dumps(content, default=str))
            clean = json.dumps(self._redaction.data(plain), indent=1, ensure_ascii=False) + "\n"
        self._files[path] = clean.encode("utf-8", "replace")

    def write(self, file: Path) -> None:
        """For its owner alone. Errors: BadRequest where there is such a file, Refused where it
        cannot be written."""
        whole = io.BytesIO()
        with tarfile.open(fileobj=whole, mode="w:gz") as archive:
            for path, data in sorted(self._files.items()):
                entry = tarfile.TarInfo(f"{self._name}/{path}")
                entry.size, entry.mtime, entry.mode = len(data), int(self._now), 0o600
                archive.addfile(entry, io.BytesIO(data))
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with open(os.open(file, flags, 0o600), "wb") as made:  # noqa: PTH123
                self._fill(made, file, whole.getvalue())
        except FileExistsError:
            raise BadRequest(f"--bundle: {file} is there already.", "Name another one") from None
        except OSError as error:
            raise Refused(f"--bundle: {file} cannot be written: {in_words(error)}.") from error

    @staticmethod
    def _fill(made: IO[bytes], file: Path, data: bytes) -> None:
        """A part of it is of no use, and would be in the way of the next try."""
        try:
            made.write(data)
            made.flush()
        except OSError:
            file.unlink(missing_ok=True)
            raise
