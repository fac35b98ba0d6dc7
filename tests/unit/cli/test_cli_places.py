"""The registry of backends, and the way from an id to its run."""

from __future__ import annotations

import pytest

from rankzero import backends
from rankzero.backends.base import Backend
from rankzero.errors import BadRequest, UnknownRun


@pytest.fixture(autouse=True)
def no_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(backends, "_made", {})


@pytest.mark.parametrize("name", backends.names())
def test_every_backend_has_all_of_the_protocol(name):
    backend = backends.get(name)
    wanted = {word for word in vars(Backend) if not word.startswith("_")}
    assert wanted | set(Backend.__annotations__) <= set(dir(backend))
    assert backend.name == name
    assert isinstance(backend.ends_with_caller, bool)


def test_a_backend_is_made_once():
    assert backends.get("local") is backends.get("local")
    assert {place.backend for place in backends.every()} <= set(backends.names())


@pytest.mark.parametrize(
    ("name", "said"),
    [("lcal", 'Did you mean "local"?'), ("moon", "There is: local")],
)
def test_an_unknown_backend(name, said):
    with pytest.raises(BadRequest, match="no backend or profile") as wrong:
        backends.get(name)
    assert said in str(wrong.value)


@pytest.mark.parametrize("run", ["digits-7f3a", "", "../..", "."])
def test_an_unknown_run_where_there_are_none(run):
    with pytest.raises(UnknownRun) as wrong:
        backends.find(run)
    assert str(wrong.value) == f'There is no run "{run}".\nSee them all: rankzero list'
    assert wrong.value.exit_code == 2


def test_the_newest_run_where_there_are_none():
    with pytest.raises(UnknownRun, match=r"There is no run yet\.\nStart one"):
        backends.find("-")


def test_no_runs_have_no_ids():
    assert backends.ids() == []
    assert backends.everywhere() == ([], [])
