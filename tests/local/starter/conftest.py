"""Ranks as an agent starts them: real processes, on the oldest and the newest Python here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from support.interpreters import extremes

SOURCES = Path(__file__).parents[3] / "src"
BOOT = "import sys; sys.path.insert(0, {root!r}); from rankzero.agent.starter import main; main()"


class Seen(NamedTuple):
    """What a process showed of itself."""

    code: int
    out: str
    err: str


class Python:
    """One interpreter in one folder, running a script plainly or as a rank."""

    def __init__(self, executable: str, folder: Path) -> None:
        self.executable = executable
        self.folder = folder

    def plain(self, *argv: str) -> Seen:
        return self._run([self.executable, *argv], {})

    def rank(
        self,
        kind: str,
        target: str,
        *args: str,
        env: dict[str, str] | None = None,
        root: Path = SOURCES,
        pass_fds: tuple[int, ...] = (),
    ) -> Seen:
        boot = BOOT.format(root=str(root))
        argv = [self.executable, "-c", boot, kind, target, *args]
        return self._run(argv, env or {}, pass_fds)

    def _run(self, argv: list[str], env: dict[str, str], pass_fds: tuple[int, ...] = ()) -> Seen:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("RANKZERO_", "PYTHON"))}
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env={**clean, "PYTHONDONTWRITEBYTECODE": "1", **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            pass_fds=pass_fds,
            check=False,
        )
        return Seen(done.returncode, done.stdout, done.stderr)


@pytest.fixture(params=extremes())
def python(request: pytest.FixtureRequest, tmp_path: Path) -> Python:
    """Each of the interpreters, in a folder of its own."""
    return Python(request.param, tmp_path)


@pytest.fixture
def this_python(tmp_path: Path) -> Python:
    """The interpreter that runs the tests."""
    return Python(sys.executable, tmp_path)
