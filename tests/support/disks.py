"""A small file system of a test's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.home import Home


@contextmanager
def small_disk(home: Home) -> Iterator[Callable[[str], Path]]:
    """Puts a file system of a given size under a home's state folder; closes the home."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")

    def mount(size: str) -> Path:
        argv = ["mount", "-t", "tmpfs", "-o", f"size={size}", "rankzero-test", str(home.state)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no mount here: {done.stderr.strip()}")
        return home.state

    try:
        yield mount
    finally:
        home.close()
        subprocess.run(["umount", "--lazy", str(home.state)], capture_output=True, check=False)
