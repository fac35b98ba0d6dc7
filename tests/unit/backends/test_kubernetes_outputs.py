"""Which outputs are here already."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from rankzero.agent.outputs import Server
from rankzero.backends.copying import copy
from rankzero.backends.kubernetes import outputs
from rankzero.backends.viewer import Lost
from rankzero.errors import BadRequest, Refused


class Way:
    """A stream to what a folder's server says when it is asked for nothing."""

    def __init__(self, folder: Path) -> None:
        out = io.BytesIO()
        Server(str(folder), out).serve(io.BytesIO())
        self._data = out.getvalue()

    def send(self, data: bytes) -> None:
        raise Lost(f"not asked: {json.loads(data)}")

    def receive(self, timeout: float | None) -> bytes:
        data, self._data = self._data, b""
        return data

    def cut(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def brought(run: str, to: Path) -> None:
    """A run without outputs."""
    there = to.parent / "there"
    there.mkdir(exist_ok=True)
    list(outputs.bring_from(run, lambda: Way(there), to))


def test_a_folder_with_a_name_of_its_own_tells_whose_outputs_it_has(tmp_path: Path) -> None:
    results = tmp_path / "results"
    assert not outputs.here(results, "first-0000")
    results.mkdir()
    assert not outputs.here(results, "first-0000"), "somebody's"
    brought("first-0000", results)
    assert outputs.here(results, "first-0000")
    assert not outputs.here(results, "second-0000")
    brought("second-0000", results)
    assert not outputs.here(results, "first-0000")
    assert list(results.iterdir()) == []


def test_a_folder_with_the_run_s_name_has_nothing_beside_its_outputs(tmp_path: Path) -> None:
    home = tmp_path / "first-0000"
    brought("first-0000", home)
    assert outputs.here(home, "first-0000")
    assert list(home.iterdir()) == []


def test_copies_go_beside_what_is_there_and_never_into_themselves(tmp_path: Path) -> None:
    home, to = tmp_path / "home", tmp_path / "to"
    for folder, name in ((home, "model"), (to, "mine")):
        folder.mkdir()
        (folder / name).write_text(name)
    (home / "latest").symlink_to("gone")

    assert copy(home, to) == to
    assert sorted(path.name for path in to.iterdir()) == ["latest", "mine", "model"]
    assert copy(home, home) == home
    with pytest.raises(BadRequest, match="copied into itself"):
        copy(home, home / "inner")
    with pytest.raises(Refused, match="cannot copy"):
        copy(home, to / "mine" / "below")
