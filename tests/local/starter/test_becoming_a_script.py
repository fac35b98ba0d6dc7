"""A rank's script sees what it sees under `python script.py`, and is seen the same."""

from __future__ import annotations

import re
import signal
import textwrap
from pathlib import Path

import pytest

from .conftest import BOOT, SOURCES, Python

SAME = {
    "its namespace, path and arguments": """
        import sys
        shown = {k: v for k, v in globals().items() if k not in ("__builtins__", "__loader__")}
        print(shown, sorted(globals()), type(__loader__).__name__, type(__builtins__).__name__)
        print(sys.path[0], sys.argv, [p for p in sys.path if p == ""])
        """,
    "an exit with a text": "import sys; print('out'); sys.exit('stopped: no data')",
    "an exit with a number": "raise SystemExit(3)",
    "an exit at once": "import os; print('lost?', flush=True); os._exit(5)",
    "what it does at its end": """
        import atexit, sys, threading
        atexit.register(print, "at exit")
        gate = threading.Event()
        threading.Thread(target=lambda: (gate.wait(), print("thread"))).start()
        threading.Timer(0.01, gate.set).start()
        print("main ends")
        """,
    "an exception and its cause": """
        def load(path):
            return open(path).read()

        def train():
            try:
                load("no such file")
            except OSError as error:
                raise RuntimeError("cannot train") from error

        train()
        """,
    "an exception where its hook is its own": """
        import sys
        sys.excepthook = lambda kind, value, tb: print(kind, value, tb.tb_frame.f_code.co_name)
        raise ValueError("mine")
        """,
    "an exception in a thread": """
        import threading
        worker = threading.Thread(target=lambda: 1 / 0, name="reader")
        worker.start(); worker.join()
        print("goes on")
        """,
    "a syntax error": "print('never'\nx = = 1\n",
    "endless recursion": "def f(n):\n    return f(n + 1)\nf(0)\n",
    "an interrupt": "print('begun', flush=True)\nraise KeyboardInterrupt\n",
    "an interrupt by signal": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "termination": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "a warning": "import warnings; warnings.warn('careful')",
    "its own source": """
        import inspect
        class Model:
            depth = 3
        def forward(x):
            return x + 1
        print(inspect.getsource(forward), inspect.getfile(forward))
        """,
    "files beside it": "print(open('data.txt').read()); import helper; print(helper.__file__)",
    "standard modules, not those beside it with their names": """
        import sys
        print(sys.modules.get("json"), sys.modules.get("ctypes") is not None or True)
        import json
        print(json.__file__)
        """,
}


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(textwrap.dedent(text))


@pytest.mark.parametrize("case", SAME)
def test_as_plain_python(python: Python, case: str) -> None:
    write(python.folder, "train.py", SAME[case])
    (python.folder / "data.txt").write_text("0.5")
    (python.folder / "helper.py").write_text("")
    (python.folder / "json.py").write_text("")

    rank, plain = python.rank("script", "train.py", "-x", "2"), python.plain("train.py", "-x", "2")

    assert rank._replace(err=without_depth(rank.err)) == plain._replace(
        err=without_depth(plain.err)
    )


def without_depth(text: str) -> str:
    """The starter is a few calls deep, so endless recursion ends that much sooner."""
    return re.sub(r"repeated \d+ more", "repeated", text)


SPAWNING = """
    import multiprocessing, os, sys

    class Sample:
        def __init__(self, value):
            self.value = value

    def double(sample):
        return Sample(sample.value * 2)

    if __name__ == "__main__":
        for method in ("spawn", "fork"):
            with multiprocessing.get_context(method).Pool(1) as pool:
                print(method, [s.value for s in pool.map(double, [Sample(1), Sample(4)])])
    """


def test_child_processes_that_import_the_script_or_are_forked(python: Python) -> None:
    write(python.folder, "train.py", SPAWNING)

    seen = python.rank("script", "train.py")

    assert seen.out == "spawn [2, 8]\nfork [2, 8]\n", seen.err
    assert (seen.code, seen.err) == (0, "")


