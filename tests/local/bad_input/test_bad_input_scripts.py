"""Scripts that behave badly: nothing is lost, nothing is left running, the end is the right one."""

from __future__ import annotations

import os

import pytest

from rankzero.agent import events as ev
from rankzero.backends.base import LogQuery
from rankzero.backends.local import LocalBackend
from support.home import Home, Said
from support.waiting import until


@pytest.fixture
def run(home: Home):
    """Runs a script to its end by the command line; nothing of it may be left."""

    def call(text: str, *options: str, name: str = "train.py") -> Said:
        said = home.call("run", home.script(text, name), *options)
        home.nothing_left()
        assert "Traceback" not in said.err
        return said

    return call


def written(home: Home, rank: int = 0) -> bytes:
    """All that a rank of the only run wrote."""
    backend = LocalBackend(home.state / "rankzero")
    blocks = backend.logs(home.only().run, LogQuery(ranks=frozenset((rank,))))
    return b"".join(block.data for block in blocks)


def test_binary_garbage_is_kept_byte_by_byte(home: Home, run) -> None:
    said = run("import os\nos.write(1, bytes(range(256)) * 1000)\n", "--nodes", "2")

    assert said.code == 0
    assert written(home, 0) == written(home, 1) == bytes(range(256)) * 1000


def test_a_megabyte_without_a_newline(home: Home, run) -> None:
    said = run("import sys\nsys.stdout.write('x' * 1_000_000)\n")

    assert said.code == 0
    assert written(home) == b"x" * 1_000_000
    assert said.out.count("x") == 1_000_000


def test_ten_megabytes_at_once_from_every_rank(home: Home, run) -> None:
    line = "%07d " + "y" * 91
    text = f"import sys\nfor i in range(100_000): sys.stdout.write({line!r} % i + chr(10))\n"

    said = run(text, "--nproc", "2")

    assert said.code == 0
    expected = b"".join(b"%07d %s\n" % (i, b"y" * 91) for i in range(100_000))
    assert written(home, 0) == written(home, 1) == expected
    assert said.out.count("y" * 91) == 200_000


def test_a_reader_that_does_not_read_does_not_slow_the_ranks(home: Home) -> None:
    """The command's own stdout is a pipe that nobody reads until the ranks are done."""
    import subprocess
    import sys

    text = "import os\nfor _ in range(40_000): os.write(1, b'z' * 99 + b'\\n')\n"
    argv = [sys.executable, "-m", "rankzero", "run", home.script(text)]
    with subprocess.Popen(argv, env=home.env, cwd=home.work, stdout=subprocess.PIPE) as command:
        home.until_event(ev.RANK_EXITED)
        assert command.poll() is None, "it still has lines to give"
        assert command.stdout is not None
        assert command.stdout.read().count(b"z" * 99) == 40_000
    assert command.returncode == 0


def test_a_progress_bar_is_shown_though_its_line_never_ends(home: Home) -> None:
    script = "import sys, time\nsys.stdout.write('\\r 10%')\nsys.stdout.flush()\ntime.sleep(300)\n"
    command = home.start("run", home.script(script))

    command.until_said("10%")


def test_a_rank_that_closes_its_stdout_goes_on(home: Home, run) -> None:
    text = (
        "import os, pathlib, time\n"
        "print('before', flush=True)\n"
        "os.close(1); os.close(2)\n"
        "folder = pathlib.Path(os.environ['RANKZERO_OUTPUTS'])\n"
        "(folder / 'after').write_text('done')\n"
    )
    said = run(text)

    assert said.code == 0
    assert "before" in said.out
    assert (home.only().path / "outputs" / "after").read_text() == "done"


def test_a_script_that_forks_and_exits_ends_with_its_child(home: Home, run) -> None:
    text = "import os, time\nif os.fork() == 0: time.sleep(300)\n"

    assert run(text, "--nproc", "2").code == 0
    leftovers = [event for event in home.only().events() if event.kind == ev.LEFTOVERS]
    assert sorted(event.data["rank"] for event in leftovers) == [0, 1]


def test_a_daemon_that_ignores_sigterm_ends_with_its_run(home: Home, run) -> None:
    text = (
        "import os, signal, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork(): os._exit(0)\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    os.chdir('/')\n"
        "    os.closerange(0, 64)\n"
        "    time.sleep(300)\n"
        "os.wait()\n"
        "print('left a daemon')\n"
    )
    assert "left a daemon" in run(text).out


def test_a_stop_reaches_a_script_that_ignores_sigterm(home: Home) -> None:
    text = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(300)\n"
    )
    command = home.start("run", home.script(text), "--grace", "0.2")
    command.until_said("up")
    run = home.only().run

    assert home.call("stop", run).code == 0
    assert command.wait().code == 1
    assert home.only().history().state == ev.STOPPED
    home.nothing_left()


def test_a_script_that_kills_its_own_group(home: Home, run) -> None:
    said = run("import os, signal\nos.killpg(0, signal.SIGKILL)\n", "--nproc", "2")

    assert said.code == 1
    assert home.only().history().cause["signal"] == 9


def test_a_script_that_kills_its_agent(home: Home, run) -> None:
    said = run("import os, signal, time\nos.kill(os.getppid(), 9)\ntime.sleep(300)\n")

    assert said.code == 1
    assert home.only().history().cause["kind"] == "node-lost"


def test_a_rank_that_reads_its_stdin_finds_its_end(run) -> None:
    said = run("import sys\nprint('read', repr(sys.stdin.read()))\n")

    assert "read ''" in said.out


def test_a_script_that_writes_into_the_report_pipe_disturbs_nobody(run) -> None:
    """Descriptor 3 is the agent's; a script that takes it for its own file loses only that."""
    text = "import os\nfor i in range(3, 10):\n    try: os.write(i, b'\\xff nonsense {]' * 9999)\n"
    text += "    except OSError: pass\nprint('survived')\n"

    said = run(text)

    assert (said.code, "survived" in said.out) == (0, True)


def test_many_ranks_that_fail_at_once_have_one_cause(home: Home, run) -> None:
    said = run("raise RuntimeError('all of us')\n", "--nodes", "2", "--nproc", "4")

    assert said.code == 1
    assert home.only().history().cause["exception"]["message"] == "all of us"
    assert said.err.count("RuntimeError: all of us") == 1, "told once, not eight times"


def test_a_script_that_changes_its_user_is_still_ended(home: Home) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    text = "import os, time\nos.setgid(65534); os.setuid(65534)\nprint('up', flush=True)\n"
    command = home.start("run", home.script(text + "time.sleep(300)\n"), "--grace", "1")
    command.until_said("up")
    pids = [rank.pid for rank in home.ranks().values()]
    assert len(pids) == 1
    home.call("stop", home.only().run)

    assert command.wait().code == 1
    until(lambda: not os.path.exists(f"/proc/{pids[0]}"), "the rank to end")
