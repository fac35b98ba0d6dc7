"""Ctrl-C at every stage, without a terminal: the run is stopped, whatever it was doing."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from rankzero.agent import events as ev
from support.home import Home
from support.waiting import until

TRAINS = "import time\nprint('up', flush=True)\ntime.sleep(300)\n"
FAILS = "raise SystemExit(1)\n"
DEAF = (
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: print('deaf', flush=True))\n"
    "print('up', flush=True)\n"
    "while True: time.sleep(300)\n"
)


def seen(kind: str) -> Callable[[Home], bool]:
    def look(home: Home) -> bool:
        return any(event.kind == kind for folder in home.runs for event in folder.events())

    return look


def begun(home: Home) -> bool:
    return home.runs.path.exists() and any(home.runs.path.iterdir())


def named(home: Home) -> bool:
    return any(True for _ in home.runs)


STAGES: dict[str, Callable[[Home], bool]] = {
    "the folder is begun": begun,
    "the run has its name": named,
    "a node has joined": seen(ev.NODE_JOINED),
    "the ranks are assigned": seen(ev.ASSIGNED),
    "the ranks run": seen(ev.RUNNING),
}


@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_while_it_starts(home: Home, stage: str) -> None:
    command = home.start("run", home.script(TRAINS), "--nodes", "2")
    until(lambda: STAGES[stage](home), stage)
    command.signal(signal.SIGINT)
    said = command.wait()
    home.nothing_left()

    assert said.code == 130, said
    assert "Traceback" not in said.err
    for folder in home.runs:
        assert folder.history().state == ev.STOPPED


def test_ctrl_c_when_the_run_has_its_folder_and_no_process_yet(home: Home) -> None:
    """The least moment of all, that no watching from outside hits for sure."""
    program = (
        "import os, signal\n"
        "import rankzero\n"
        "spawn = os.posix_spawn\n"
        "def interrupted(*args, **kwargs):\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    return spawn(*args, **kwargs)\n"
        "os.posix_spawn = interrupted\n"
        f"rankzero.run({str(home.script(TRAINS))!r})\n"
    )
    said = home.python("-c", program).wait()
    home.nothing_left()

    assert "KeyboardInterrupt" in said.err
    assert home.until_ended().state == ev.STOPPED


def test_ctrl_c_before_anything_is_begun(home: Home) -> None:
    command = home.start("run", home.script(TRAINS))
    command.signal(signal.SIGINT)
    said = command.wait()
    home.nothing_left()

    # Its own handler may not be there yet: then the interpreter's, or the kernel's, ends it; an
    # interpreter that is not up yet itself says so, and ends with 1.
    early = "Fatal Python error: init_import_site" in said.err
    assert said.code in (130, -signal.SIGINT) or (early and said.code == 1), said
    assert list(home.runs) == [] or home.until_ended().state == ev.STOPPED


def test_ctrl_c_between_two_generations(home: Home) -> None:
    command = home.start("run", home.script(FAILS), "--nodes", "2", "--max-restarts", "9999")
    home.until_event(ev.RESTARTING, 2)
    command.signal(signal.SIGINT)
    said = command.wait()
    home.nothing_left()

    assert said.code == 130, said
    assert home.only().history().state == ev.STOPPED


def test_a_second_ctrl_c_does_not_wait_for_the_grace(home: Home) -> None:
    command = home.start("run", home.script(DEAF), "--grace", "10m")
    command.until_said("up")
    command.signal(signal.SIGINT)
    command.until_said("deaf")
    command.signal(signal.SIGINT)

    assert command.wait().code == 130
    home.nothing_left()


def test_ctrl_c_while_a_node_is_away(home: Home) -> None:
    """The coordinator itself is being replaced when the stop comes."""
    import os

    command = home.start("run", home.script(TRAINS), "--nodes", "2", "--max-restarts", "3")
    command.until_said("up")
    home.until_event(ev.RUNNING)
    os.kill(home.agents()["worker/0"], signal.SIGKILL)
    command.signal(signal.SIGINT)

    assert command.wait().code == 130
    assert home.only().history().state == ev.STOPPED
    home.nothing_left()


@pytest.mark.parametrize("verb", ["attach", "wait", "logs --follow"])
def test_ctrl_c_at_those_who_only_look_leaves_the_run_alone(home: Home, verb: str) -> None:
    run = home.call("run", "--detach", home.script(TRAINS)).out.strip()
    home.until_event(ev.RUNNING)
    looker = home.start(*verb.split(), run)
    if verb != "wait":
        looker.until_said("up")
    until(lambda: connected(looker.process.pid), "it to look")  # `wait` says nothing
    looker.signal(signal.SIGINT)
    said = looker.wait()

    assert said.code in (130, -signal.SIGINT), said
    assert "Traceback" not in said.err
    assert home.only().history().state == ev.RUNNING_STATE
    home.call("stop", run)
    home.nothing_left()


def connected(pid: int) -> bool:
    """Whether a process has a socket."""
    with contextlib.suppress(OSError):  # one of its files was closed meanwhile
        return any("socket:" in str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir())
    return False
