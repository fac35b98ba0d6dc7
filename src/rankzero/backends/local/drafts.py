"""Folders that appear whole or not at all, and files that are nobody else's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def draft_of(path: Path, word: str = "") -> Path:
    """Where a folder is made before it gets its name, or goes after it had it."""
    return path.with_name(f".{word}{path.name}-{os.getpid()}")


def sweep(folder: Path, remove: Callable[[Path], None] | None = None) -> None:
    """Remove what a command that was killed had begun to make, or to delete."""
    for path in folder.glob(".*-*"):
        pid = path.name.rpartition("-")[2]
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc/self").exists():
            if remove is None:
                shutil.rmtree(path, ignore_errors=True)
            else:
                remove(path)


def write(path: Path, text: str) -> None:
    """A private file. Errors: OSError, also for a disk that is full only at the end."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
