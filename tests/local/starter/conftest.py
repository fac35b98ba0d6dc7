"""Ranks as an agent starts them: real processes, on the oldest and the newest Python here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCES = Path(__file__).parents[3] / "src"
BOOT = "import sys; sys.path.insert(0, {root!r}); from rankzero.agent.starter import main; main()"


def interpreters() -> list[str]:
    """The oldest and the newest of: this one, pyenv's, and those on PATH; 3.8 and later."""
    found = {sys.version_info[:2]: sys.executable}
    for minor in range(8, 20):
        path = shutil.which(f"python3.{minor}")
        if path and "shims" not in path:
            found.setdefault((3, minor), path)
    for path in Path.home().glob(".pyenv/versions/3.*/bin/python"):
        match = re.match(r"3\.(\d+)\.\d+$", path.parents[1].name)
        if match and int(match[1]) >= 8:
            found.setdefault((3, int(match[1])), str(path))
    return [found[min(found)], found[max(found)]] if len(found) > 1 else list(found.values())


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


@pytest.fixture(params=interpreters())
def python(request: pytest.FixtureRequest, tmp_path: Path) -> Python:
    """Each of the interpreters, in a folder of its own."""
    return Python(request.param, tmp_path)


@pytest.fixture
def this_python(tmp_path: Path) -> Python:
    """The interpreter that runs the tests."""
    return Python(sys.executable, tmp_path)
