"""Fixtures for all tests. `support`, beside this file, holds what they are made of."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from support.home import Home

# How long an example takes on a busy machine says nothing about the code.
settings.register_profile("here", deadline=None)
settings.load_profile("here")

# A shell starts what it puts in the background with SIGINT ignored, `nohup` ignores SIGHUP, and
# what is ignored stays so in every descendant: the commands that get both here must not inherit it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What whoever runs the tests wants of colours is not what a test is about."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def framework(request: pytest.FixtureRequest) -> None:
    """Skip where the marked framework is not installed; in CI, where all must be, fail."""
    for name in ("torch", "tensorflow", "jax"):
        if request.node.get_closest_marker(name) and importlib.util.find_spec(name) is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{name} is not installed, and CI must have it")
            pytest.skip(f"{name} is not installed")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A state folder of the test's own, and the command line on it; nothing outlives the test."""
    made = Home(tmp_path)
    yield made
    made.close()
