"""The way from a backend's name, or a run's id, to the place where it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rankzero import backends
from rankzero.agent import events as ev
from rankzero.backends.home import state_home
from rankzero.backends.kubernetes.remembered import remember
from rankzero.backends.local.folder import RunFolder, Runs
from rankzero.backends.places import Place
from rankzero.cli import main
from rankzero.errors import BadRequest, Refused, UnknownRun


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The state folder of the backends in this process, empty."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(backends, "_made", {})
    return Runs()


def make(runs: Runs, run: str, *events: ev.Event) -> RunFolder:
    """A run as it lies on the disk when nobody works in it any more."""
    folder = runs.folder(run)
    folder.path.mkdir(parents=True)
    job = {"name": run.rpartition("-")[0], "labels": {}}
    plan = {"run": run, "where": "local", "job": job, "nodes": []}
    folder.plan_file.write_text(json.dumps(plan))
    folder.events_file.write_text("".join(ev.to_line(event) + "\n" for event in events))
    return folder


def submitted(time: float) -> ev.Event:
    return ev.Event(1, time, ev.SUBMITTED, {"name": "x", "backend": "local", "max_restarts": 0})


def finished(time: float) -> ev.Event:
    data = {"state": ev.SUCCEEDED, "cause": None, "exit_code": 0}
    return ev.Event(2, time, ev.FINISHED, data)


def test_a_backend_is_made_once() -> None:
    assert backends.get("local") is backends.get("local")
    assert backends.names() == ["local", "kubernetes"]


def test_an_unknown_backend_is_answered_with_the_near_name() -> None:
    with pytest.raises(BadRequest, match=r'no backend or profile "locla".*Did you mean "local"'):
        backends.get("locla")


def test_who_never_used_a_cluster_needs_no_kubeconfig(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(runs, "digits-7f3a", submitted(1.0), finished(2.0))
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    assert backends.every() == [Place("local")]
    assert backends.find("digits")[1].run == "digits-7f3a"


def test_a_place_that_cannot_be_asked_hides_no_other(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(runs, "digits-7f3a", submitted(1.0), finished(2.0))
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    remember("lab", "team-a")
    found, silent = backends.everywhere()
    assert [info.run for _, info in found] == ["digits-7f3a"]
    assert "kubeconfig" in str(silent[0])
    assert backends.find("digits")[1].run == "digits-7f3a"
    with pytest.raises(Refused, match="kubeconfig"):
        backends.find("speech")


@pytest.mark.parametrize("verb", ["stop", "delete"])
def test_who_would_do_something_with_all_is_told_where_some_could_not_be_asked(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    make(runs, "digits-7f3a", submitted(1.0), finished(2.0))
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    argv = [verb, "-l", "team!=a"]
    assert main.run(argv) == 0
    remember("lab", "team-a")
    if verb == "delete":
        make(runs, "digits-7f3a", submitted(1.0), finished(2.0))

    assert main.run(argv) == 3
    assert "kubeconfig" in capsys.readouterr().err
    left = [] if verb == "delete" else ["digits-7f3a"]
    assert [info.run for _, info in backends.everywhere()[0]] == left


def test_a_run_is_found_by_its_id_or_the_only_start(runs: Runs) -> None:
    make(runs, "digits-7f3a", submitted(1.0), finished(2.0))
    make(runs, "speech-02ab", submitted(3.0), finished(4.0))

    for word in ("digits-7f3a", "digits", "d"):
        backend, info = backends.find(word)
        assert (backend.name, info.run, info.name) == ("local", "digits-7f3a", "digits")
    assert set(backends.ids()) == {"speech-02ab", "digits-7f3a"}


def test_a_start_with_two_meanings_names_them(runs: Runs) -> None:
    for run in ("digits-7f3a", "digits-9c1e"):
        make(runs, run, submitted(1.0), finished(2.0))

    with pytest.raises(UnknownRun) as caught:
        backends.find("digits")
    assert "digits-7f3a" in str(caught.value)
    assert "digits-9c1e" in str(caught.value)


@pytest.mark.parametrize("run", ["", ".", "..", "../runs", "a/b", ".hidden", "nobody"])
def test_strange_ids_fit_nothing(runs: Runs, run: str) -> None:
    make(runs, "digits-7f3a", submitted(1.0), finished(2.0))
    make(runs, "speech-02ab", submitted(1.0), finished(2.0))

    with pytest.raises(UnknownRun):
        backends.find(run)


# -- the folder


def test_the_state_folder_is_where_the_specification_says(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_home() == tmp_path / "rankzero"
    monkeypatch.setenv("HOME", "/home/ada")
    for ignored in ("", "relative/path"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        assert state_home() == Path("/home/ada/.local/state/rankzero")


def test_a_run_whose_writers_are_gone_reads_as_cut_off(runs: Runs) -> None:
    folder = make(runs, "digits-7f3a", submitted(1.0))

    history = folder.history()
    assert history.state == ev.FAILED
    assert history.cause is not None
    assert history.cause["kind"] == "cut-off"
    assert [event.seq for event in folder.events()] == [1, 2]
    assert folder.events() == folder.events(), "the end that nobody wrote does not move"


def test_a_run_with_its_lock_held_goes_on(runs: Runs) -> None:
    folder = make(runs, "digits-7f3a", submitted(1.0))
    lock = folder.lock.take()
    assert folder.alive()
    assert not folder.history().final
    os.close(lock)

    assert not folder.alive()
    assert folder.history().final


def test_the_lock_is_held_by_one(runs: Runs) -> None:
    folder = make(runs, "digits-7f3a", submitted(1.0))
    lock = folder.lock.take()
    with pytest.raises(BlockingIOError):
        folder.lock.take()
    os.close(lock)
    os.close(folder.lock.take())


def test_half_made_and_half_deleted_runs_are_no_runs(runs: Runs) -> None:
    make(runs, "digits-7f3a", submitted(1.0), finished(2.0))
    make(runs, ".speech-02ab-77", submitted(1.0))
    runs.folder("empty-0000").path.mkdir()
    (runs.path / "a file").touch()

    assert [folder.run for folder in runs] == ["digits-7f3a"]
