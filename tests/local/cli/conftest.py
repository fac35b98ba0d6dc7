"""The command line as its users run it: a process, with a state folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest


class Shell:
    """A folder to work in, and `rankzero` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("RANKZERO_") and key not in ("NO_COLOR", "FORCE_COLOR")
        }
        self.env.update(
            XDG_STATE_HOME=str(folder / "state"),
            XDG_CONFIG_HOME=str(folder / "config"),
            TERM="xterm",
        )

    def write(self, name: str, text: str) -> str:
        path = self.folder / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return name

    def start(self, *argv: str, **options: object) -> subprocess.Popen:
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": self.env, **options}
        command = [sys.executable, "-m", "rankzero", *argv]
        return subprocess.Popen(command, cwd=work, **options)

    def __call__(self, *argv: str, code: int | None = 0) -> subprocess.CompletedProcess:
        """Run it to its end; the exit code must be this one (None: any)."""
        with self.start(*argv) as process:
            try:
                out, err = process.communicate()
            except BaseException:  # a test that ran out of time leaves nothing behind
                process.kill()
                raise
        if code is not None:
            assert process.returncode == code, (out + err).decode()
        return subprocess.CompletedProcess(
            argv, process.returncode, out.decode(errors="replace"), err.decode(errors="replace")
        )


@pytest.fixture
def shell(tmp_path):
    """A fresh folder and state; what a failed test left running is ended."""
    made = Shell(tmp_path)
    yield made
    made("stop", "--all", "--grace", "0", code=None)


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory):
    """One folder for a module whose tests only look at what is there."""
    made = Shell(tmp_path_factory.mktemp("looked-at"))
    yield made
    made("stop", "--all", "--grace", "0", code=None)
