from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pipelines import Works


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.close()
