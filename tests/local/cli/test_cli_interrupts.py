"""Ctrl-C, signals and hang-ups at a run that is attached."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import pytest

LONG = """
    import signal, sys

    def end(*_):
        print("told to end", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    print("up", flush=True)
    signal.pause()
"""
DEAF = """
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("up", flush=True)
    signal.pause()
"""


def state(shell):
    (run,) = json.loads(shell("list", "-o", "json").stdout)["runs"]
    return run["state"]


def wait_for(stream, text):
    """Read until a line holds the text; a stream that ends before is a failure."""
    for line in stream:
        if text in line:
            return
    raise AssertionError(f"{text!r} never came")


@pytest.fixture
def started(shell):
    """An attached run whose rank is up; it has no terminal."""
    shell.write("long.py", LONG)
    with shell.start("run", "long.py", stdin=subprocess.DEVNULL) as process:
        wait_for(process.stdout, b"[0] up")
        yield process


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_without_a_terminal_the_run_is_stopped_in_order(shell, started, number, code):
    started.send_signal(number)
    out, err = started.communicate()
    assert started.returncode == code
    assert b"[0] told to end" in out
    assert b"stopped after" in err
    assert b"Traceback" not in err
    assert state(shell) == "stopped"


def test_a_second_ctrl_c_does_not_wait_for_the_grace(shell):
    shell.write("deaf.py", DEAF)
    with shell.start("run", "deaf.py", "--grace", "600") as process:
        wait_for(process.stdout, b"[0] up")
        process.send_signal(signal.SIGINT)
        wait_for(process.stderr, b"stopping")
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    assert state(shell) == "stopped"


def test_a_killed_command_takes_its_run_along(shell, started):
    started.kill()
    started.wait()
    (run,) = json.loads(shell("list", "-o", "json").stdout)["runs"]
    shell("wait", run["run"], code=1)
    assert state(shell) != "running"
    assert "(the command that started it has ended)" in shell("why", "-").stdout


def test_a_reader_that_leaves_ends_the_run_quietly(shell):
    shell.write("chatty.py", "while True: print('x' * 1000)\n")
    with shell.start("run", "chatty.py") as process:
        wait_for(process.stdout, b"[0] x")
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 141
    assert b"Traceback" not in err
    (run,) = json.loads(shell("list", "-o", "json").stdout)["runs"]
    shell("wait", run["run"], code=1)


class Terminal:
    """A command on a terminal of its own, as its session's leader."""

    def __init__(self, shell, *argv):
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        self.process = shell.start(
            *argv,
            stdin=follower,
            stdout=follower,
            stderr=follower,
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
        )
        os.close(follower)
        self.seen = b""

    def until(self, text):
        while text not in self.seen:
            self.seen += self._read()
        return self.seen

    def type(self, keys):
        os.write(self._leader, keys)

    def end(self):
        try:
            while True:
                self.seen += self._read()
        except EOFError:
            os.close(self._leader)
            return self.process.wait()

    def _read(self):
        try:
            data = os.read(self._leader, 65536)
        except OSError:  # EIO: nobody has the other end any more
            data = b""
        if not data:
            raise EOFError(self.seen.decode(errors="replace"))
        return data


@pytest.fixture
def terminal(shell):
    """An attached run on a terminal, its rank up, and Ctrl-C typed."""
    shell.write("long.py", LONG)
    made = Terminal(shell, "run", "long.py")
    made.until(b"up")
    made.type(b"\x03")
    made.until(b"[s/d, then Enter]")
    return made


def test_on_a_terminal_ctrl_c_asks_and_s_stops(shell, terminal):
    terminal.type(b"s\n")
    assert terminal.end() == 130
    assert b"told to end" in terminal.seen
    assert state(shell) == "stopped"


@pytest.mark.parametrize("unclear", [b"\n", b"x\n", b"sd\n"])
def test_an_answer_that_is_none_is_asked_for_again(shell, terminal, unclear):
    terminal.type(unclear)
    terminal.until(b"d lets it go on without this command")
    assert state(shell) == "running"
    terminal.type(b"d\n")
    assert terminal.end() == 130
    assert b"goes on; follow it" in terminal.seen


@pytest.mark.parametrize("keys", [b"\x03", b"\x04"])
def test_the_question_asked_again_ends_as_the_first(shell, terminal, keys):
    terminal.type(b"\n")
    terminal.until(b"d lets it go on without this command")
    terminal.type(keys)
    assert terminal.end() == 130
    assert state(shell) == "stopped"


def test_sigterm_at_the_question_answers_it(shell, terminal):
    terminal.process.terminate()
    assert terminal.end() == 143
    assert b"told to end" in terminal.seen
    assert state(shell) == "stopped"


def test_on_a_terminal_d_detaches_and_the_run_goes_on(shell, terminal):
    terminal.type(b"d\n")
    assert terminal.end() == 130
    assert b"goes on; follow it: rankzero attach long-" in terminal.seen
    assert state(shell) == "running"
    shell("stop", "--all")
    assert state(shell) == "stopped"


def test_on_a_terminal_a_second_ctrl_c_stops_at_once(shell, terminal):
    terminal.type(b"\x03")
    assert terminal.end() == 130
    assert b"Traceback" not in terminal.seen
    assert state(shell) == "stopped"


def test_a_terminal_that_goes_away_stops_the_run(shell):
    shell.write("long.py", LONG)
    made = Terminal(shell, "run", "long.py")
    made.until(b"up")
    os.close(made._leader)
    assert made.process.wait() == 129
    assert state(shell) == "stopped"


def test_a_terminal_has_colours_and_is_safe(shell):
    shell.write("wild.py", r"print('\x1b[2Jwiped\x07')")
    made = Terminal(shell, "run", "wild.py")
    assert made.end() == 0
    assert b"[0]\x1b[0m wiped\\x07" in made.seen
    assert b"\x1b[2J" not in made.seen
    assert b"\x1b[32m" in made.seen


@pytest.mark.parametrize("verb", ["list", "status"])
def test_on_80_columns_a_table_cuts_its_last_column_alone(shell, verb):
    shell.write("long.py", "raise SystemExit('z' * 300)\n")
    shell("run", "long.py", code=1)
    (run,) = json.loads(shell("list", "-o", "json").stdout)["runs"]
    made = Terminal(shell, *([verb] if verb == "list" else [verb, "-"]))
    assert made.end() == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", made.seen.decode()).replace("\r", "")
    (row,) = [line for line in text.splitlines() if line.endswith("…")]
    assert len(row) == 80
    if verb == "list":
        assert row.split()[:5] == [run["run"], "failed", "1", "1", "local"]
    else:
        assert row.split()[:3] == ["worker/0", "127.0.0.1", "ended"]


def test_no_color_is_heard(shell):
    shell.write("calm.py", "print('calm')\n")
    shell.env["NO_COLOR"] = "1"
    made = Terminal(shell, "run", "calm.py")
    assert made.end() == 0
    assert b"\x1b" not in made.seen


@pytest.mark.parametrize("verb", [("attach",), ("logs", "--follow"), ("wait",)])
def test_ctrl_c_at_those_who_only_look_leaves_the_run_alone(shell, verb):
    shell.write("long.py", LONG)
    run = shell("run", "long.py", "--detach").stdout.strip()
    with shell.start("events", run, "--follow") as events:
        wait_for(events.stdout, b"running")
        with shell.start(verb[0], run, *verb[1:]) as process:
            if verb[0] != "wait":
                wait_for(process.stdout, b"[0] up")
            else:  # it says nothing: look until it has its connection
                wait_for_socket(process.pid)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
        assert process.returncode == 130
        assert b"Traceback" not in err
        assert state(shell) == "running"
        events.kill()


def wait_for_socket(pid):
    """Until the process has a socket open, as one that watches a run has."""
    while True:
        folder = f"/proc/{pid}/fd"
        for name in os.listdir(folder):
            try:
                if os.readlink(f"{folder}/{name}").startswith("socket:"):
                    return
            except FileNotFoundError:
                continue
