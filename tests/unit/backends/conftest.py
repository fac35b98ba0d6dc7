"""What tests of a cluster share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.apiserver import ApiServer, serving


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """A cluster's API server with nothing in it: the context `lab`, the namespace `team`."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with serving(tmp_path / "kubeconfig") as made:
        yield made
