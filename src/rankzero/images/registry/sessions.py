"""Uploads that had begun, by what they are of: whoever comes next goes on with them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from rankzero.images.files import write_json

#: So many are remembered, the newest of them: registries forget theirs after days.
_MOST = 100


class Sessions:
    """A hint and no more: a file that cannot be read, or written, only costs time."""

    def __init__(self, file: Path | None) -> None:
        """file: None remembers nothing beyond this process."""
        self._file = file
        self._places: dict[str, str] = {}
        if file is not None:
            with contextlib.suppress(OSError, ValueError, TypeError):
                self._places = dict(json.loads(file.read_text(encoding="utf-8")))

    def find(self, key: str) -> str | None:
        return self._places.get(key)

    def note(self, key: str, place: str) -> None:
        self._places.pop(key, None)
        self._places[key] = place
        self._write()

    def forget(self, key: str) -> None:
        if self._places.pop(key, None) is not None:
            self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        kept = dict(list(self._places.items())[-_MOST:])
        with contextlib.suppress(OSError):
            write_json(self._file, kept)  # whoever knows the place of an upload may write to it
