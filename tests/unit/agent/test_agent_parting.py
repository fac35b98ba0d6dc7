"""How a rank of MPI ends: as the interpreter would have it, but without what waits for others."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from rankzero.agent.interpreter import root
from rankzero.agent.mpi.parting import not_alone

#: What waits at an interpreter's end stands for MPI_Finalize.
ENDS = """
import atexit, sys
sys.path.insert(0, {root!r})
from rankzero.agent.mpi.parting import part
atexit.register(lambda: print("waits for the others"))
print("said before")
try:
    {does}
except BaseException as error:
    part(error)
"""


def ended(does: str) -> tuple[int, str, str]:
    """Of a process that does this: its code, and what it has said."""
    code = ENDS.format(root=root(), does=does)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("does", "code", "last"),
    [
        ("raise ValueError('no data')", 1, "ValueError: no data"),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
        ("sys.exit(3)", 3, ""),
        ("sys.exit(-1)", 255, ""),
        ("sys.exit('no such file')", 1, "no such file"),
        ("sys.stdout.flush(); sys.stdout.close(); sys.exit(4)", 4, ""),
    ],
)
def test_who_fails_says_it_all_and_waits_for_nobody(does: str, code: int, last: str) -> None:
    found, out, err = ended(does)
    assert (found, out) == (code, "said before\n")
    assert err.strip().rpartition("\n")[2] == last


@pytest.mark.parametrize("does", ["pass", "sys.exit()", "sys.exit(0)", "sys.exit(256)"])
def test_who_ends_well_ends_as_ever(does: str) -> None:
    assert ended(does) == (0, "said before\nwaits for the others\n", "")


class World:
    """What `mpi4py.MPI` says of itself."""

    def __init__(self, ranks: int, begun: bool) -> None:
        self.ranks, self.begun, self.COMM_WORLD = ranks, begun, self

    def Is_initialized(self) -> bool:  # noqa: N802
        return self.begun

    def Get_size(self) -> int:  # noqa: N802
        return self.ranks

    def Get_library_version(self) -> str:  # noqa: N802
        return "Open MPI v5.0.8, package: x\nmore"


@pytest.mark.parametrize(
    ("world", "ranks", "begun"),
    [("4", 4, True), ("1", 1, True), ("4", 1, False), (None, 1, True)],
)
def test_who_is_in_its_world_goes_on(
    monkeypatch: pytest.MonkeyPatch, world: str | None, ranks: int, begun: bool
) -> None:
    monkeypatch.delenv("RANKZERO_WORLD_SIZE", raising=False)
    if world is not None:
        monkeypatch.setenv("RANKZERO_WORLD_SIZE", world)
    not_alone(World(ranks, begun))


def test_who_is_alone_is_told_whose_mpi_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANKZERO_WORLD_SIZE", "4")
    module: Any = World(1, True)
    with pytest.raises(SystemExit, match=r"of 4 ranks: mpi4py is with Open MPI v5\.0\.8, and"):
        not_alone(module)
