"""Ranks as an agent starts them: real processes, on the oldest and the newest Python here, from
nothing and as spares, which must not make a difference."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from rankzero import contracts
from rankzero.script.channel import BECAME, name_of
from support.interpreters import extremes
from support.waiting import PATIENCE

SOURCES = Path(__file__).parents[3] / "src"
BOOT = "import sys; sys.path.insert(0, {root!r}); from rankzero.agent.starter import main; main()"


class Seen(NamedTuple):
    """What a process showed of itself."""

    code: int
    out: str
    err: str


class Python:
    """One interpreter in one folder, running a script plainly or as a rank.

    spare: ranks are spares first; only one that cannot become its rank is started from nothing.
    """

    def __init__(self, executable: str, folder: Path, spare: bool = False) -> None:
        self.executable = executable
        self.folder = folder
        self.spare = spare

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
        if self.spare and kind != "command" and not pass_fds:
            seen = self._spare(argv, env or {})
            if seen is not None:
                return seen
        return self._run(argv, env or {}, pass_fds)

    def spares(self, kind: str, target: str, env: dict[str, str] | None = None) -> Seen | None:
        """A spare that became a rank; None where it could not."""
        boot = BOOT.format(root=str(SOURCES))
        return self._spare([self.executable, "-c", boot, kind, target], env or {})

    def _spare(self, argv: list[str], env: dict[str, str]) -> Seen | None:
        """Its orders are there before it looks for them; None where it did not become a rank."""
        (orders, give), (hear, report) = os.pipe(), os.pipe()
        whole = {**_clean(), **env}
        os.write(give, "".join(f"{name}={value}\0" for name, value in whole.items()).encode())
        os.write(give, b"\0")
        os.close(give)
        early = {k: v for k, v in env.items() if not contracts.by_membership(k)}
        early |= {k: v for k, v in env.items() if k == "RANKZERO_PARENT_PID"}
        early |= {"RANKZERO_ORDERS_FD": str(orders), "RANKZERO_REPORT_FD": name_of(report)}
        try:
            seen = self._run(argv, early, (orders, report))
            os.close(report)
            return seen if os.read(hear, 1 << 16).startswith(f"{BECAME}\n".encode()) else None
        finally:
            os.close(orders)
            os.close(hear)

    def _run(self, argv: list[str], env: dict[str, str], pass_fds: tuple[int, ...] = ()) -> Seen:
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env={**_clean(), **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            pass_fds=pass_fds,
            check=False,
        )
        return Seen(done.returncode, done.stdout, done.stderr)


def _clean() -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("RANKZERO_", "PYTHON"))}
    return {**inherited, "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(params=["from nothing", "a spare"])
def spare(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "a spare")


@pytest.fixture(params=extremes())
def python(request: pytest.FixtureRequest, tmp_path: Path, spare: bool) -> Python:
    """Each of the interpreters, in a folder of its own."""
    return Python(request.param, tmp_path, spare)


@pytest.fixture
def this_python(tmp_path: Path, spare: bool) -> Python:
    """The interpreter that runs the tests."""
    return Python(sys.executable, tmp_path, spare)
