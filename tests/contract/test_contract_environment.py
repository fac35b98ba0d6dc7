"""What every rank finds in its environment, held against the contracts' own words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract.conftest import Runner
from contract.following import Following
from contract.place import job_file
from rankzero import contracts
from rankzero.agent import events as ev
from rankzero.contracts.topology import Node, Settings, Topology

#: Each rank shows all of its environment in one line.
SHOWS = "import json, os\nprint(json.dumps(dict(os.environ)))\n"
ROLES = """
name: cluster
framework: {framework}
run: show.py
roles:
{roles}
"""


def shown(seen: Following) -> dict[int, dict[str, str]]:
    """Each rank's environment, by what it says of itself."""
    found = {}
    for line in seen.lines():
        env = json.loads(line)
        found[int(env["RANKZERO_RANK"])] = env
    return found


def topology(
    run: str, framework: str, envs: dict[int, dict[str, str]], **settings: Any
) -> Topology:
    """The membership as the ranks tell it: only addresses and ports are taken at their word."""
    nodes: dict[int, Node] = {}
    for rank in sorted(envs):
        env = envs[rank]
        number = int(env["RANKZERO_NODE"])
        if number not in nodes:
            index = sum(node.role == env["RANKZERO_ROLE"] for node in nodes.values())
            nproc = int(env["RANKZERO_LOCAL_WORLD_SIZE"])
            address = env["RANKZERO_MASTER_ADDR"]
            nodes[number] = Node(env["RANKZERO_ROLE"], index, address, nproc, (0,) * (nproc + 1))
    port = int(envs[0]["RANKZERO_MASTER_PORT"])
    first = nodes[0]._replace(ports=(port, *nodes[0].ports[1:]))
    members = (first, *(nodes[i] for i in range(1, len(nodes))))
    return Topology(Settings(run, framework, **settings), 1, 0, members)


@pytest.mark.parametrize("framework", ["plain", "torch", "jax"])
def test_every_rank_sees_what_its_contract_says(runner: Runner, framework: str) -> None:
    seen = runner.follow(SHOWS, nodes=2, nproc=2, framework=framework, max_restarts=3).to_end()

    envs = shown(seen)
    assert sorted(envs) == [0, 1, 2, 3]
    world = topology(runner.submitted[0], framework, envs, max_restarts=3)
    for rank in world.ranks():
        expected = contracts.environment(world, rank)
        assert {name: envs[rank.rank].get(name) for name in expected} == expected


def test_the_users_torch_settings_reach_the_ranks(runner: Runner) -> None:
    options = {"framework": "torch", "backend": "gloo", "timeout": "90s"}
    seen = runner.follow(SHOWS, nproc=2, **options).to_end()

    for env in shown(seen).values():
        assert (env["RANKZERO_BACKEND"], env["RANKZERO_TIMEOUT_S"]) == ("gloo", "90.0")


@pytest.mark.parametrize(
    "roles", [{"chief": 1, "worker": 2}, {"chief": 1, "ps": 2, "worker": 2, "evaluator": 1}]
)
def test_tensorflow_ranks_agree_on_one_cluster(runner: Runner, roles: dict[str, int]) -> None:
    lines = "\n".join(f"  {name}: {{nodes: {count}}}" for name, count in roles.items())
    text = ROLES.format(framework="tensorflow", roles=lines)
    script = SHOWS + "import sys, time\nsys.stdout.flush()\ntime.sleep(300)\n"
    run = runner.job(job_file(runner.place, text, {"show.py": script}))

    envs = shown(Following(runner.backend, run).until_lines_of(sum(roles.values())))

    configs = [json.loads(env["TF_CONFIG"]) for env in envs.values()]
    cluster = configs[0]["cluster"]
    expected = {name: count for name, count in roles.items() if name != "evaluator"}
    assert {name: len(tasks) for name, tasks in cluster.items()} == expected
    addresses = [address for tasks in cluster.values() for address in tasks]
    assert len(set(addresses)) == len(addresses), "each task has a port of its own"
    tasks = {(config["task"]["type"], config["task"]["index"]) for config in configs}
    assert tasks == {(name, i) for name, count in roles.items() for i in range(count)}
    assert all(config["cluster"] == cluster for config in configs if "cluster" in config)


def test_nothing_of_the_agents_own_reaches_a_rank(runner: Runner) -> None:
    seen = runner.follow(SHOWS).to_end()

    (env,) = shown(seen).values()
    token = [name for name in env if "TOKEN" in name or "LIFELINE" in name]
    assert token == []
    assert not any(name.startswith("RANKZERO_PARENT") for name in env)


def test_the_jobs_own_variables_win_over_advice(runner: Runner) -> None:
    seen = runner.follow(SHOWS, nproc=2, env={"OMP_NUM_THREADS": "7", "MINE": "1"}).to_end()

    assert {(env["OMP_NUM_THREADS"], env["MINE"]) for env in shown(seen).values()} == {("7", "1")}


def test_a_generation_counts_restarts_and_gets_a_new_port(runner: Runner) -> None:
    script = SHOWS + "raise SystemExit(os.environ['RANKZERO_RESTARTS'] != '2')"
    seen = runner.follow(script, max_restarts=2, framework="torch").to_end()

    envs = [json.loads(line) for line in seen.lines()]
    assert [env["RANKZERO_GENERATION"] for env in envs] == ["1", "2", "3"]
    assert [env["TORCHELASTIC_RESTART_COUNT"] for env in envs] == ["0", "1", "2"]
    assert len({env["MASTER_PORT"] for env in envs}) == 3
    assert seen.history.state == ev.SUCCEEDED
