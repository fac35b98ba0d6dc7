"""`rankzero exec` into pods: pipes, terminals, signals, and what it leaves there."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from functools import partial

import pytest

from support.terminals import Terminal
from support.waiting import until

from .lab.target import Cluster
from .rights import without
from .shared import Shared, shared
from .team import ROLE, Team

WAITS = "import time\nprint('up', flush=True)\ntime.sleep(3000)\n"
#: Whether a process with this word in its arguments runs in the pod.
FIND = """
import os, sys
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) != os.getpid():
        try:
            if sys.argv[1].encode() in open(f"/proc/{pid}/cmdline", "rb").read().split(b"\\0"):
                print("found")
        except OSError:
            pass
"""


@pytest.fixture(scope="module")
def place(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with shared(cluster, tmp_path_factory.mktemp("exec")) as made:
        yield made


@pytest.fixture(scope="module")
def team(place: Shared) -> Team:
    return place.member(ROLE)


@pytest.fixture(scope="module")
def run(team: Team) -> str:
    return team.running(WAITS)


def exec_argv(run: str, *command: str) -> list[str]:
    return [sys.executable, "-m", "rankzero", "exec", run, *command]


def runs_there(team: Team, run: str, word: str) -> bool:
    said = until(lambda: _looked(team, run, word), "a look into the pod")
    return said == ["found"]


def _looked(team: Team, run: str, word: str) -> list[str]:
    """What is found there; nothing where the way in is just being mended."""
    said = team.call("exec", run, "--", "python3", "-c", FIND, word)
    return [said.out.strip() or "nothing"] if said.code == 0 else []


def terminal(team: Team, run: str, *command: str) -> Terminal:
    return Terminal(exec_argv(run, *command), {**team.env, "TERM": "xterm"}, team.work, 33, 101)


def piped(team: Team, run: str, *command: str, text: bytes = b"") -> subprocess.CompletedProcess:
    argv = exec_argv(run, "--", *command)
    return subprocess.run(argv, input=text, capture_output=True, env=team.env, cwd=team.work)


def test_an_archive_comes_and_goes_through_a_pipe(team: Team, run: str) -> None:
    packed = piped(team, run, "tar", "c", ".")
    assert packed.returncode == 0, packed.stderr
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        script = archive.extractfile("./train.py")
        assert script is not None
        assert script.read() == WAITS.encode()

    unpack = "mkdir $TMPDIR/new && cd $TMPDIR/new && tar x && cat train.py"
    unpacked = piped(team, run, "sh", "-c", unpack, text=packed.stdout)
    assert (unpacked.returncode, unpacked.stdout) == (0, WAITS.encode()), unpacked.stderr


def test_a_shell_has_the_terminal_its_size_and_its_keys(team: Team, run: str) -> None:
    with terminal(team, run) as shell:
        shell.until_shown("$ ")
        shell.press("echo $0 $RANKZERO_RANK; stty size\n")
        shell.until_shown("bash 0")
        shell.until_shown("33 101")
        shell.resize(40, 120)
        shell.press("until stty size | grep -q '40 120'; do :; done; echo re''sized\n")
        shell.until_shown("resized")
        shell.press("sleep 3001\n")
        until(partial(runs_there, team, run, "3001"), "sleep")
        shell.press("\x03")
        shell.press("echo co''de $?\n")
        shell.until_shown("code 130")
        shell.press("exit 5\n")
        assert shell.wait() == 5
        assert shell.as_before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_ended_leaves_the_terminal_as_it_was_and_nothing_in_the_pod(
    team: Team, run: str, number: int
) -> None:
    with terminal(team, run) as shell:
        shell.until_shown("$ ")
        shell.press("sleep 3002\n")
        until(partial(runs_there, team, run, "3002"), "sleep")
        shell.process.send_signal(number)
        assert shell.wait() == 128 + number
        assert shell.as_before
    until(lambda: not runs_there(team, run, "3002"), "sleep to end")
    until(lambda: not runs_there(team, run, "bash"), "the shell to end")


def test_ctrl_c_without_a_terminal_reaches_the_command(team: Team, run: str) -> None:
    trap = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done"
    asked = team.start("exec", run, "--", "sh", "-c", trap)
    asked.until_said("ready")
    asked.signal(signal.SIGINT)

    said = asked.wait()
    assert (said.code, said.out) == (9, "ready\ncaught\n")


def test_ctrl_c_twice_ends_a_command_that_ignores_it(team: Team, run: str) -> None:
    deaf = "trap 'echo heard' INT; echo ready; while :; do sleep 0.1; done; : deaf"
    asked = team.start("exec", run, "--", "sh", "-c", deaf)
    asked.until_said("ready")
    asked.signal(signal.SIGINT)
    asked.until_said("heard")
    asked.signal(signal.SIGINT)

    assert asked.wait().code == 130
    until(lambda: not runs_there(team, run, deaf), "the command to end")


def test_a_reader_that_leaves_ends_the_command(team: Team, run: str) -> None:
    argv = exec_argv(run, "--", "yes", "word")
    with subprocess.Popen(argv, env=team.env, stdout=subprocess.PIPE) as asked:
        assert asked.stdout is not None
        assert asked.stdout.readline() == b"word\n"
        asked.stdout.close()
        assert asked.wait() == 141
    until(lambda: not runs_there(team, run, "yes"), "the command to end")


def test_a_command_that_reads_nothing_holds_nobody(team: Team, run: str) -> None:
    done = piped(team, run, "sh", "-c", "exit 4", text=b"x" * 100_000)

    assert done.returncode == 4


def test_a_pod_that_goes_takes_its_commands_along(team: Team) -> None:
    run = team.running(WAITS)
    asked = team.start("exec", run, "--", "sh", "-c", "echo ready; sleep 3003")
    asked.until_said("ready")
    team.admin("delete", "pod", "-l", f"rankzero/run={run}", "--grace-period=1", "--wait=false")

    said = asked.wait()
    assert said.code in (3, 137), said


def test_a_node_that_waits_is_not_there_and_why_is_named(team: Team) -> None:
    script = team.script(WAITS)
    started = team.call("run", script, "--detach", env={"RANKZERO_IMAGE": "localhost:1/no/image"})
    run = started.out.strip()

    said = team.call("exec", run, "--", "true")

    assert said.code == 3
    assert f"worker/0 of {run} is not there at present" in said.err
    assert f"rankzero why {run}" in said.err


def test_a_run_that_has_ended_is_entered_by_nobody(team: Team) -> None:
    assert team.call("run", team.script("print('up')", "short.py")).code == 0

    def refused() -> bool:  # its pods leave once everything was fetched
        said = team.call("exec", "-", "--", "true")
        return said.code == 3 and "has ended (succeeded)" in said.err

    until(refused, "its pods to have left")


def test_without_the_right_to_exec_the_right_is_named(place: Shared, run: str) -> None:
    said = place.member(without("pods/exec")).call("exec", run, "--", "true")

    assert said.code == 3
    assert "pods/exec" in said.err
