"""Ranks without holes, and the way over the wire and back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from rankzero.contracts.topology import Node, Settings, Topology

NODES = st.lists(
    st.builds(
        Node,
        role=st.sampled_from(["worker", "ps"]),
        index=st.integers(0, 9),
        address=st.sampled_from(["127.0.0.1", "fd00::1", "gpu-01.lab"]),
        nproc=st.integers(1, 4),
        ports=st.lists(st.integers(1024, 65535), min_size=5, max_size=5).map(tuple),
        named_ports=st.dictionaries(st.sampled_from(["http", "x"]), st.integers(1, 65535)),
        devices=st.none() | st.lists(st.sampled_from("01234")).map(tuple),
        cpus=st.integers(1, 64),
    ),
    min_size=1,
    max_size=5,
).map(tuple)


def membership(nodes: tuple[Node, ...]) -> Topology:
    return Topology(Settings("r", "torch", timeout_s=1.5), 1, 0, nodes)


@given(NODES)
def test_ranks_count_up_without_holes_in_the_world_in_the_role_and_on_the_node(
    nodes: tuple[Node, ...],
) -> None:
    topology = membership(nodes)
    ranks = list(topology.ranks())

    assert [rank.rank for rank in ranks] == list(range(topology.world_size))
    for role in {node.role for node in nodes}:
        of_role = [rank for rank in ranks if rank.role == role]
        assert [rank.role_rank for rank in of_role] == list(range(len(of_role)))
        assert {rank.role_world_size for rank in of_role} == {len(of_role)}
    for number, node in enumerate(nodes):
        own = topology.ranks_of(number)
        assert [rank.local_rank for rank in own] == list(range(node.nproc))


@given(NODES)
def test_what_is_sent_is_what_arrives(nodes: tuple[Node, ...]) -> None:
    topology = membership(nodes)

    assert Topology.from_json(json.loads(json.dumps(topology.to_json()))) == topology
