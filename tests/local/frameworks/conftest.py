"""Real ranks of a hand-made membership: the contract's environment, the starter, a framework.

No agent takes part, so that what fails here is the contract, the starter, or a framework's way.
"""

from __future__ import annotations

import os
import socket
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

    def start(self, script: str | Path, framework: str, *roles: str, **settings: Any) -> None:
        """One node of one rank for each of `roles`, all running this script (a path or a text)."""
        if not isinstance(script, Path):
            path = self.folder / "train.py"
            path.write_text(textwrap.dedent(script))
            script = path
        args = settings.pop("args", ())
        topology = membership(framework, roles, settings)
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


def membership(framework: str, roles: tuple[str, ...], settings: dict[str, Any]) -> Topology:
    # No devices: two nodes that both take a machine's only GPU would be in each other's way. For
    # JAX they are unknown, since that is the harder case for its contract.
    devices = None if framework == "jax" else ()
    with ExitStack() as sockets:  # all open at once, so that no port comes twice
        nodes = tuple(
            Node(
                role,
                roles[:index].count(role),
                "127.0.0.1",
                1,
                free_ports(2, sockets),
                devices=devices,
            )
            for index, role in enumerate(roles)
        )
    return Topology(Settings("test-run", framework, **settings), 1, 0, nodes)


def free_ports(count: int, sockets: ExitStack) -> tuple[int, ...]:
    found = []
    for _ in range(count):
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        found.append(listener.getsockname()[1])
    return tuple(found)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def example() -> Callable[[str], Path]:
    """The script of one of the worked examples."""
    return lambda name: ROOT / "examples" / name / "train.py"
