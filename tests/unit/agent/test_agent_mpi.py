"""How ranks of MPI come to their world: seats, what goes through them, the coordinator's relay."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent.interpreter import root
from rankzero.agent.mpi import LOST, seat
from rankzero.agent.mpi.relay import Relay
from rankzero.agent.mpi.remote import Remote

TAKES = """
import os, sys
sys.path.insert(0, {root!r})
from rankzero.agent.mpi.seat import take
take(int(sys.argv[1]))
manager = os.environ.get("PMI_FD")
said = os.read(int(manager), 99).decode() if manager else ""
print(os.environ["PMIX_RANK"], os.environ.get("OMPI_COMM_WORLD_LOCAL_RANK"), said)
"""


def sits(name: str, rank: int) -> subprocess.Popen[str]:
    """A process that waits in the seat of this rank."""
    with seat.open_seat(name, rank) as sock:
        fd = sock.fileno()
        return subprocess.Popen(
            [sys.executable, "-c", TAKES.format(root=root()), str(fd)],
            pass_fds=[fd],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "RANKZERO_LOCAL_RANK": "1"},
        )


@pytest.fixture
def name() -> str:
    return seat.seats(os.urandom(16), 1)


def test_each_generation_has_seats_of_its_own() -> None:
    first = seat.seats(b"token", 1)
    assert first == seat.seats(b"token", 1)
    assert len({first, seat.seats(b"token", 2), seat.seats(b"other", 1)}) == 3


def test_a_rank_gets_variables_and_open_descriptors(name: str) -> None:
    rank = sits(name, 7)
    read, write = os.pipe()
    os.write(write, b"from the manager")
    large = {f"PMIX_{at}": "x" * 1000 for at in range(500)}
    seat.give(name, 7, {"PMIX_RANK": "7", **large}, {"PMI_FD": read})
    os.close(read)
    os.close(write)
    assert rank.communicate()[0] == "7 None from the manager\n"


def test_the_rank_on_its_node_is_ours(name: str) -> None:
    """Where two nodes share a machine, MPI counts the machine's ranks."""
    rank = sits(name, 3)
    seat.give(name, 3, {"PMIX_RANK": "3", "OMPI_COMM_WORLD_LOCAL_RANK": "3"}, {})
    assert rank.communicate()[0] == "3 1 \n"


def test_whoever_says_nothing_takes_no_seat(name: str) -> None:
    rank = sits(name, 0)
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(f"\0{name}-0")
    seat.give(name, 0, {"PMIX_RANK": "0"}, {})
    assert rank.communicate()[0] == "0 None \n"


def test_a_rank_that_is_not_here(name: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        seat.give(name, 0, {}, {})


def test_two_do_not_sit_in_one_place(name: str) -> None:
    with seat.open_seat(name, 0), pytest.raises(OSError, match="the seat of rank 0"):
        seat.open_seat(name, 0)


def test_whoever_stays_is_let_go_and_nobody_else(name: str) -> None:
    first, other = seat.stay(name, 0), seat.stay(name, 1)
    seat.let_go(name, 1)
    seat.let_go(name, 2)  # which is not there
    with other:
        seat.stayed(other)
    first.setblocking(False)
    with first, pytest.raises(BlockingIOError):
        seat.stayed(first)


def test_variables_are_chosen_by_how_they_begin() -> None:
    env = {"PMI_RANK": "0", "PMIX_RANK": "1", "XPMI_": "2", "PMI": "3"}
    assert seat.variables(env, ["PMI_", "PMIX_"]) == {"PMI_RANK": "0", "PMIX_RANK": "1"}


STANDS = (
    "import sys; sys.path.insert(0, {root!r}); from rankzero.agent.mpi.{module} import main; main()"
)


def stands(*words: str, module: str = "stand_in", **env: str) -> subprocess.Popen[str]:
    """What mpirun starts in a rank's place."""
    code = STANDS.format(root=root(), module=module)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], **env},
    )


