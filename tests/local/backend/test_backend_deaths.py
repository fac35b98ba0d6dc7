"""Who dies takes along what it was responsible for: no process of a run outlives its run."""

from __future__ import annotations

import os
import signal

import pytest

from rankzero.agent import events as ev
from support import processes
from support.home import Command, Home
from support.waiting import until

#: Each rank also keeps a child of its own, as a data loader does.
TRAINS = """
import os, time
if os.fork() == 0:
    time.sleep(300)
print('up', flush=True)
time.sleep(300)
"""
#: Prepares a run in a process of its own, as a notebook does.
NOTEBOOK = """
import sys
import rankzero
run = rankzero.run(sys.argv[1], nodes=2)
print(run.id, flush=True)
{then}
"""


def running(home: Home, *options: str) -> Command:
    """An attached run whose four ranks are up; returns the command that it is attached to."""
    command = home.start("run", home.script(TRAINS), "--nodes", "2", "--nproc", "2", *options)
    home.until_event(ev.RUNNING)
    until(lambda: command.out.count("up") == 4, f"four ranks: {command.out}{command.err}")
    return command


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_an_attached_run_ends_with_its_command(home: Home, number: int) -> None:
    command = running(home)
    command.signal(number)
    command.wait()

    assert home.until_ended().state == ev.STOPPED
    home.nothing_left()


def test_a_detached_run_goes_on_without_its_command(home: Home) -> None:
    said = home.call("run", "--detach", home.script(TRAINS), "--nodes", "2")
    home.until_event(ev.RUNNING)

    assert said.code == 0
    assert sorted(home.ranks()) == [0, 1]
    assert home.call("stop", said.out.strip()).code == 0
    assert home.until_ended().state == ev.STOPPED
    home.nothing_left()


def test_a_detached_run_belongs_to_no_terminal(home: Home) -> None:
    home.call("run", "--detach", home.script(TRAINS))
    home.until_event(ev.RUNNING)
    supervisor = home.supervisor()

    assert os.getsid(supervisor) == supervisor
    assert all(os.getsid(pid) == supervisor for pid in home.agents().values())
    for descriptor in (0, 1, 2):
        assert not os.readlink(f"/proc/{supervisor}/fd/{descriptor}").startswith("/dev/pts")


@pytest.mark.parametrize("then", ["import os; os._exit(0)", "import os; os.kill(os.getpid(), 9)"])
def test_a_run_from_python_ends_with_its_process(home: Home, then: str) -> None:
    notebook = home.script(
        NOTEBOOK.format(then="run.logs(follow=True).__next__()\n" + then), "n.py"
    )
    home.python(notebook, home.script(TRAINS)).wait()

    assert home.until_ended().state == ev.STOPPED
    home.nothing_left()


def test_a_released_run_goes_on_without_its_process(home: Home) -> None:
    then = "from rankzero import backends\nbackends.get('local').release(run.id)"
    said = home.python(home.script(NOTEBOOK.format(then=then), "n.py"), home.script(TRAINS)).wait()
    home.until_event(ev.RUNNING)

    assert (said.code, said.err) == (0, "")
    assert sorted(home.ranks()) == [0, 1]
    assert home.call("stop", said.out.strip()).code == 0
    assert home.until_ended().state == ev.STOPPED


def test_a_killed_supervisor_ends_all_and_reads_as_cut_off(home: Home) -> None:
    command = running(home)
    kill(home.supervisor())
    said = command.wait()
    home.nothing_left()

    run = home.only().run
    assert said.code == 1
    assert home.until_ended().state == ev.FAILED
    for verb in ("status", "why", "logs", "events"):
        answer = home.call(verb, run)
        assert answer.code == 0, answer
        assert "Traceback" not in answer.err
    assert "ended from outside" in home.call("why", run).out
    assert home.call("logs", run).out.count("up") == 4
    assert home.call("delete", run).code == 0


def test_a_killed_first_agent_is_followed_by_a_new_coordinator(home: Home) -> None:
    command = home.start("run", home.script(TRAINS), "--nodes", "2", "--max-restarts", "1")
    home.until_event(ev.RUNNING)
    before, ranks = home.agents(), [rank.pid for rank in home.ranks().values()]
    kill(before["worker/0"])
    home.until_event(ev.RUNNING, 2)

    after = home.agents()
    assert after["worker/0"] != before["worker/0"]
    assert after["worker/1"] == before["worker/1"], "the other agent stays, and so does its node"
    assert not any(processes.alive(pid) for pid in ranks)
    assert home.only().history().restarts == 1
    assert [event.seq for event in home.only().events()] == list(
        range(1, len(home.only().events()) + 1)
    )
    command.signal(signal.SIGINT)
    command.wait()
    home.nothing_left()


def test_supervisor_and_agents_killed_at_once_leave_no_rank(home: Home) -> None:
    command = running(home)
    ranks = [rank.pid for rank in home.ranks().values()]
    assert len(ranks) == 4
    # Stopped first, so that none sees another die and acts on it.
    pids = [home.supervisor(), *home.agents().values()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    kill(*pids)

    until(lambda: not any(processes.alive(pid) for pid in ranks), "every rank to end")
    command.wait()
    assert home.only().history().cause["kind"] == "cut-off"


def test_an_agent_that_dies_again_and_again_is_given_up(home: Home) -> None:
    command = home.start("run", home.script(TRAINS), "--nodes", "2", "--max-restarts", "2")
    for times in (1, 2, 3):
        home.until_event(ev.RUNNING, times)
        kill(home.agents()["worker/1"])
    said = command.wait()

    assert said.code == 1
    assert home.until_ended().restarts == 2
    assert home.only().history().cause["kind"] == "node-lost"
    home.nothing_left()


def test_a_stopped_rank_can_be_stopped(home: Home) -> None:
    """A debugger, or Ctrl-Z, leaves a process that sees no SIGTERM until it goes on."""
    command = running(home, "--grace", "5m")
    for rank in home.ranks().values():
        os.kill(rank.pid, signal.SIGSTOP)
    command.signal(signal.SIGINT)

    assert command.wait().code == 130
    home.nothing_left()


def test_a_supervisor_that_is_asked_to_end_stops_its_run(home: Home) -> None:
    """So a machine that shuts down in order lets the ranks save what they have."""
    script = "import signal, sys, time\n" + (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('saved', flush=True)))\n"
        "print('up', flush=True)\n"
        "time.sleep(300)\n"
    )
    command = home.start("run", home.script(script))
    command.until_said("up")
    os.kill(home.supervisor(), signal.SIGTERM)

    assert "saved" in command.wait().out
    assert home.until_ended().state == ev.STOPPED


def test_a_long_lived_caller_keeps_no_dead_children(home: Home) -> None:
    then = (
        "run.wait()\n"
        "again = rankzero.run(sys.argv[1], nodes=1)\n"
        "again.wait()\n"
        "import os\n"
        "from rankzero.agent import process\n"
        "states = [open(f'/proc/{p}/stat').read().split()[2] for p in process.children()]\n"
        "print('dead', states.count('Z'))\n"
    )
    said = home.python(home.script(NOTEBOOK.format(then=then), "n.py"), home.script("pass")).wait()

    # The last one may just be ending; those of earlier runs are gone.
    assert said.out.splitlines()[-1] in ("dead 0", "dead 1"), said
