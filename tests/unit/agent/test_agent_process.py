"""What /proc and the kernel tell of processes, by real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from rankzero.agent import process

#: Whoever reads its line knows that it is what it was told to be.
SITS = ["sh", "-c", "echo; read -r line"]


@pytest.fixture
def sitting() -> Iterator[subprocess.Popen[bytes]]:
    """A shell in a group of its own that waits until it is told to end."""
    with subprocess.Popen(
        SITS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as made:
        assert made.stdout is not None
        made.stdout.readline()
        yield made
        made.kill()


def gone(made: subprocess.Popen[bytes]) -> int:
    """End it, and leave it for its parent to reap; its pid."""
    made.kill()
    os.waitid(os.P_PID, made.pid, os.WEXITED | os.WNOWAIT)
    return made.pid


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, "exited with code 0"),
        (255, "exited with code 255"),
        (-9, "was killed by signal 9 (SIGKILL)"),
        (-11, "was killed by signal 11 (SIGSEGV)"),
        (-63, "was killed by signal 63 (unknown)"),
    ],
)
def test_how_a_process_ended(code: int, said: str) -> None:
    assert process.ended_how(code) == said


def test_a_process_is_known_by_its_words_and_its_birth(sitting: subprocess.Popen[bytes]) -> None:
    assert process.command_line(sitting.pid).split("\0") == [*SITS, ""]
    mine, its = process.born(os.getpid()), process.born(sitting.pid)
    assert mine is not None and its is not None and mine <= its
    assert process.born(sitting.pid) == its


def test_one_that_waits_to_be_reaped_is_nobody(sitting: subprocess.Popen[bytes]) -> None:
    assert process.members(sitting.pid) == 1
    pid = gone(sitting)
    assert process.born(pid) is None
    assert process.members(pid) == 0
    assert pid in process.children()
    sitting.wait()
    assert pid not in process.children()
    assert (process.born(pid), process.command_line(pid)) == (None, "")


def test_a_name_that_looks_like_a_state_is_none() -> None:
    """The kernel puts a command's name in brackets, and the name may have some itself."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", NAMED], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as made:
        assert made.stdout is not None
        made.stdout.readline()
        assert process.born(made.pid) is not None
        assert made.pid in process.children()
        made.kill()


NAMED = """
with open("/proc/self/comm", "w") as file:
    file.write("a) Z 1 (b")
print(flush=True)
input()
"""


def test_a_group_is_signalled_as_long_as_anybody_is_left(
    sitting: subprocess.Popen[bytes],
) -> None:
    assert process.signal_group(sitting.pid, 0)
    assert process.signal_group(sitting.pid, signal.SIGTERM)
    assert sitting.wait() == -signal.SIGTERM
    assert not process.signal_group(sitting.pid, signal.SIGTERM)
    process.signal_process(sitting.pid, signal.SIGTERM)  # nobody to hear it


def test_a_copy_is_out_of_the_way_of_what_a_child_gets() -> None:
    read, write = os.pipe()
    copy = process.copy_high(write)
    try:
        os.close(write)
        os.write(copy, b"x")
        assert copy >= 10 and not os.get_inheritable(copy)
        assert os.read(read, 1) == b"x"
    finally:
        os.close(read)
        os.close(copy)


REAPS = """
import os, sys
sys.path.insert(0, {root!r})
from rankzero.agent import process
pids = []
for end in ("exit 0", "exit 7", "kill -9 $$"):
    pids.append(os.posix_spawn("/bin/sh", ["sh", "-c", end], os.environ))
for pid in pids:
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
ended = dict(process.reap())
print([ended[pid] for pid in pids], process.reap())
"""


def test_all_that_have_ended_are_reaped_at_once() -> None:
    """In a process of its own: here others wait for their children."""
    from rankzero.agent.interpreter import root

    words = [sys.executable, "-I", "-S", "-c", REAPS.format(root=root())]
    assert subprocess.check_output(words, text=True) == "[0, 7, -9] []\n"
