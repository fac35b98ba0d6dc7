"""The environment that each framework's ranks get, number by number.

That the frameworks agree with it is seen in `tests/local/frameworks`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero import contracts
from rankzero.contracts.topology import Node, Settings, Topology


def node(role: str = "worker", index: int = 0, nproc: int = 2, **fields: Any) -> Node:
    address = fields.pop("address", f"10.0.0.{index + 1}")
    ports = tuple(range(4000 + 100 * index, 4000 + 100 * index + 1 + nproc))
    return Node(role, index, address, nproc, ports, **fields)


def topology(framework: str, *nodes: Node, **settings: Any) -> Topology:
    return Topology(Settings("digits-7f3a", framework, **settings), 3, 1, nodes)


def environments(membership: Topology) -> list[dict[str, str]]:
    return [contracts.environment(membership, rank) for rank in membership.ranks()]


def tf_configs(membership: Topology) -> list[Any]:
    return [json.loads(env.get("TF_CONFIG", "null")) for env in environments(membership)]


def test_plain_has_only_our_own_variables() -> None:
    two = topology("plain", node(index=0), node(index=4, named_ports={"tensor-board": 6006}))

    assert environments(two)[3] == {
        "RANKZERO_RUN": "digits-7f3a",
        "RANKZERO_RANK": "3",
        "RANKZERO_WORLD_SIZE": "4",
        "RANKZERO_LOCAL_RANK": "1",
        "RANKZERO_LOCAL_WORLD_SIZE": "2",
        "RANKZERO_NODE": "1",
        "RANKZERO_NODES": "2",
        "RANKZERO_ROLE": "worker",
        "RANKZERO_ROLE_RANK": "3",
        "RANKZERO_ROLE_WORLD_SIZE": "4",
        "RANKZERO_GENERATION": "3",
        "RANKZERO_RESTARTS": "1",
        "RANKZERO_MASTER_ADDR": "10.0.0.1",
        "RANKZERO_MASTER_PORT": "4000",
        "RANKZERO_PORT_TENSOR_BOARD": "6006",
    }


@pytest.mark.parametrize("framework", ["torch", "tensorflow", "jax"])
def test_every_framework_has_ours_too(framework: str) -> None:
    ours = environments(topology("plain", node()))
    theirs = environments(topology(framework, node()))

    assert all(mine.items() <= their.items() for mine, their in zip(ours, theirs, strict=True))


def test_torch_has_what_torchrun_sets() -> None:
    two = topology("torch", node(index=0, nproc=1), node("chief", 1), max_restarts=2)
    env = environments(two)[2]

    theirs = {name: value for name, value in env.items() if not name.startswith("RANKZERO_")}
    assert theirs == {
        "MASTER_ADDR": "10.0.0.1",
        "MASTER_PORT": "4000",
        "RANK": "2",
        "WORLD_SIZE": "3",
        "LOCAL_RANK": "1",
        "LOCAL_WORLD_SIZE": "2",
        "GROUP_RANK": "1",
        "GROUP_WORLD_SIZE": "2",
        "ROLE_NAME": "chief",
        "ROLE_RANK": "1",
        "ROLE_WORLD_SIZE": "2",
        "TORCHELASTIC_RUN_ID": "digits-7f3a",
        "TORCHELASTIC_RESTART_COUNT": "1",
        "TORCHELASTIC_MAX_RESTARTS": "2",
        "TORCHELASTIC_USE_AGENT_STORE": "False",
    }


def test_a_port_that_the_user_fixed_is_the_masters() -> None:
    env = environments(topology("torch", node(), port=29500))[1]

    assert env["MASTER_PORT"] == env["RANKZERO_MASTER_PORT"] == "29500"


def test_backend_and_timeout_reach_torch_only_where_named() -> None:
    (named, *_) = environments(topology("torch", node(), backend="gloo", timeout_s=90.5))
    (bare, *_) = environments(topology("torch", node()))

    assert (named["RANKZERO_BACKEND"], named["RANKZERO_TIMEOUT_S"]) == ("gloo", "90.5")
    assert not {"RANKZERO_BACKEND", "RANKZERO_TIMEOUT_S"} & bare.keys()


def test_tensorflow_workers_with_a_chief() -> None:
    configs = tf_configs(topology("tensorflow", node("chief", 0, 1), node("worker", 1)))

    cluster = {"chief": ["10.0.0.1:4001"], "worker": ["10.0.0.2:4101", "10.0.0.2:4102"]}
    assert configs == [
        {"cluster": cluster, "task": {"type": "chief", "index": 0}},
        {"cluster": cluster, "task": {"type": "worker", "index": 0}},
        {"cluster": cluster, "task": {"type": "worker", "index": 1}},
    ]


def test_an_evaluator_is_in_no_cluster() -> None:
    nodes = [node("chief", 0, 1), node("ps", 1, 1), node("worker", 2, 1), node("evaluator", 3, 1)]

    configs = tf_configs(topology("tensorflow", *nodes))

    assert {name for config in configs for name in config["cluster"]} == {"chief", "ps", "worker"}
    assert [config["task"] for config in configs] == [
        {"type": role, "index": 0} for role in ("chief", "ps", "worker", "evaluator")
    ]


def test_roles_that_tensorflow_does_not_know() -> None:
    alone = tf_configs(topology("tensorflow", node("trainer", 0), node("trainer", 1)))
    beside = tf_configs(topology("tensorflow", node("worker", 0, 1), node("reader", 1, 1)))

    assert [config["task"]["index"] for config in alone] == [0, 1, 2, 3]
    assert len(alone[0]["cluster"]["worker"]) == 4
    assert beside[0]["cluster"] == {"worker": ["10.0.0.1:4001"]}
    assert beside[1] == {}, "not even the cluster that its machine names"


def test_a_named_port_is_tensorflows() -> None:
    named = node(named_ports={"tensorflow": 2222})

    cluster = tf_configs(topology("tensorflow", named))[0]["cluster"]

    assert cluster == {"worker": ["10.0.0.1:2222", "10.0.0.1:2223"]}


def test_an_address_of_version_6_gets_brackets_where_a_port_follows() -> None:
    six = node(address="fd00::7")

    assert environments(topology("torch", six))[0]["MASTER_ADDR"] == "fd00::7"
    assert environments(topology("jax", six))[0]["JAX_COORDINATOR_ADDRESS"] == "[fd00::7]:4000"
    assert tf_configs(topology("tensorflow", six))[0]["cluster"]["worker"][0] == "[fd00::7]:4001"


def test_jax_finds_count_and_number_where_it_looks_for_open_mpis() -> None:
    env = environments(topology("jax", node(index=0), node(index=1)))[3]

    assert env["JAX_COORDINATOR_ADDRESS"] == "10.0.0.1:4000"
    assert (env["JAX_NUM_PROCESSES"], env["JAX_PROCESS_ID"]) == ("4", "3")
    assert (env["OMPI_COMM_WORLD_SIZE"], env["OMPI_COMM_WORLD_RANK"]) == ("4", "3")
    assert env["OMPI_COMM_WORLD_LOCAL_RANK"] == "1"
    assert "10.0.0.1" in env["OMPI_MCA_orte_hnp_uri"]


VISIBLE = "CUDA_VISIBLE_DEVICES"
LOCAL = "JAX_LOCAL_DEVICE_IDS"


@pytest.mark.parametrize(
    ("framework", "variable", "devices", "nproc", "expected"),
    [
        ("torch", VISIBLE, ("4", "5"), 2, ["4,5", "4,5"]),
        ("torch", VISIBLE, (), 2, ["", ""]),
        ("torch", VISIBLE, None, 2, [None, None]),
        ("plain", VISIBLE, ("GPU-a",), 2, ["GPU-a", "GPU-a"]),
        ("tensorflow", VISIBLE, ("4", "5"), 2, ["4", "5"]),
        ("tensorflow", VISIBLE, ("4", "5"), 3, ["4", "5", "4"]),
        ("tensorflow", VISIBLE, (), 1, [""]),
        ("tensorflow", VISIBLE, None, 1, [None]),
        ("jax", VISIBLE, ("4", "5"), 2, ["4,5", "4,5"]),
        ("jax", LOCAL, ("4", "5"), 2, ["0", "1"]),
        ("jax", LOCAL, ("4", "5", "6", "7", "8"), 2, ["0,1", "2,3"]),
        ("jax", LOCAL, ("4", "5"), 3, ["0", "1", "0"]),
        ("jax", LOCAL, (), 2, [None, None]),
        ("jax", LOCAL, None, 2, [None, None]),
        ("jax", LOCAL, None, 1, [",".join(map(str, range(64)))]),
    ],
)
def test_devices(
    framework: str,
    variable: str,
    devices: tuple[str, ...] | None,
    nproc: int,
    expected: list[str | None],
) -> None:
    membership = topology(framework, node(nproc=nproc, devices=devices))

    assert [env.get(variable) for env in environments(membership)] == expected


@pytest.mark.parametrize(("cpus", "nproc", "threads"), [(8, 2, "4"), (7, 2, "3"), (1, 4, "1")])
def test_threads_are_shared_out_and_only_advice(cpus: int, nproc: int, threads: str) -> None:
    membership = topology("torch", node(nproc=nproc, cpus=cpus))
    (rank, *_) = membership.ranks()

    assert contracts.defaults(membership, rank)["OMP_NUM_THREADS"] == threads
    assert "OMP_NUM_THREADS" not in contracts.environment(membership, rank)


def test_ranks_that_share_a_device_do_not_take_all_its_memory() -> None:
    shared = topology("tensorflow", node(nproc=2, devices=("0",)))
    (rank, *_) = shared.ranks()

    assert contracts.defaults(shared, rank)["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


ROLES = st.sampled_from(["worker", "chief", "ps", "evaluator", "trainer"])
NODES = st.lists(st.tuples(ROLES, st.integers(1, 3), st.none() | st.just(("0", "1"))), min_size=1)


@given(NODES, st.sampled_from(["torch", "tensorflow", "jax", "plain"]))
def test_any_membership_has_an_environment_that_a_process_can_have(
    shape: list[tuple[str, int, tuple[str, ...] | None]], framework: str
) -> None:
    nodes = [
        node(role, i, nproc, devices=devices) for i, (role, nproc, devices) in enumerate(shape)
    ]
    membership = topology(framework, *nodes)

    found = environments(membership)

    assert [env["RANKZERO_RANK"] for env in found] == [str(i) for i in range(len(found))]
    for env, rank in zip(found, membership.ranks(), strict=True):
        both = {**contracts.defaults(membership, rank), **env}
        assert all(type(v) is str and "\0" not in v and "=" not in k for k, v in both.items())
        assert not env.keys() & contracts.defaults(membership, rank).keys()


@pytest.mark.parametrize("framework", ["torch", "tensorflow", "jax", "plain"])
def test_what_differs_between_memberships_is_by_membership(framework: str) -> None:
    """All else may be known to a rank's process before anybody has met."""
    settings = {"backend": "gloo", "timeout_s": 30.0, "port": None}
    alone = topology(framework, node(), **settings)
    met = topology(framework, node(index=4), node(address="10.9.9.9"), **settings)
    met = met._replace(generation=7, restarts=2)
    for mine, theirs in zip(alone.ranks_of(0), met.ranks_of(1), strict=True):
        env, other = (
            contracts.environment(one, rank) for one, rank in ((alone, mine), (met, theirs))
        )
        differ = {name for name in env.keys() | other.keys() if env.get(name) != other.get(name)}
        assert differ
        assert all(contracts.by_membership(name) for name in differ)
        assert contracts.defaults(alone, mine) == contracts.defaults(met, theirs)


@pytest.mark.parametrize(
    "name",
    [
        *("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "PATH", "PYTHONPATH", "TORCH_LOGS"),
        *("NCCL_DEBUG", "JAX_PLATFORMS", "RANKZERO_BACKEND", "RANKZERO_TIMEOUT_S"),
    ],
)
def test_in_doubt_a_variable_is_not_by_membership(name: str) -> None:
    assert not contracts.by_membership(name)
