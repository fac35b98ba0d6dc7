"""An agent's part in a world of MPI: what mpirun is told, what its end means, and what it leaves.

No mpirun takes part: shells stand for its daemons, and this process reaps them as an agent does.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent.config import AgentConfig, Command
from rankzero.agent.loop import Loop
from rankzero.agent.mpi import LOST, wiring
from rankzero.agent.mpi.scratch import Scratch
from rankzero.agent.mpi.variables import PROGRAM, REMOTE
from rankzero.agent.mpi.wiring import Wiring
from rankzero.contracts.topology import Node, Settings, Topology

SETTINGS = Settings(run="digits", framework="mpi")


def topology(generation: int, *nodes: tuple[str, int]) -> Topology:
    """nodes: an address, and how many ranks are there."""
    each = [Node("worker", at, address, n, (1,)) for at, (address, n) in enumerate(nodes)]
    return Topology(SETTINGS, generation, 0, tuple(each))


class Agent:
    """What an agent is to its wiring, with a folder that has a quote in its name."""

    def __init__(self, folder: Path, loop: Loop) -> None:
        self.folder = folder / "it's"
        self.printed, self.said = bytearray(), list[tuple[Any, Any]]()
        config = AgentConfig(
            run="digits",
            role="worker",
            index=0,
            roles=(),
            settings=SETTINGS,
            command=Command("script", "train.py"),
            coordinator="first:1",
            token_file="/token",
            folder=str(self.folder),
            outputs="",
            workdir=str(folder),
            python="",
            mpirun=("./none", "--verbose"),
        )
        self.wiring = Wiring(
            loop,
            config,
            os.urandom(16),
            on_output=self.printed.extend,
            on_broken=lambda why: self.said.append(("broken", why)),
            on_unable=lambda why: self.said.append(("unable", why)),
            on_launched=self._launched,
        )

    def _launched(self, message: Mapping[str, Any]) -> None:
        self.said.append((message["id"], (message["code"], message["text"])))

    def prepare(self, generation: int = 1, *nodes: tuple[str, int]) -> dict[str, Any]:
        """What it has written for mpirun."""
        self.wiring.prepare(topology(generation, *(nodes or (("first", 1),))), dict(os.environ))
        told: dict[str, Any] = json.loads((self.folder / "mpi" / "wiring.json").read_text())
        return told

    def launch(self, number: int, command: str, generation: int = 1) -> None:
        self.wiring.launch({"id": number, "command": command, "generation": generation})

    def reap(self) -> None:
        """Wait for all that it has started."""
        for pid in self.wiring.pids():
            _, status = os.waitpid(pid, 0)
            self.wiring.ended(pid, os.waitstatus_to_exitcode(status))


@pytest.fixture
def agent(tmp_path: Path, loop: Loop) -> Iterator[Agent]:
    made = Agent(tmp_path, loop)
    yield made
    made.wiring.end()
    made.reap()
    made.wiring.end()


# -- what mpirun is told


def test_ranks_of_nodes_on_one_machine_are_one_host(agent: Agent) -> None:
    told = agent.prepare(3, ("a", 2), ("a", 1), ("b", 4))
    assert told["hosts"] == [["a", 3], ["b", 4]]
    assert told["nodes"] == {"a": "worker/0", "b": "worker/2"}
    assert (told["generation"], told["mpirun"]) == (3, ["./none", "--verbose"])
    assert told["python"] == sys.executable


def test_ranks_that_mpi_would_number_otherwise_are_told(agent: Agent) -> None:
    with pytest.raises(OSError, match="worker/0 and worker/2 share it") as told:
        agent.prepare(1, ("a", 1), ("b", 1), ("a", 1))
    assert told.value.filename == "no world of MPI on a"


@pytest.mark.parametrize(("name", "last"), [(PROGRAM, None), (REMOTE, "$@")])
def test_its_programs_are_one_command_whatever_folders_are_called(
    agent: Agent, name: str, last: str | None
) -> None:
    agent.prepare()
    path = agent.folder / "mpi" / name
    head, line = path.read_text().splitlines()
    words = shlex.split(line)
    assert (head, words[:5]) == ("#!/bin/sh", ["exec", sys.executable, "-I", "-S", "-c"])
    assert len(words) == 7 and last in (None, words[6])
    compile(words[5], name, "exec")
    assert path.stat().st_mode & 0o777 == 0o700


def test_generations_share_no_seat(agent: Agent) -> None:
    with agent.wiring.seat(1, 0), agent.wiring.seat(2, 0), agent.wiring.seat(1, 1):
        with pytest.raises(OSError, match="the seat of rank 1") as taken:
            agent.wiring.seat(1, 1)
        assert taken.value.filename == "the seat of rank 1"


# -- daemons


def test_a_daemon_s_end_and_words_go_back(agent: Agent) -> None:
    agent.prepare()
    agent.launch(1, "echo no room >&2; exit 3")
    agent.launch(2, 'test -d "$TMPDIR" && kill -9 $$')
    agent.reap()
    assert agent.said == [(1, (3, "no room\n")), (2, (128 + 9, ""))]
    assert agent.printed == b""


def test_only_the_end_of_much_is_kept(agent: Agent) -> None:
    agent.prepare()
    agent.launch(1, "i=0; while [ $i -lt 999 ]; do echo line $i; i=$((i+1)); done; exit 1")
    agent.reap()
    ((_, (_, text)),) = agent.said
    assert len(text) == 4096 and text.endswith("line 998\n")


def test_what_comes_for_a_generation_ahead_waits_for_it(agent: Agent) -> None:
    agent.prepare(1)
    agent.launch(7, "exit 0", generation=2)
    assert agent.wiring.pids() == []
    agent.prepare(2)
    agent.wiring.begin(node_rank=1)
    assert len(agent.wiring.pids()) == 1
    agent.reap()
    agent.wiring.begin(node_rank=1)
    assert (agent.said, agent.wiring.pids()) == ([(7, (0, ""))], [])


@pytest.mark.parametrize("generation", [1, 2])
def test_nothing_starts_for_a_generation_that_is_over(agent: Agent, generation: int) -> None:
    agent.prepare(2)
    if generation == 2:
        agent.wiring.end()
    agent.launch(1, "exit 0", generation)
    assert agent.said == [(1, (LOST, "rankzero: that generation is over\n"))]
    assert agent.wiring.pids() == []


def test_the_end_of_another_child_is_no_daemon_s(agent: Agent) -> None:
    agent.prepare()
    agent.launch(1, "exit 0")
    agent.wiring.ended(1, 0)
    assert agent.said == [] and len(agent.wiring.pids()) == 1


def test_it_is_gone_once_its_children_are_and_leaves_nothing(agent: Agent) -> None:
    agent.prepare()
    (folder,) = {*agent.wiring.variables().values()}
    assert Path(folder).stat().st_mode & 0o777 == 0o700
    agent.launch(1, "sleep 100")
    assert not agent.wiring.end() and not agent.wiring.end()
    agent.reap()
    assert agent.said == [(1, (128 + signal.SIGTERM, ""))]
    assert agent.wiring.end() and not os.path.exists(folder)


def test_one_that_does_not_hear_is_killed(
    agent: Agent, loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "GRACE", 0.01)
    heard = agent.folder.parent / "deaf"
    agent.prepare()
    agent.launch(1, f"trap '' TERM; echo > {shlex.quote(str(heard))}; while :; do sleep 9; done")
    loop.until(heard.exists)
    agent.wiring.end()
    (pid,) = agent.wiring.pids()
    loop.until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT))
    agent.reap()
    assert agent.said == [(1, (128 + signal.SIGKILL, ""))]


# -- mpirun's own end


RULE = "-" * 60
SAID = f"{RULE}\n\n  A process has ended.  \n*** It had a reason.\n{RULE}"
LONG = "This is a sentence of forty characters.. " * 9


def says(text: str, then: str = "exit 1") -> str:
    return f"cat <<'END'\n{text}\nEND\n{then}"


def mpirun(agent: Agent, does: str) -> None:
    """Let a shell be the world's mpirun, which does this and has ended."""
    program = agent.folder.parent / "none"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    agent.wiring.begin(node_rank=0)
    agent.reap()


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rank that has failed is not waited for."""
    monkeypatch.setattr(wiring, "BENEFIT", 0.001)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("exit 3", "exited with code 3"),
        (says(SAID), "exited with code 1: A process has ended. *** It had a reason."),
        (says(LONG), "exited with code 1: " + LONG[: 41 * 5].strip()),
        (says("x" * 300), f"exited with code 1: {'x' * 240}..."),
        ("kill -9 $$", "was killed by signal 9 (SIGKILL)"),
    ],
)
def test_an_mpirun_that_ends_before_its_time_is_told(
    agent: Agent, loop: Any, does: str, why: str
) -> None:
    agent.prepare()
    mpirun(agent, does)
    loop.until(lambda: agent.said)
    assert agent.said == [("broken", why)]


def test_it_is_told_hosts_and_how_many_ranks_there_are(agent: Agent) -> None:
    agent.prepare(1, ("a", 2), ("b", 3))
    mpirun(
        agent,
        'test "$1" = --version && echo HYDRA build && exit\necho "$PWD $@"\n'
        "cat $OMPI_MCA_orte_default_hostfile $PRTE_MCA_prte_default_hostfile $HYDRA_HOST_FILE",
    )
    program = agent.folder / "mpi" / PROGRAM
    assert agent.printed.decode().splitlines() == [
        f"/ --verbose -localhost a -np 5 {program}",
        *("a slots=2", "b slots=3") * 2,
        *("a:2", "b:3"),
    ]
    assert agent.said == []


def test_a_world_without_an_mpirun_can_never_be_made(agent: Agent) -> None:
    agent.prepare()
    agent.wiring.begin(node_rank=0)
    agent.reap()
    ((kind, why),) = agent.said
    assert kind == "unable"
    assert why.startswith(f"there is no program {agent.folder.parent}/./none\n")
    assert "--mpirun" in why


def test_what_an_mpirun_says_of_ranks_that_are_told_to_end_is_no_news(agent: Agent) -> None:
    agent.prepare()
    agent.wiring.hush()
    mpirun(agent, says("a rank is gone"))
    assert not agent.said and not agent.printed


# -- a rank's last words


@pytest.mark.parametrize(
    ("tail", "call"),
    [
        (b"... application called MPI_Abort(MPI_COMM_WORLD, 7) - process 0", "(MPI_COMM_WORLD, 7)"),
        (b"application called MPI_Abort(comm=\xff, 1) - process 2\nmore", "(comm=\ufffd, 1)"),
        (b"application called MPI_Abort(MPI_COMM_WORLD,\n7)", None),
        (b"MPI_Abort(MPI_COMM_WORLD, 7)", None),
        (b"", None),
    ],
)
def test_who_has_ended_its_world(agent: Agent, tail: bytes, call: str | None) -> None:
    leads = {} if call is None else {"aborted": f"MPI_Abort{call}", "leads": True}
    assert agent.wiring.abort(tail) == leads


@pytest.mark.parametrize(
    ("code", "tail", "followed"),
    [
        (1, b"*** An error occurred in PMIx Event Notification\n***", True),
        (0, b"*** An error occurred in PMIx Event Notification\n***", False),
        (-9, b"*** An error occurred in PMIx Event Notification\n***", False),
        (1, b"*** An error occurred in MPI_Recv", False),
        (195, b"", True),
    ],
)
def test_who_has_only_followed(agent: Agent, code: int, tail: bytes, followed: bool) -> None:
    assert agent.wiring.followed(code, tail) is followed


def test_what_one_that_was_killed_has_left_goes_with_the_next(tmp_path: Path) -> None:
    name = f"rankzero-test-{os.getpid()}-{tmp_path.name}"
    first, again = Scratch(name), Scratch(name)
    first.make()
    folder = Path(again.of_mpirun()["TMPDIR"])
    (folder / "segment").write_text("left")
    again.make()
    assert list(folder.iterdir()) == []
    again.remove()
    first.remove()
    assert not folder.exists()
