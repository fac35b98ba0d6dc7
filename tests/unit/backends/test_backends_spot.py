"""A place in a run as a user names it, and the ports wanted of it."""

from __future__ import annotations

import pytest

from rankzero.agent.roster import Roster
from rankzero.backends.ports import Wanted
from rankzero.backends.spot import Spot
from rankzero.contracts.topology import Node, Settings, Topology
from rankzero.errors import BadRequest, Refused

NODES = ["chief/0", "worker/0", "worker/1"]


def roster() -> Roster:
    """chief/0 with rank 0, worker/1 with ranks 1 and 2: worker/0 takes no part."""
    members = [("chief", 0, 1), ("worker", 1, 2)]
    nodes = tuple(
        Node(role, index, f"10.0.0.{at}", nproc, tuple(range(7000, 7001 + nproc)))
        for at, (role, index, nproc) in enumerate(members)
    )
    return Roster(Topology(Settings("digits-7f3a", "plain"), 1, 0, nodes), 0)


@pytest.mark.parametrize(
    ("spot", "node"),
    [
        (Spot(), "chief/0"),
        (Spot(rank=0), "chief/0"),
        (Spot(rank=1), None),
        (Spot(node="worker/1"), "worker/1"),
        (Spot(node="1"), "worker/1"),
    ],
)
def test_a_node_is_known_without_asking_where_that_can_be(spot: Spot, node: str | None) -> None:
    assert spot.known("digits-7f3a", NODES) == node


@pytest.mark.parametrize("name", ["worker/2", "0", "", "chief"])
def test_a_node_that_there_is_not_is_answered_with_those_that_there_are(name: str) -> None:
    with pytest.raises(BadRequest, match="chief/0, worker/0, worker/1"):
        Spot(node=name).known("digits-7f3a", NODES)


def test_of_many_nodes_the_first_are_named() -> None:
    with pytest.raises(BadRequest, match=r"worker/7, \.\.\.\.$"):
        Spot(node="ps/0").known("digits-7f3a", [f"worker/{index}" for index in range(100)])


def test_a_rank_is_where_the_present_generation_has_it() -> None:
    assert [Spot(rank=rank).among("digits-7f3a", roster()) for rank in range(3)] == [
        "chief/0",
        "worker/1",
        "worker/1",
    ]


def test_a_rank_that_there_is_not_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(BadRequest, match=r"no rank 3\. digits-7f3a has ranks 0-2"):
        Spot(rank=3).among("digits-7f3a", roster())


def test_where_nothing_runs_no_rank_is_anywhere() -> None:
    with pytest.raises(Refused, match="No rank of digits-7f3a runs"):
        Spot(rank=3).among("digits-7f3a", None)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("8080", Wanted("8080")),
        ("8081:8080", Wanted("8080", 8081)),
        (":8080", Wanted("8080", 0)),
        ("0:8080", Wanted("8080", 0)),
        ("board", Wanted("board")),
        ("8081:board", Wanted("board", 8081)),
    ],
)
def test_ports_are_written_here_colon_there(text: str, wanted: Wanted) -> None:
    assert Wanted.read(text) == wanted


@pytest.mark.parametrize("text", ["", "8080:", "x:80", "80:0", "65536", "99999:80", "-1:80"])
def test_what_is_no_port_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(BadRequest, match="8081:8080"):
        Wanted.read(text)


def test_a_port_by_name_is_one_of_the_role_s() -> None:
    assert Wanted("board").number("worker/0", {"board": 6006}) == 6006
    assert Wanted("80").number("worker/0", {}) == 80
    with pytest.raises(BadRequest, match=r'no port "bored"\. It has: board'):
        Wanted("bored").number("worker/0", {"board": 6006})
    with pytest.raises(BadRequest, match=r"roles\.NAME\.ports"):
        Wanted("board").number("worker/0", {})
