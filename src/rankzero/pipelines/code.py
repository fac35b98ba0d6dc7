"""What a step's result depends on beside its inputs: the files that its command may read."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from rankzero.code.walk import walk
from rankzero.errors import BadRequest, Refused

#: More than this is data, and no code (files; bytes).
_FILES, _BYTES = 50_000, 1024**3
_CHUNK = 1024 * 1024
_REMEDY = "Say what its steps depend on, such as code: [train.py, model/]; or leave files out in "


class Code:
    """The files of a work folder by their content; each is read once.

    skip: folders in it that are no code, such as outputs. most: files and bytes that may be code.
    """

    def __init__(
        self, workdir: Path, skip: tuple[Path, ...] = (), most: tuple[int, int] = (_FILES, _BYTES)
    ) -> None:
        self._workdir, self._skip = workdir, skip
        self._most_files, self._most_bytes = most
        self._files: dict[Path, str] = {}
        self._digests: dict[tuple[str, ...], str] = {}
        self._bytes = 0

    def digest(self, paths: tuple[str, ...] = ()) -> str:
        """SHA-256 over names and contents: of these files and folders, or of the whole folder but
        for what the ignore rules leave out.

        Errors: BadRequest for a path that is not there; Refused for what cannot be read, or is
        too much to be code.
        """
        if paths not in self._digests:
            told = hashlib.sha256()
            for name, path in self._chosen(paths):
                told.update(f"{name}\0{self._one(path)}\0".encode(errors="surrogateescape"))
            self._digests[paths] = told.hexdigest()
        return self._digests[paths]

    def stamp(self, paths: tuple[str, ...] = ()) -> str:
        """What changes whenever one of these files is written to, or replaced: cheaper than their
        contents, and different also where they are changed back. Errors: as of `digest`."""
        told = hashlib.sha256()
        for name, path in self._chosen(paths):
            with contextlib.suppress(FileNotFoundError):
                info = path.stat()
                seen = f"{name}\0{info.st_size} {info.st_mtime_ns} {info.st_ino}\0"
                told.update(seen.encode(errors="surrogateescape"))
        return told.hexdigest()

    def _chosen(self, paths: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
        for path in paths or (".",):
            place = self._workdir / path
            if place.is_dir():
                name = "" if path == "." else f"{os.path.normpath(path)}/"
                yield from ((name + inner, file) for inner, file in self._folder(place))
            elif place.is_file():
                yield os.path.normpath(path), place
            else:
                raise BadRequest(
                    f"code: there is no {path} in {self._workdir}; nothing was started.",
                    "Name files and folders from the work folder on.",
                )

    def _folder(self, folder: Path) -> Iterator[tuple[str, Path]]:
        count = 0
        for found in walk(folder, self._skip, most=self._most_files):
            if found is None or not found.path.is_file():
                continue
            count += 1
            if count > self._most_files:
                raise self._too_much(folder, f"more than {self._most_files:,} files")
            yield found.name, found.path

    def _one(self, path: Path) -> str:
        if path not in self._files:
            told = hashlib.sha256()
            try:
                with path.open("rb") as file:
                    while chunk := file.read(_CHUNK):
                        told.update(chunk)
                        self._bytes += len(chunk)
                        if self._bytes > self._most_bytes:
                            much = f"more than {self._most_bytes / 1024**2:,.0f} MiB"
                            raise self._too_much(self._workdir, much)
            except OSError as error:
                raise Refused(
                    f"{path} cannot be read: {error.strerror}; nothing was started.",
                    f"{_REMEDY}.rankzeroignore.",
                ) from error
            self._files[path] = told.hexdigest()
        return self._files[path]

    def _too_much(self, folder: Path, what: str) -> Refused:
        return Refused(
            f"{folder} holds {what}, all of which a step may depend on; nothing was started.",
            f"{_REMEDY}.rankzeroignore.",
        )
