"""What a job becomes on one machine, pinned by golden files.

A plan that is meant to change is written anew, and the difference is reviewed like code:

    RANKZERO_RENEW_GOLDEN=1 pytest tests/unit/plan && git diff tests/unit/plan/golden
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from rankzero.agent.config import AgentConfig
from rankzero.plan.local import ANY_PORT, Facts, compile_local, shortage
from rankzero.plan.model import Code, Plan
from rankzero.spec.framework import Found
from rankzero.spec.model import Job

from .jobs import job, nodes

GOLDEN = Path(__file__).parent / "golden"
RUN, FOLDER = "job-7f3a", PurePosixPath("/state/runs/job-7f3a")
LAPTOP = Facts(cpus=8, devices=(), python="/usr/bin/python3")
TWO_GPUS = Facts(cpus=8, devices=("0", "1"), python="/usr/bin/python3")
FIVE_GPUS = Facts(cpus=6, devices=("0", "1", "2", "3", "GPU-e"), python="/usr/bin/python3")


def plan(made: Job, facts: Facts = LAPTOP, framework: str = "torch") -> Plan:
    code = Code("/work", 3, 9000, "ab" * 32)
    return compile_local(made, Found(framework, "found in train.py"), code, facts, RUN, FOLDER)


CASES: dict[str, tuple[Job, Facts, str]] = {
    "two-nodes-two-ranks": (job(), LAPTOP, "torch"),
    "everything-said": (
        job(
            args=("--lr", "0.1", "a b"),
            env={"A": "job", "B": "job"},
            labels={"team": "vision"},
            torch={"backend": "gloo", "port": 29500, "timeout": 90.0},
            max_restarts=3,
            outputs="/results",
            python="/opt/python",
            wait=30.0,
            grace=5.0,
            log_keep=1 << 20,
            log_volume="logs",
            output_volume="results",
            spares=True,
            roles={
                "worker": {
                    "nodes": nodes(3, 1),
                    "nproc": 2,
                    "cpu": 1.5,
                    "memory": 1 << 30,
                    "env": {"B": "role"},
                    "ports": {"http": 8080},
                    "image": "pytorch/pytorch",
                }
            },
        ),
        LAPTOP,
        "torch",
    ),
    "parameter-servers": (
        job(
            run={"script": "train.py"},
            roles={
                "worker": {"nodes": nodes(2)},
                "ps": {"nodes": nodes(2), "run": {"module": "serve"}, "args": ("--port", "1")},
                "chief": {"nodes": nodes(1), "ports": {"board": 6006}},
                "evaluator": {"nodes": nodes(1), "run": {"command": ("sh", "-c", "eval")}},
            },
        ),
        LAPTOP,
        "tensorflow",
    ),
    "gpus-shared-evenly": (
        job(roles={"worker": {"nodes": nodes(2), "nproc": "gpu"}}),
        FIVE_GPUS,
        "torch",
    ),
    "gpus-as-asked": (
        job(
            roles={
                "worker": {"nodes": nodes(2), "nproc": "gpu", "gpus": 2},
                "ps": {"nodes": nodes(1)},
            }
        ),
        FIVE_GPUS,
        "tensorflow",
    ),
    "fewer-gpus-than-ranks": (job(), TWO_GPUS, "torch"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_plan_is_as_it_was(name: str) -> None:
    made = plan(*CASES[name]).to_json()
    text = json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("RANKZERO_RENEW_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(text)


def test_no_golden_file_is_without_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_every_agent_reads_its_config_back(name: str) -> None:
    for agent in plan(*CASES[name]).agents:
        assert AgentConfig.from_json(json.loads(json.dumps(agent.to_json()))) == agent


@pytest.mark.parametrize("name", CASES)
def test_exactly_the_first_agent_listens(name: str) -> None:
    first, *others = plan(*CASES[name]).agents

    assert first.listen == ANY_PORT
    assert all(agent.listen is None for agent in others)


def test_a_plan_holds_no_secret() -> None:
    text = json.dumps(plan(job()).to_json())

    assert '"token_file": "/state/runs/job-7f3a/token"' in text
    assert '"token":' not in text


def test_a_plan_depends_on_nothing_else() -> None:
    assert plan(job()) == plan(job())


@pytest.mark.parametrize(
    ("nproc", "facts", "cpu", "ranks"),
    [
        (3, LAPTOP, None, 3),
        ("cpu", LAPTOP, None, 8),
        ("cpu", LAPTOP, 2.5, 3),
        ("gpu", LAPTOP, None, 1),
        ("gpu", TWO_GPUS, None, 2),
    ],
)
def test_how_many_ranks_a_node_has(nproc, facts: Facts, cpu, ranks: int) -> None:
    roles = {"worker": {"nodes": nodes(1), "nproc": nproc, "cpu": cpu}}

    assert plan(job(roles=roles), facts).agents[0].nproc == ranks


def test_processors_are_shared_by_thenodes() -> None:
    assert [agent.cpus for agent in plan(job()).agents] == [4, 4]
    crowd = job(roles={"worker": {"nodes": nodes(20)}})
    assert {agent.cpus for agent in plan(crowd).agents} == {1}


def test_devices_are_given_once() -> None:
    for facts in (TWO_GPUS, FIVE_GPUS):
        for count in range(1, 8):
            agents = plan(job(roles={"worker": {"nodes": nodes(count)}}), facts).agents
            given = [device for agent in agents for device in agent.devices or ()]
            assert given == list(facts.devices)


def test_without_devices_there_is_nothing_to_hide() -> None:
    assert [agent.devices for agent in plan(job()).agents] == [None, None]


def test_a_machine_that_lacks_devices_says_how_many() -> None:
    asks = job(roles={"worker": {"nodes": nodes(3), "gpus": 1}})

    assert shortage(asks, FIVE_GPUS) is None
    assert shortage(asks, TWO_GPUS) == "the job asks for 3 GPUs, this machine has 2"
    assert shortage(job(), LAPTOP) is None


def test_what_one_machine_cannot_honour_is_said() -> None:
    notices = " ".join(plan(*CASES["everything-said"]).notices)

    assert "ignored on one machine: image, memory" in notices
    assert "no volumes on one machine, for log_volume and output_volume: " in notices
    assert "RANKZERO_PORT_HTTP" in notices
    assert plan(job()).notices == ()
    assert "4 ranks share 2 GPUs" in plan(*CASES["fewer-gpus-than-ranks"]).notices[0]


def test_what_only_pods_have_is_ignored_by_name() -> None:
    made = job(
        queue="q",
        api=[{"resources": ["pods"], "verbs": ["get"]}],
        keep_outputs=60.0,
        secrets={"KEY": {"secret": "s", "key": "k"}},
        pod={"hostNetwork": True},
        roles={
            "worker": {
                "nodes": nodes(1),
                "place": [{"rack": "a"}],
                "user": 0,
                "shm": "1Gi",
                "volumes": {"v": {"claim": "c", "path": "/v"}},
                "secrets": {"TOKEN": {"secret": "s", "key": "k"}},
            }
        },
    )
    assert plan(made).notices == (
        "ignored on one machine: api, keep_outputs, place, pod, queue, shm, user, volumes",
        "no Secrets on one machine: KEY, TOKEN are as your environment has them",
    )


def test_volumes_are_folders_that_ranks_find_by_a_variable() -> None:
    made = job(
        volumes={
            "data": {"claim": "data", "size": "5Gi", "path": "/data", "sub_path": "train"},
            "own": {"claim": "own", "size": "1Gi", "path": "/own", "keep": False},
            "team": {"claim": "team", "path": "/team"},
        },
        output_volume="team",
    )
    facts = replace(LAPTOP, volumes={"team": "/v/team/data"}, new_volume="/v/{}/data")
    found = plan(made, facts)

    agent = found.agents[0]
    assert agent.env == {
        "RANKZERO_VOLUME_DATA": "/v/data/data/train",
        "RANKZERO_VOLUME_OWN": f"{FOLDER}/volumes/own",
        "RANKZERO_VOLUME_TEAM": "/v/team/data",
    }
    assert (agent.outputs, agent.shared_outputs) == (f"/v/team/data/{RUN}/outputs", True)
    assert not any("ignored" in notice for notice in found.notices)
    # One that is not there, and that nobody makes, is ignored as before.
    assert "ignored on one machine: volumes" in plan(made, LAPTOP).notices


def test_a_node_that_others_share_a_port_with_gets_one_of_its_own() -> None:
    alone = job(roles={"worker": {"nodes": nodes(1), "ports": {"http": 8080}}})
    shared = job(roles={"worker": {"nodes": nodes(2), "ports": {"http": 8080}}})

    assert plan(alone).agents[0].ports == {"http": 8080}
    assert [agent.ports for agent in plan(shared).agents] == [{"http": 0}, {"http": 0}]


def test_one_rank_for_each_gpu_of_a_machine_without_any_is_told() -> None:
    (notice,) = plan(job(roles={"worker": {"nproc": "gpu"}})).notices
    assert notice == "this machine has no GPU, so a node of worker has one rank"


def test_a_wait_that_nobody_asked_to_change_is_not_spoken_of() -> None:
    assert plan(job(wait=600.0)).notices == ()
    assert "wait is 60 s at most" in plan(job(wait=601.0)).notices[0]


def test_only_ranks_of_mpi_have_an_mpirun():
    asked = job(mpirun=("mpiexec", "--fast"))
    for framework, told in (("mpi", ("mpiexec", "--fast")), ("torch", ())):
        assert {agent.mpirun for agent in plan(asked, framework=framework).agents} == {told}
