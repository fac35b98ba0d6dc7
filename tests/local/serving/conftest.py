from __future__ import annotations

import importlib.util

import pytest


@pytest.fixture(autouse=True)
def serving() -> None:
    """Without what the extra `serve` brings there is nothing to test."""
    if importlib.util.find_spec("uvicorn") is None:
        pytest.skip("uvicorn is not installed")
