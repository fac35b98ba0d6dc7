"""Agents started by hand, as a cluster starts them: no supervisor, a fixed address."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent import events as ev
from rankzero.agent.chronicle import read
from rankzero.agent.config import AgentConfig, Command, Limits, RoleShape
from rankzero.agent.history import History, fold
from rankzero.agent.logs.merge import Cursor, merge
from rankzero.agent.logs.reader import LogReader
from rankzero.backends.local.dialling import SocketStream
from rankzero.backends.viewer import Viewer
from rankzero.contracts.topology import Settings
from support import ports, processes
from support.waiting import PATIENCE, until

SOURCES = str(Path(__file__).parents[3] / "src")
TOKEN = b"a" * 64


class Cluster:
    """A run of several nodes on loopback; each agent has a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python, self.root = sys.executable, SOURCES
        self._held = ExitStack()
        (self.port,) = self._held.enter_context(ports.free(1))
        self.agents: dict[str, subprocess.Popen[bytes]] = {}
        self.events_file = folder / "events.jsonl"
        (folder / "token").write_bytes(TOKEN)

    def config(self, index: int, script: str, *, nodes: int = 2, **changes: Any) -> AgentConfig:
        """What a plan would tell node `index` of a job with one role."""
        path = self.folder / "train.py"
        path.write_text(script, encoding="utf-8")
        config = AgentConfig(
            run="by-hand-0000",
            role="worker",
            index=index,
            roles=(RoleShape("worker", nodes, nodes),),
            settings=Settings("by-hand-0000", "plain"),
            command=Command("script", str(path)),
            coordinator=self.address,
            token_file=str(self.folder / "token"),
            folder=str(self.folder / f"node-{index}"),
            outputs=str(self.folder / "outputs"),
            workdir=str(self.folder),
            python=self.python,
            listen=self.address if index == 0 else None,
            events_file=str(self.events_file) if index == 0 else None,
            limits=Limits(join_wait=PATIENCE, coordinator_wait=PATIENCE, linger=0.0),
        )
        return config._replace(**changes)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, config: AgentConfig) -> subprocess.Popen[bytes]:
        """An agent; its own words go to a file, its stdout as well."""
        number = len(list(self.folder.glob("config-*.json")))
        path = self.folder / f"config-{number}.json"
        path.write_text(json.dumps(config.to_json()), encoding="utf-8")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("RANKZERO_", "PYTHON"))}
        env = {**clean, "PYTHONPATH": self.root, "PYTHONDONTWRITEBYTECODE": "1"}
        with open(self.said(config.node), "ab") as out:
            agent = subprocess.Popen(
                [self.python, "-m", "rankzero.agent", str(path)],
                env=env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.agents[config.node] = agent
        return agent

    def said(self, node: str) -> Path:
        """What a node's agent wrote on its stdout and stderr."""
        return self.folder / f"said-{node.replace('/', '-')}"

    def start_all(self, script: str, *, nodes: int = 2, **changes: Any) -> None:
        for index in range(nodes):
            self.start(self.config(index, script, nodes=nodes, **changes))

    def codes(self) -> dict[str, int]:
        """Each agent's exit code, once all have ended."""
        return {node: agent.wait(PATIENCE) for node, agent in self.agents.items()}

    def events(self, kind: str) -> list[ev.Event]:
        return [event for event in read(str(self.events_file)) if event.kind == kind]

    def until_event(self, kind: str, times: int = 1) -> list[ev.Event]:
        return until(
            lambda: found if len(found := self.events(kind)) >= times else [], f"{times} {kind}"
        )

    def history(self) -> History:
        return fold(read(str(self.events_file)))

    def lines(self, index: int) -> list[bytes]:
        """What a node's ranks wrote, merged."""
        reader = LogReader(str(self.folder / f"node-{index}" / "logs"))
        cursors = [Cursor(reader, rank) for rank in reader.ranks()]
        return b"".join(chunk.data for _, chunk in merge(cursors, final=True)).splitlines()

    def viewer(self, token: bytes = TOKEN) -> Viewer:
        """Dials until somebody listens."""

        def listening() -> bool:
            with socket.socket() as sock:
                return sock.connect_ex(("127.0.0.1", self.port)) == 0

        until(listening, "the coordinator to listen")
        return Viewer(SocketStream(self.address), token)

    def ranks(self) -> dict[int, processes.Process]:
        return processes.ranks(self.folder)

    def close(self) -> None:
        for agent in self.agents.values():
            if agent.poll() is None:
                agent.kill()
            agent.wait(PATIENCE)
        processes.kill(*(one.pid for one in processes.carrying(self.folder)))
        self._held.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.close()


@pytest.fixture
def until_dead() -> Callable[[Cluster], None]:
    """Waits until no process of the cluster is alive."""
    return lambda cluster: processes.none_left(cluster.folder)
