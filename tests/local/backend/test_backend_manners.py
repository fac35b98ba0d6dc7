"""What a run leaves alone: its neighbours' time, others' files, the caller's descriptors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rankzero.agent import events as ev
from support.home import Home

#: Rank 0 fails and leaves a process that will not go; rank 1 saves under the job's grace.
SAVES = """
import os, signal, subprocess, sys, time
up = os.path.join(os.environ["RANKZERO_OUTPUTS"], "up")
if os.environ["RANKZERO_RANK"] == "0":
    while not os.path.exists(up):
        pass
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('stays', flush=True);"
    child = subprocess.Popen([sys.executable, "-c", stubborn + "time.sleep(300)"], stdout=-1)
    child.stdout.readline()
    os._exit(3)

def save(number, frame):
    print("saving", flush=True)
    time.sleep(7)  # longer than what is left running is granted
    print("saved", flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, save)
open(up, "w").close()
while True:
    signal.pause()
"""


def test_a_rank_has_its_whole_grace_whatever_another_left_running(home: Home) -> None:
    said = home.call("run", home.script(SAVES), "--nproc", "2", "--grace", "60")

    assert said.code == 1
    assert "[1] saving\n[1] saved" in said.out
    home.nothing_left()


@pytest.mark.parametrize("nodes", [1, 2])
def test_an_agent_that_was_asked_to_leave_is_replaced(home: Home, nodes: int) -> None:
    script = home.script(
        "import os, time\n"
        "print('up', os.environ['RANKZERO_GENERATION'], flush=True)\n"
        "if os.environ['RANKZERO_GENERATION'] == '1': time.sleep(300)\n"
    )
    command = home.start("run", script, "--nodes", str(nodes), "--max-restarts", "1")
    home.until_event(ev.RUNNING)
    command.until_said("up 1")
    os.kill(home.agents()["worker/0"], signal.SIGTERM)

    assert command.wait().code == 0, command.out + command.err
    assert home.until_ended().generation == 2


def test_descriptors_of_the_command_end_with_it(home: Home, tmp_path: Path) -> None:
    """A lock, or a pipe of a build, that the command was started with."""
    read, write = os.pipe()
    script = home.script("import time\nprint('up', flush=True)\ntime.sleep(300)\n")
    said = home.call("run", "--detach", script, pass_fds=(write,))
    os.close(write)

    assert said.code == 0
    home.until_event(ev.RUNNING)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b""  # nobody holds the other end any more
    assert home.call("stop", "-", "--grace", "0").code == 0
    home.until_ended()


def test_reports_never_reach_a_file_of_a_grandchild(home: Home, tmp_path: Path) -> None:
    inner = tmp_path / "inner.py"
    inner.write_text(
        "import os, rankzero\n"
        "fd = os.open('model.bin', os.O_CREAT | os.O_WRONLY)\n"
        "os.dup2(fd, 3)\n"
        "rankzero.report(step=1, loss=2.0)\n"
    )
    outer = "import subprocess, sys; subprocess.run([sys.executable, sys.argv[1]], check=True)"
    said = home.call("run", "--", sys.executable, "-c", outer, str(inner), cwd=tmp_path)

    assert said.code == 0, said.err
    assert (tmp_path / "model.bin").read_bytes() == b""


def test_ranks_see_rankzero_and_nothing_else_of_its_environment(home: Home) -> None:
    script = home.script(
        "import os, sys, rankzero\n"
        "where = [path for path in sys.path if os.path.exists(os.path.join(path, 'rankzero'))]\n"
        "print('with', sorted(name for path in where for name in os.listdir(path)))\n"
    )
    bare = Path(sys.executable).resolve()  # not the environment's: it has no packages of ours
    said = home.call("run", script, "--python", str(bare))

    assert said.code == 0, said.err
    assert "[0] with ['rankzero']" in said.out


def test_a_program_that_starts_many_runs_keeps_nothing_open(home: Home) -> None:
    program = (
        "import os, sys, rankzero\n"
        "def one():\n"
        "    rankzero.run(sys.argv[1]).wait()\n"
        "    return len(os.listdir('/proc/self/fd'))\n"
        "first = one()\n"
        "counts = [one() for _ in range(3)]\n"
        "print(counts[-1] - first)\n"
    )
    command = home.python("-c", program, home.script("print('done')\n"))

    assert command.wait().code == 0, command.err
    assert int(command.out.split()[-1]) <= 1  # the last supervisor may just be leaving


def test_large_tracebacks_and_many_restarts_can_still_be_read(home: Home) -> None:
    """More history than one line of the wire may hold."""
    script = home.script("raise ValueError('x' * 100_000)\n")
    assert home.call("run", script, "--max-restarts", "40").code == 1

    events = home.call("events", "-", "--output", "json")
    assert events.code == 0
    assert events.out.count('"restarting"') == 40
    assert home.call("why", "-").code == 0
    assert max(map(len, home.only().events_file.read_text().splitlines())) < 100_000


def test_what_a_killed_command_had_begun_is_swept(home: Home) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    runs = home.runs.path
    runs.mkdir(parents=True)
    draft = runs / f".train-0000-{ended.pid}"
    draft.mkdir()
    (draft / "token").write_text("secret")
    mine = runs / f".train-1111-{os.getpid()}"
    mine.mkdir()

    assert home.call("run", home.script("print('done')\n")).code == 0
    assert not draft.exists()
    assert mine.exists()
