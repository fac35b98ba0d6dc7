"""Fixtures for all tests. `support`, beside this file, holds what they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A state folder of the test's own, and the command line on it; nothing outlives the test."""
    made = Home(tmp_path)
    yield made
    made.close()
