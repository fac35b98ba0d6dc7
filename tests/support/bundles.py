"""What is in a bundle of `doctor --bundle`."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path


def entries(file: Path) -> Iterator[tuple[tarfile.TarInfo, str]]:
    """Each with its text."""
    with tarfile.open(file) as archive:
        for entry in archive:
            data = archive.extractfile(entry)
            assert data is not None, f"{entry.name} is no file"
            yield entry, data.read().decode()


def texts(file: Path) -> dict[str, str]:
    """By their paths, without the folder that they unpack to."""
    return {entry.name.partition("/")[2]: text for entry, text in entries(file)}
