"""Killed at any moment of its start, a run leaves a folder that every command reads."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from rankzero.agent import events as ev
from support import processes
from support.home import Command, Home

TRAINS = "import time\nprint('up', flush=True)\ntime.sleep(300)\n"


def exists(pattern: str) -> Callable[[Home], bool]:
    return lambda home: any(home.runs.path.glob(pattern))


def event(kind: str) -> Callable[[Home], bool]:
    word = f'"kind":"{kind}"'.encode()
    named = "[!.]*/events.jsonl"  # a folder that has no name yet gets one while one looks
    return lambda home: any(word in p.read_bytes() for p in home.runs.path.glob(named))


MOMENTS = {
    "the folder is begun": exists(".*"),
    "the plan is written": exists(".*/plan.json"),
    "the run has its name": exists("[!.]*"),
    "the supervisor starts": exists("[!.]*/supervisor.log"),
    "the first agent starts": exists("[!.]*/nodes/*/agent.log"),
    "a node has joined": event(ev.NODE_JOINED),
    "the ranks are assigned": event(ev.ASSIGNED),
    "the ranks run": event(ev.RUNNING),
}


def reach(home: Home, command: Command, moment: str) -> None:
    """Look without a pause: some moments are short. One that was missed becomes the last one."""
    reached, last = MOMENTS[moment], event(ev.RUNNING)
    while not reached(home) and not last(home):
        assert command.process.poll() is None, command.out + command.err


def read_by_all(home: Home) -> list[str]:
    """The looking commands answer without a fault; returns the runs' ids."""
    listed = home.call("list", "--output", "json")
    assert listed.code == 0, listed
    runs = [run["run"] for run in json.loads(listed.out)["runs"]]
    for run in runs:
        for verb in ("status", "logs"):
            said = home.call(verb, run)
            assert said.code == 0, (verb, said)
            assert "Traceback" not in said.err
    return runs


@pytest.mark.parametrize("moment", MOMENTS)
def test_all_killed_while_it_starts(home: Home, moment: str) -> None:
    command = home.start("run", home.script(TRAINS), "--nodes", "2")
    reach(home, command, moment)
    everyone = [command.process.pid, *(one.pid for one in processes.carrying(home.state))]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        processes.kill(*everyone, number=number)
    command.wait()
    home.nothing_left()

    runs = read_by_all(home)
    for folder in home.runs:
        history = folder.history()
        # A supervisor born in that very moment escaped the kill, and ended its run in order.
        assert history.state == ev.STOPPED or history.cause["kind"] == "cut-off"
    assert runs == [folder.run for folder in home.runs]
    if runs:
        assert home.call("delete", *runs).code == 0
    assert list(home.runs) == []


@pytest.mark.parametrize("moment", ["the plan is written", "the first agent starts"])
def test_only_the_command_killed_while_it_starts(home: Home, moment: str) -> None:
    command = home.start("run", home.script(TRAINS), "--nodes", "2")
    reach(home, command, moment)
    command.signal(signal.SIGKILL)
    command.wait()

    home.nothing_left()
    for folder in home.runs:
        assert folder.history().final


def without(*names: str) -> Callable[[Path], None]:
    def remove(folder: Path) -> None:
        for name in names:
            for path in folder.glob(name):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return remove


def torn(folder: Path) -> None:
    """A crash in the middle of a write."""
    lines = (folder / "events.jsonl").read_bytes()
    (folder / "events.jsonl").write_bytes(lines[: lines.rindex(b'"kind":"finished"')])


def garbage(folder: Path) -> None:
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b"\0\0\0\xff not a line {}\n[]\n")


#: What a power cut can leave of a folder whose last writes did not reach the disk.
LOSSES: dict[str, Callable[[Path], None]] = {
    "no history": without("events.jsonl"),
    "a torn history": torn,
    "garbage in the history": garbage,
    "no lock": without("lock"),
    "no address": without("address"),
    "no agents": without("agents"),
    "no nodes": without("nodes"),
    "no logs": without("logs", "nodes/*/logs"),
    "no outputs": without("outputs"),
    "no token": without("token"),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A run that has ended, to be damaged."""
    home = Home(tmp_path_factory.mktemp("ended"))
    assert home.call("run", home.script("print('hello')"), "--nodes", "2").code == 0
    return home


@pytest.mark.parametrize("loss", LOSSES)
def test_a_damaged_folder_is_still_read(ended: Home, home: Home, loss: str) -> None:
    from rankzero.backends.base import LogQuery
    from rankzero.backends.local import LocalBackend

    shutil.copytree(ended.state, home.state, dirs_exist_ok=True, symlinks=True)
    folder = home.only()
    plan = folder.plan_file.read_text().replace(str(ended.state), str(home.state))
    folder.plan_file.write_text(plan)
    LOSSES[loss](folder.path)
    backend = LocalBackend(home.state / "rankzero")

    assert [info.run for info in backend.runs()] == [folder.run]
    assert backend.run(folder.run).finished
    assert len(backend.events(folder.run)) >= 1
    data = b"".join(block.data for block in backend.logs(folder.run, LogQuery()))
    assert data == (b"" if loss in ("no nodes", "no logs") else b"hello\n" * 2)
    backend.stop(folder.run)
    backend.delete(folder.run)
    assert backend.runs() == []


def test_a_history_that_is_a_folder_is_told(home: Home) -> None:
    assert home.call("run", home.script("pass")).code == 0
    history = home.only().events_file
    history.unlink()
    history.mkdir()
    for argv in (["events", "-"], ["describe", home.only().run]):
        said = home.call(*argv)
        assert said.code == 3
        assert f"{history} cannot be read: Is a directory" in said.err
    assert home.call("list").code == 0
    assert home.call("delete", home.only().run).code == 0


def test_a_folder_without_a_plan_is_no_run(home: Home) -> None:
    (home.runs.path / "half-0000").mkdir(parents=True)

    assert home.call("list").code == 0
    assert home.call("status", "half-0000").code == 2


def test_a_plan_that_is_no_plan_does_not_hide_the_others(home: Home) -> None:
    assert home.call("run", home.script("pass")).code == 0
    good = home.only().run
    broken = home.runs.path / "broken-0000"
    broken.mkdir()
    (broken / "plan.json").write_text('{"torn')

    said = home.call("list")

    assert good in said.out, said
    assert "Traceback" not in said.err
    assert home.call("delete", "broken-0000").code == 0
