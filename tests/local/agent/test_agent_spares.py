"""Interpreters that an agent starts ahead: taken, not fit, dead, and never left behind."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent import events as ev
from rankzero.agent.config import Command
from rankzero.contracts.topology import Settings
from support import processes
from support.waiting import until

#: Stands for the real one. Says whether a spare imported it, writes down who did, and waits where
#: a test wants to look at that moment.
TORCH = """
import os, sys, time
early = "RANK" not in os.environ
folder = os.environ["SEEN"]
sys.stderr.write("a warning\\n")
if early:
    open(f"{folder}/importing-{os.getpid()}", "w").close()
    try:
        open(f"{folder}/gate").read()
    except FileNotFoundError:
        pass  # there is none, or it was opened just now
"""
SCRIPT = "import os, sys, torch\nprint('early' if torch.early else 'late', flush=True)\n"


@pytest.fixture
def torch(cluster) -> dict[str, Any]:
    """A job of PyTorch, with the stand-in."""
    return job(cluster)


def job(cluster, text: str = TORCH) -> dict[str, Any]:
    package = cluster.folder / "site-packages" / "torch"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text(text)
    return {
        "spares": True,
        "settings": Settings("by-hand-0000", "torch", max_restarts=1),
        "env": {
            "PYTHONPATH": str(package.parent),
            "SEEN": str(cluster.folder),
        },
    }


def importing(cluster, count: int) -> list[int]:
    """The spares that have begun to import, once there are so many."""

    def found() -> list[int]:
        pids = [int(path.name[10:]) for path in cluster.folder.glob("importing-*")]
        return pids if len(pids) >= count else []

    return until(found, f"{count} spares to import")


def gate(cluster) -> None:
    """Hold all that import ahead."""
    os.mkfifo(cluster.folder / "gate")


def open_gate(cluster) -> None:
    path = cluster.folder / "gate"
    fd = os.open(path, os.O_RDWR)
    path.unlink()
    os.close(fd)


def test_ranks_are_spares_that_have_imported_already(cluster, torch) -> None:
    cluster.start_all(SCRIPT, nproc=2, **torch)

    assert set(cluster.codes().values()) == {0}
    assert cluster.lines(0) == cluster.lines(1) == [b"a warning", b"early"] * 2


def test_without_spares_they_start_when_all_have_met(cluster, torch) -> None:
    cluster.start_all(SCRIPT, nodes=1, **{**torch, "spares": False})

    assert cluster.codes() == {"worker/0": 0}
    assert cluster.lines(0) == [b"a warning", b"late"]
    assert not list(cluster.folder.glob("importing-*"))


LOOK = """
import json, os, signal, sys, threading, torch
print(json.dumps({
    "environment": dict(os.environ), "argv": sys.argv, "path": sys.path[:-1], "cwd": os.getcwd(),
    "flags": list(sys.flags), "main": sorted(globals()), "file": __file__,
    "signals": [str(signal.getsignal(n)) for n in range(1, 65) if n not in (32, 33)],
    "descriptors": sorted(os.listdir("/proc/self/fd")), "group": os.getpgid(0) == os.getpid(),
    "threads": threading.active_count(), "hooks": [str(sys.excepthook == sys.__excepthook__)],
    "meta": [type(finder).__name__ for finder in sys.meta_path], "limits": os.umask(0),
}))
"""


def test_a_script_sees_the_same_with_and_without(cluster, tmp_path: Path) -> None:
    seen = []
    for spares in (True, False):
        folder = tmp_path / f"{spares}"
        folder.mkdir()
        one = type(cluster)(folder)
        one.start_all(LOOK, nodes=1, **{**job(one), "spares": spares})
        assert one.codes() == {"worker/0": 0}
        text = one.lines(0)[1].decode().replace(str(folder), "FOLDER")
        seen.append(json.loads(text))
        assert len(list(folder.glob("importing-*"))) == spares
        # Ports are others in each run.
        ports = ("MASTER_PORT", "RANKZERO_MASTER_PORT")
        assert all(seen[-1]["environment"].pop(name).isdigit() for name in ports)

    assert seen[0] == seen[1]
    assert seen[0]["environment"]["RANK"] == "0"


def test_one_that_was_killed_before_the_start_is_not_needed(cluster, torch) -> None:
    cluster.start(cluster.config(0, SCRIPT, **torch))
    (pid,) = importing(cluster, 1)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not processes.alive(pid), "the spare to end")
    cluster.start(cluster.config(1, SCRIPT, **torch))

    assert set(cluster.codes().values()) == {0}
    assert cluster.lines(0) == [b"a warning", b"late"]
    assert cluster.lines(1) == [b"a warning", b"early"]


def test_one_that_is_killed_while_it_imports_is_not_a_rank_yet(cluster, torch) -> None:
    gate(cluster)
    cluster.start_all(SCRIPT, nodes=1, **torch)
    cluster.until_event(ev.RUNNING)
    (pid,) = importing(cluster, 1)
    assert cluster.ranks()[0].pid == pid
    os.kill(pid, signal.SIGKILL)

    assert cluster.codes() == {"worker/0": 0}
    assert cluster.lines(0) == [b"a warning", b"late"]
    assert cluster.history().restarts == 0


def test_one_that_still_imports_at_the_start_goes_on_and_is_the_rank(cluster, torch) -> None:
    gate(cluster)
    cluster.start_all(SCRIPT, nodes=1, **torch)
    cluster.until_event(ev.RUNNING)
    importing(cluster, 1)
    open_gate(cluster)

    assert cluster.codes() == {"worker/0": 0}
    assert cluster.lines(0) == [b"a warning", b"early"]


def test_an_import_that_fails_late_shows_as_without_spares(cluster) -> None:
    gate(cluster)
    cluster.start_all(SCRIPT, nodes=1, **job(cluster, TORCH + "raise ImportError('no libcuda')"))
    cluster.until_event(ev.RUNNING)
    importing(cluster, 1)
    open_gate(cluster)
    cluster.codes()

    assert cluster.lines(0).count(b"a warning") == 2  # one for each generation
    assert cluster.history().cause["message"] == "ImportError: no libcuda"


def test_a_script_that_has_changed_since_is_run_as_it_is_now(cluster, torch) -> None:
    first = cluster.config(0, SCRIPT, **torch)
    cluster.start(first)
    importing(cluster, 1)
    cluster.start(cluster.config(1, "print('another')", **torch))

    assert set(cluster.codes().values()) == {0}
    assert cluster.lines(0) == cluster.lines(1) == [b"another"]


def test_a_restart_takes_new_ones(cluster, torch) -> None:
    script = SCRIPT + "if os.environ['RANKZERO_GENERATION'] == '1': sys.exit(3)\n"
    cluster.start_all(script, **torch)

    assert set(cluster.codes().values()) == {0}
    # Of the first generation the one may have been ended before it got that far.
    assert cluster.lines(0)[-2:] == cluster.lines(1)[-2:] == [b"a warning", b"early"]
    assert len(importing(cluster, 3)) in (3, 4)


def test_none_waits_beside_ranks(cluster, torch) -> None:
    cluster.start_all(SCRIPT + "import time; time.sleep(300)", nodes=1, nproc=2, **torch)
    cluster.until_event(ev.RUNNING)
    ranks = until(lambda: cluster.lines(0).count(b"early") == 2 and cluster.ranks(), "both ranks")

    pythons = {one.pid for one in processes.carrying(cluster.folder)}
    assert pythons == {one.pid for one in ranks.values()} | {cluster.agents["worker/0"].pid}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_none_is_left_when_the_agent_ends_before_the_start(
    cluster, torch, until_dead, number: int
) -> None:
    cluster.start(cluster.config(0, SCRIPT, nproc=3, **torch))
    importing(cluster, 3)
    cluster.agents["worker/0"].send_signal(number)
    cluster.agents["worker/0"].wait()

    until_dead(cluster)
    assert cluster.lines(0) == []


def test_a_command_has_none(cluster, torch) -> None:
    command = Command("command", "sh", ("-c", "echo $RANK"))
    cluster.start_all("", command=command, **torch)

    assert set(cluster.codes().values()) == {0}
    assert cluster.lines(0) + cluster.lines(1) == [b"0", b"1"]


ENDS = {
    "an exception": ("raise ValueError('bad batch')", "ValueError: bad batch"),
    "a crash": ("import faulthandler; faulthandler._sigsegv()", "SIGSEGV"),
}


@pytest.mark.parametrize("how", ENDS)
def test_what_ends_a_rank_is_recorded(cluster, torch, how: str) -> None:
    text, words = ENDS[how]
    cluster.start_all(SCRIPT + text, nodes=1, **torch)
    cluster.codes()

    cause = cluster.history().cause
    assert words in cause["message"]
    assert "train.py" in (cause["crash"] or json.dumps(cause["exception"]))
    assert cluster.lines(0)[1] == b"early"


def test_reports_arrive(cluster, torch) -> None:
    cluster.start_all(SCRIPT + "import rankzero; rankzero.report(loss=0.5)", nodes=1, **torch)
    cluster.codes()

    assert [event.data["values"] for event in cluster.events(ev.REPORT)] == [{"loss": 0.5}]
