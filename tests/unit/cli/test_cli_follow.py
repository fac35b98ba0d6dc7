"""Runs that lie on the disk, followed to their end by the command line and by the Python handle."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rankzero import backends
from rankzero.agent import events as ev
from rankzero.agent.history import History
from rankzero.agent.logs.writer import LogWriter
from rankzero.backends.base import Awaited, Fetching, LogQuery, Note
from rankzero.backends.facts import facts
from rankzero.backends.local.folder import RunFolder, Runs
from rankzero.cli.follow import exit_code, follow, view_of
from rankzero.errors import BadRequest, RunFailed, RunStopped
from rankzero.handle import Handle
from rankzero.handle import run as submit
from rankzero.why.seen import ABSENT, Pod, Seen
from rankzero.why.standing import standing

RUN = "digits-7f3a"
CAUSE = {"kind": "rank-failed", "rank": 1, "node": "worker/0", "code": 7}


@pytest.fixture
def runs(tmp_path: Path, rankzero: Any, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Those of the command line here."""
    monkeypatch.setattr(backends, "_made", {})
    return Runs(tmp_path / "state" / "rankzero")


def made(runs: Runs, state: str | None, cause: Any = None, code: int = 0) -> RunFolder:
    """A run of two ranks, whose processes are gone. state: None where it was cut off."""
    folder = runs.folder(RUN)
    node = folder.nodes / "worker-0"
    node.mkdir(parents=True)
    job = {"name": "digits", "labels": {"team": "a"}}
    outputs = folder.path / "outputs"
    outputs.mkdir()
    where = {"folder": str(node), "workdir": "/w", "outputs": str(outputs)}
    nodes = [{"role": "worker", "index": 0, "nproc": 2, **where}]
    plan = {"run": RUN, "where": "local", "job": job, "nodes": nodes}
    folder.plan_file.write_text(json.dumps(plan))
    told: list[tuple[float, str, dict[str, Any]]] = [
        (10.0, ev.SUBMITTED, {"name": "digits", "backend": "local", "max_restarts": 1}),
        (11.0, ev.WAITING, {"nodes": ["worker/0"], "until": 71.0}),
        (12.0, ev.NOTICE, {"text": "slow \x1b[2Jdisk"}),
    ]
    if state is not None:
        told.append((20.0, ev.FINISHED, {"state": state, "cause": cause, "exit_code": code}))
    events = [ev.Event(seq, *one) for seq, one in enumerate(told, 1)]
    folder.events_file.write_text("".join(ev.to_line(one) + "\n" for one in events))
    writer = LogWriter(str(node / "logs"), 1 << 20)
    for rank, data in ((0, b"loss 0.5\n"), (1, b"loss 0.4\nlast")):
        writer.append(rank, 1, data, 13.0 + rank)
        writer.end(rank, 15.0)
    writer.close()
    os.close(folder.lock.take())
    return folder


def followed(output: str) -> int:
    """From its beginning, as `run` does."""
    backend = backends.get("local")
    view = view_of(output, RUN)
    history, seen = follow(backend, RUN, view, LogQuery())
    view.end(facts(backend, RUN, history, seen=seen), None, None)
    return exit_code(history)


def test_people_get_lines_on_stdout_and_all_else_on_stderr(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    made(runs, ev.SUCCEEDED)
    assert followed("text") == 0
    out, err = capsys.readouterr()
    assert [line.split("] ")[-1] for line in out.splitlines()] == ["loss 0.5", "loss 0.4", "last"]
    assert err.splitlines() == [
        "  waiting for worker/0 (at most 60 s more)",
        "  note: slow disk",
        "✓ succeeded in 10.0 s",
    ]


def test_programs_get_one_object_a_line(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    made(runs, ev.FAILED, CAUSE, 1)
    assert followed("json") == 1
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [one["kind"] for one in found]
    assert sorted(set(kinds)) == ["finished", "log", "notice", "result", "submitted", "waiting"]
    assert [one["seq"] for one in found if "seq" in one] == [1, 2, 3, 4]
    assert [one["text"] for one in found if one["kind"] == "log"] == [
        "loss 0.5",
        "loss 0.4",
        "last",
    ]
    assert kinds[-2:] == ["finished", "result"], "all lines come before the end"
    assert (found[-1]["state"], found[-1]["exit_code"]) == ("failed", 1)


@pytest.mark.parametrize(
    ("state", "code", "exits"),
    [(ev.SUCCEEDED, 0, 0), (ev.FAILED, 3, 3), (ev.FAILED, 0, 1), (ev.STOPPED, 0, 1), (None, 0, 1)],
)
def test_a_run_s_end_is_its_command_s(
    rankzero: Any, runs: Runs, state: str | None, code: int, exits: int
) -> None:
    made(runs, state, CAUSE if state == ev.FAILED else None, code)
    found, out, err = rankzero("attach", RUN)
    assert found == exits
    assert [line.split("] ")[-1] for line in out.splitlines()] == ["loss 0.5", "loss 0.4", "last"]
    assert (state or "failed") in err.splitlines()[0]
    assert ("all processes of the run were ended from outside" in err) == (state is None)


def test_what_was_told_before_is_not_told_again(rankzero: Any, runs: Runs) -> None:
    made(runs, ev.SUCCEEDED)
    _, out, err = rankzero("attach", RUN, "--tail", "1")
    assert [line.split("] ")[-1] for line in out.splitlines()] == ["loss 0.5", "last"]
    assert "waiting for" not in err
    assert f"earlier lines are not shown; all of them: rankzero logs {RUN}" in err
    assert "earlier" not in rankzero("attach", RUN, "--rank", "0", "--tail", "1")[2]


def standing_of(count: int, running: int) -> Awaited:
    pods = [
        Pod(f"worker/{at}", "p", "Running", machine="m", began=1.0)
        if at < running
        else Pod(f"worker/{at}", phase=ABSENT)
        for at in range(count)
    ]
    nodes = [one.node for one in pods]
    return Awaited(standing(RUN, 1.0, nodes, Seen(tuple(pods))))


def test_what_is_awaited_is_told_to_programs_whenever_it_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = view_of("json", RUN)
    for running in (0, 0, 1, 1, 2):
        view.standing(standing_of(2, running).standing)
    view.note(Note("the cluster is away"))
    view.fetching(Fetching(1, 2, 1))
    view.left()
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one.get("ready") for one in found] == [0, 1, 2, None]
    assert found[-1] == {"kind": "note", "run": RUN, "text": "the cluster is away"}
    assert [one["state"] for one in found[1]["nodes"]] == ["running", "waiting"]


def test_people_are_told_what_is_awaited_once_and_not_in_other_words_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = view_of("text", RUN)
    for _ in range(3):
        view.standing(standing_of(2, 1).standing)
    waiting = ev.Event(2, 2.0, ev.WAITING, {"nodes": ["worker/1"]})
    view.event(waiting, History())
    view.event(ev.Event(3, 2.0, ev.RUNNING, {}), History())
    view.event(waiting, History())
    view.note(Note("away \x1b[2J"))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0:2] for line in lines] == [
        ["1/2", "ready"],
        ["2/2", "ready"],
        ["waiting", "for"],
        ["note:", "away"],
    ]
    assert "worker/1: has no pod yet" in lines[0] and "\x1b" not in lines[-1]