def test_a_spawned_child_can_import_rankzero_though_nobody_installed_it(python: Python) -> None:
    write(python.folder, "train.py", SPAWNING + "\n    import rankzero; rankzero.report(step=1)\n")

    seen = python.rank("script", "train.py")

    assert (seen.code, seen.err) == (0, "")


@pytest.mark.parametrize("name", ["with space.py", "größe.py", "-c.py", "sub/train.py"])
def test_any_name(this_python: Python, name: str) -> None:
    (this_python.folder / "sub").mkdir()
    write(this_python.folder, name, "import sys; print(__file__, sys.argv, sys.path[0])")
    path = str(this_python.folder / name)

    assert this_python.rank("script", path, "ö x") == this_python.plain(path, "ö x")


def test_a_link_to_a_script_finds_what_lies_beside_the_script(this_python: Python) -> None:
    (this_python.folder / "real").mkdir()
    write(this_python.folder, "real/train.py", "import sys; print(sys.path[0], __file__)")
    (this_python.folder / "link.py").symlink_to("real/train.py")

    assert this_python.rank("script", "link.py") == this_python.plain("link.py")


@pytest.mark.parametrize("source", [b"# coding: latin-1\nprint('\xe9')", b"\xef\xbb\xbfprint('x')"])
def test_a_source_in_its_own_encoding(this_python: Python, source: bytes) -> None:
    (this_python.folder / "train.py").write_bytes(source)

    assert this_python.rank("script", "train.py") == this_python.plain("train.py")


def test_lines_come_at_once_though_stdout_is_a_pipe(python: Python) -> None:
    write(python.folder, "train.py", "import os; print('seen'); os._exit(0)")

    assert python.rank("script", "train.py").out == "seen\n"


def test_a_script_without_stdout(this_python: Python) -> None:
    boot = f"import os; os.close(1); os.execv({this_python.executable!r}, "
    argv = ["python", "-c", BOOT.format(root=str(SOURCES)), "script", "train.py"]
    write(this_python.folder, "train.py", "import sys; sys.exit(0 if sys.stdout is None else 1)")

    assert this_python.plain("-c", boot + f"{argv!r})").code == 0


def test_the_working_folder_is_entered_first(this_python: Python) -> None:
    (this_python.folder / "sub").mkdir()
    write(this_python.folder, "sub/train.py", "import os; print(os.getcwd(), sorted(os.environ))")
    folder = str(this_python.folder / "sub")

    seen = this_python.rank("script", "train.py", env={"RANKZERO_WORKDIR": folder})

    assert seen.out.startswith(folder)
    assert "RANKZERO" not in seen.out


def test_a_rank_dies_with_the_agent_that_started_it(this_python: Python) -> None:
    write(
        this_python.folder,
        "agent.py",
        """
        import os, subprocess, sys
        read, write = os.pipe()
        rank = subprocess.Popen(
            sys.argv[1:], pass_fds=[write],
            env={**os.environ, "RANKZERO_PARENT_PID": str(os.getpid()), "PIPE": str(write)},
        )
        os.close(write)
        os.read(read, 1)  # the rank runs, and holds the pipe's other end
        print(rank.pid, flush=True)
        os.kill(os.getpid(), 9)
        """,
    )
    write(
        this_python.folder,
        "train.py",
        """
        import os, signal
        os.write(int(os.environ["PIPE"]), b"x")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()
        """,
    )
    argv = [this_python.executable, "-c", BOOT.format(root=str(SOURCES)), "script", "train.py"]

    # Returns only when all that hold its stdout are gone, agent and rank; else it times out.
    seen = this_python.plain("agent.py", *argv)

    assert seen.code == -signal.SIGKILL
    assert int(seen.out) > 1


def test_a_rank_whose_agent_is_already_gone_does_not_begin(this_python: Python) -> None:
    write(this_python.folder, "train.py", "print('ran')")

    seen = this_python.rank("script", "train.py", env={"RANKZERO_PARENT_PID": "1"})

    assert (seen.code, seen.out) == (1, "")