def test_a_stand_in_gives_what_is_mpi_s_and_stays_until_it_is_let_go(name: str) -> None:
    rank = sits(name, 2)
    given = {"PMIX_RANK": "2", "OMPI_MCA_plm_rsh_agent": "/remote", "OMPI_COMM_WORLD_RANK": "2"}
    stand_in = stands(name, OMPI_COMM_WORLD_LOCAL_RANK="5", **given)
    assert rank.communicate()[0] == "2 1 \n"
    assert stand_in.poll() is None
    seat.let_go(name, 2)
    assert (stand_in.communicate(), stand_in.returncode) == (("", ""), 0)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"PMI_RANK": "3"}, "rankzero: rank 3 is not on this node: Connection refused\n"),
        ({}, "rankzero: this mpirun does not say which rank a process is: known are Open MPI, "),
    ],
)
def test_a_stand_in_for_nobody_ends(name: str, env: dict[str, str], said: str) -> None:
    stand_in = stands(name, **env)
    assert stand_in.communicate()[1].startswith(said)
    assert stand_in.returncode == 1


def test_a_host_that_is_no_node_s_is_told_to_mpirun(tmp_path: Path) -> None:
    (tmp_path / "wiring.json").write_text(json.dumps({"nodes": {"a": "worker/0"}}))
    told = {"RANKZERO_MPI_WIRING": str(tmp_path / "wiring.json")}
    remote = stands("b", "orted", module="remote", **told)
    assert remote.communicate()[1] == "rankzero: no node of this run is at b\n"
    assert remote.returncode == 1


def test_a_coordinator_that_is_not_there_is_told_to_mpirun(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        assert Remote(b"token", {"type": "launch"}).run(address) == LOST
    assert capsys.readouterr().err.startswith("rankzero: lost the coordinator: ")


class Launcher:
    """What a relay answers to: a connection's `send`."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def send(self, message: dict[str, Any]) -> None:
        self.heard.append(message)


ASKS = {"type": "launch", "node": "worker/1", "generation": 2, "command": "orted"}


class Play:
    """A relay with one node that is here."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.relay = Relay(self._ask)

    def _ask(self, node: str, message: Any) -> bool:
        self.asked.append((node, dict(message)))
        return node == "worker/1"

    def launch(self, **changed: Any) -> Launcher:
        launcher = Launcher()
        self.relay.message(launcher, {**ASKS, **changed})  # type: ignore[arg-type]
        return launcher


def test_a_command_goes_to_its_node_and_its_end_comes_back() -> None:
    play = Play()
    launcher, other = play.launch(), play.launch(command="again")
    (node, asked), (_, later) = play.asked
    assert (node, asked["command"], asked["generation"]) == ("worker/1", "orted", 2)
    play.relay.answered("worker/0", {"id": asked["id"], "code": 0, "text": "not its node"})
    play.relay.answered("worker/1", {"id": asked["id"], "code": 3, "text": "no orted"})
    assert launcher.heard == [{"type": "launched", "code": 3, "text": "no orted"}]
    assert other.heard == []
    assert later["id"] != asked["id"]


def test_a_node_that_is_not_here_or_is_lost_is_told() -> None:
    play = Play()
    assert play.launch(node="worker/9").heard[0]["code"] == 255
    launcher = play.launch()
    play.relay.node_gone("worker/1")
    play.relay.answered("worker/1", {"id": play.asked[-1][1]["id"], "code": 0, "text": ""})
    (heard,) = launcher.heard
    assert (heard["code"], heard["text"]) == (255, "rankzero: worker/1 was lost\n")


def test_nobody_is_answered_who_has_left() -> None:
    play = Play()
    launcher = play.launch()
    play.relay.left(launcher)  # type: ignore[arg-type]
    play.relay.node_gone("worker/1")
    assert launcher.heard == []


def test_what_is_no_order_is_not_one() -> None:
    play = Play()
    launcher = play.launch(type="other")
    assert play.asked == [] and launcher.heard == []


@pytest.mark.parametrize("changed", [{"generation": "x"}, {"generation": None}])
def test_what_makes_no_sense_goes_nowhere(changed: dict[str, Any]) -> None:
    play = Play()
    with pytest.raises((TypeError, ValueError)):
        play.launch(**changed)
    assert play.asked == []
