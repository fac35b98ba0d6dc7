"""`rankzero.run(...)` from Python."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import rankzero
from rankzero.handle import prepare

LONG = "import signal\nprint('up', flush=True)\nsignal.pause()\n"
BAD = "def fit():\n    raise ValueError('bad batch')\nfit()\n"


@pytest.fixture
def here(shell, monkeypatch):
    """This process works in the shell's folder and state."""
    shell.write("long.py", LONG)
    shell.write("bad.py", BAD)
    shell.write("good.py", "import sys\nprint('good', *sys.argv[1:])\n")
    monkeypatch.setenv("XDG_STATE_HOME", shell.env["XDG_STATE_HOME"])
    monkeypatch.delenv("RANKZERO_ON", raising=False)
    monkeypatch.chdir(shell.folder / "work")
    from rankzero import backends

    monkeypatch.setattr(backends, "_made", {})
    return shell


def test_a_run_that_succeeds(here):
    run = rankzero.run("good.py", args=["--lr", "1"], nodes=2)
    result = run.wait()
    assert result == run.result
    assert (result.state, run.status, result.restarts) == ("succeeded", "succeeded", 0)
    assert result.elapsed > 0
    assert run.outputs.is_dir()
    assert sorted(run.logs()) == [(0, "good --lr 1"), (1, "good --lr 1")]
    assert list(run.logs(rank=1)) == [(1, "good --lr 1")]
    assert [event.kind for event in run.events()][-1] == "finished"
    assert repr(run) == f"<rankzero run {run.id}>"


def test_a_run_that_fails_raises_its_why(here):
    run = rankzero.run("bad.py")
    with pytest.raises(rankzero.RunFailed) as failed:
        run.wait()
    assert "cause   rank 0 (worker/0) raised ValueError: bad batch" in str(failed.value)
    assert "bad.py:2 in fit" in str(failed.value)
    assert str(failed.value) == run.why()
    assert (run.result.state, run.result.cause["rank"]) == ("failed", 0)


def test_a_run_that_is_stopped(here):
    run = rankzero.run("long.py")
    lines = run.logs(follow=True)
    assert next(lines) == (0, "up")
    with pytest.raises(rankzero.BadRequest, match="it has no result yet"):
        _ = run.result
    with pytest.raises(TimeoutError, match="is still running after 0 s"):
        run.wait(timeout=0)
    run.stop()
    with pytest.raises(rankzero.RunStopped):
        run.wait()
    assert list(lines) == []


def test_a_block_waits_at_its_end(here):
    with rankzero.run("good.py") as run:
        pass
    assert run.status == "succeeded"


def test_a_block_that_is_left_by_an_exception_stops_its_run(here):
    with pytest.raises(LookupError), rankzero.run("long.py") as run:
        raise LookupError
    assert run.status == "stopped"


def test_a_block_whose_run_has_ended_lets_the_exception_through(here):
    with pytest.raises(LookupError), rankzero.run("good.py") as run:
        run.wait()
        raise LookupError
    assert run.status == "succeeded"


def test_a_wrong_request_names_the_keyword(here):
    with pytest.raises(rankzero.BadRequest, match="max_restarts"):
        rankzero.run("good.py", max_restarts=-1)
    with pytest.raises(TypeError, match="no such option"):
        rankzero.run("good.py", nods=2)
    with pytest.raises(rankzero.BadRequest, match='no backend or profile "moon"'):
        rankzero.run("good.py", on="moon")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"target": prepare}, r"got the function prepare\.\nRanks are processes of their own"),
        ({"target": 3}, r"got the int 3\."),
        ({"target": b"good.py"}, r"got the bytes b'good.py'\."),
        ({"target": "good.py", "args": "--lr 1"}, r"args takes a list of words; got '--lr 1'\."),
        ({"command": "echo hi"}, r"command takes a list of words; got 'echo hi'\."),
        ({"target": "good.py", "params": ["lr=1"]}, r"params takes a mapping; got \['lr=1'\]\."),
        ({"target": "good.py", "labels": "x" * 200}, r"labels takes a mapping; got 'x{78}…\."),
    ],
)
def test_a_wrong_type_is_told_before_anything_starts(here, call, said):
    with pytest.raises(rankzero.BadRequest, match=said):
        rankzero.run(**call)
    assert here("list").stdout.startswith("No runs.")


def test_only_public_names_are_listed():
    assert dir(rankzero) == sorted(rankzero.__all__)


def test_an_attached_run_ends_with_its_process_and_a_detached_one_does_not(here):
    program = (
        "import rankzero\n"
        "for detach in (False, True):\n"
        "    run = rankzero.run('long.py', detach=detach)\n"
        "    next(run.logs(follow=True))\n"
        "    print(run.id)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=here.folder / "work",
        env=here.env,
        capture_output=True,
        text=True,
        check=True,
    )
    attached, detached = done.stdout.split()
    here("wait", attached, code=1)
    assert (
        json.loads(here("status", detached, "-o", "json").stdout)["runs"][0]["state"] == "running"
    )


@pytest.mark.parametrize(
    ("argv", "call"),
    [
        (
            ("good.py", "--nodes", "1:2", "--nproc", "2", "-e", "A=1", "--", "--lr", "1"),
            {
                "target": "good.py",
                "args": ["--lr", "1"],
                "options": {"nodes": "1:2", "nproc": 2, "env": {"A": "1"}},
            },
        ),
        (
            ("-m", "good", "--max-restarts", "3", "--name", "other", "-l", "k=v"),
            {
                "target": None,
                "module": "good",
                "labels": {"k": "v"},
                "options": {"max_restarts": 3, "name": "other"},
            },
        ),
        (
            ("--grace", "5", "--outputs", "kept", "--", "echo", "hi"),
            {"target": None, "command": ["echo", "hi"], "options": {"grace": 5, "outputs": "kept"}},
        ),
    ],
)
def test_the_command_line_and_python_make_the_same_plan(here, argv, call):
    """But for the run's id, which every plan has for itself."""
    typed = json.loads(here("run", "--dry-run", "-o", "json", *argv).stdout)
    _, plan = prepare(call.pop("target"), **call, dashes=False)
    called = json.loads(json.dumps(plan.to_json()).replace(plan.run, typed["run"]))
    assert called == typed