# -- the handle


def handle() -> Handle:
    return Handle(backends.get("local"), RUN)


def test_a_handle_waits_for_a_run_and_gives_its_result(runs: Runs) -> None:
    folder = made(runs, ev.SUCCEEDED)
    with handle() as run:
        assert repr(run) == f"<rankzero run {RUN}>"
    result = run.wait(timeout=60)
    assert result == run.result
    assert (result.state, result.elapsed, result.first_step) == ("succeeded", 10.0, None)
    assert (result.outputs, result.cause, result.restarts) == (folder.path / "outputs", None, 0)
    assert [one.kind for one in run.events()] == ["submitted", "waiting", "notice", "finished"]


@pytest.mark.parametrize("follow", [False, True])
def test_a_handle_gives_lines_with_their_rank(runs: Runs, follow: bool) -> None:
    made(runs, ev.SUCCEEDED)
    assert sorted(handle().logs(follow=follow)) == [(0, "loss 0.5"), (1, "last"), (1, "loss 0.4")]
    assert list(handle().logs(1, follow)) == [(1, "loss 0.4"), (1, "last")]


@pytest.mark.parametrize(
    ("state", "error", "says"),
    [
        (ev.FAILED, RunFailed, r"rank 1 \(worker/0\) exited with code 7"),
        (None, RunFailed, "all processes of the run were ended from outside"),
        (ev.STOPPED, RunStopped, "stopped"),
    ],
)
def test_a_handle_tells_why_a_run_ended_badly(
    runs: Runs, state: str | None, error: type[Exception], says: str
) -> None:
    made(runs, state, CAUSE if state == ev.FAILED else None, 1)
    with pytest.raises(error, match=says):
        handle().wait()
    assert handle().result.state == (state or ev.FAILED), (
        "what came of it can be asked all the same"
    )


def test_a_block_that_was_left_by_an_error_does_not_hide_it(runs: Runs) -> None:
    made(runs, ev.FAILED, CAUSE, 1)
    with pytest.raises(ZeroDivisionError), handle():
        _ = 1 / 0


def test_a_run_that_goes_on_has_no_result_yet(runs: Runs) -> None:
    lock = made(runs, None).lock.take()
    try:
        assert handle().status == "waiting"
        with pytest.raises(BadRequest, match="is still waiting: it has no result yet"):
            _ = handle().result
    finally:
        os.close(lock)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"target": print}, r"got the builtin_function_or_method print.*\n.*put it into a script"),
        ({"target": 5}, "run takes the path of a script or a job file; got the int 5"),
        ({"target": "train.py", "args": "--epochs 3"}, "args takes a list of words; got '--ep"),
        ({"command": "echo hi"}, "command takes a list of words; got 'echo hi'"),
        ({"command": {"echo"}}, "command takes a list of words; got {'echo'}"),
        ({"target": "train.py", "params": ["lr=1"]}, "params takes a mapping; got"),
        ({"target": "train.py", "labels": "a=b"}, "labels takes a mapping; got 'a=b'"),
        ({"target": "x" * 200 + ".py"}, "there is no file xxx"),
    ],
)
def test_a_mistake_in_python_is_told_before_anything_is_made(
    runs: Runs, tmp_path: Path, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadRequest, match=says):
        submit(**given)
    assert not (tmp_path / "state").exists()
