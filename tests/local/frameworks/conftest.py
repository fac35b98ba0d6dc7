"""Real ranks of a hand-made membership: the contract's environment, the starter, a framework.

No agent takes part, so that what fails here is the contract, the starter, or a framework's way.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rankzero import contracts
from rankzero.contracts.topology import Node, Settings, Topology
from support import ports

ROOT = Path(__file__).parents[3]
BOOT = (
    f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); "
    "from rankzero.agent.starter import main; main()"
)


class Ended(NamedTuple):
    """One rank's end."""

    code: int
    text: str


class World:
    """Ranks on loopback that the test starts, and that do not outlive it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ranks: list[subprocess.Popen[str]] = []
        self._ports = ExitStack()

    def start(self, script: str | Path, framework: str, *roles: str, **settings: Any) -> None:
        """One node of one rank for each of `roles`, all running this script (a path or a text)."""
        if not isinstance(script, Path):
            path = self.folder / "train.py"
            path.write_text(textwrap.dedent(script))
            script = path
        args = settings.pop("args", ())
        held = self._ports.enter_context(ports.free(2 * len(roles)))
        topology = membership(framework, roles, held, settings)
        for rank in topology.ranks():
            env = {
                **{k: v for k, v in os.environ.items() if not k.startswith("RANKZERO_")},
                **contracts.defaults(topology, rank),
                **contracts.environment(topology, rank),
                "RANKZERO_OUTPUTS": str(self.folder / "outputs"),
                "RANKZERO_PARENT_PID": str(os.getpid()),
                "TF_CPP_MIN_LOG_LEVEL": "3",
            }
            self._ranks.append(
                subprocess.Popen(
                    [sys.executable, "-c", BOOT, "script", str(script), *args],
                    cwd=self.folder,
                    env=env,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )

    def ends(self, *ranks: int) -> list[Ended]:
        """Wait for these ranks (all, where none is named) and see how they ended."""
        found = []
        for number in ranks or range(len(self._ranks)):
            text, _ = self._ranks[number].communicate(timeout=150)
            found.append(Ended(self._ranks[number].returncode, text))
        return found

    def all_succeed(self, *ranks: int) -> list[str]:
        """As `ends`, with what they printed; each must have exited 0."""
        ends = self.ends(*ranks)
        for number, end in enumerate(ends):
            assert end.code == 0, f"rank {number} ended with {end.code}:\n{end.text}"
        return [end.text for end in ends]

    def close(self) -> None:
        for rank in self._ranks:
            rank.kill()
            rank.communicate()
        self._ports.close()


def membership(
    framework: str, roles: tuple[str, ...], held: list[int], settings: dict[str, Any]
) -> Topology:
    """held: two ports a node."""
    # No devices: two nodes that both take a machine's only GPU would be in each other's way. For
    # JAX they are unknown, since that is the harder case for its contract.
    devices = None if framework == "jax" else ()
    nodes = tuple(
        Node(
            role,
            roles[:index].count(role),
            "127.0.0.1",
            1,
            tuple(held[2 * index : 2 * index + 2]),
            devices=devices,
        )
        for index, role in enumerate(roles)
    )
    return Topology(Settings("test-run", framework, **settings), 1, 0, nodes)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def example() -> Callable[[str], Path]:
    """The script of one of the worked examples."""
    return lambda name: ROOT / "examples" / name / "train.py"
