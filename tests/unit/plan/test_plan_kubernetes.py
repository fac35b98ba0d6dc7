"""What a job becomes on a cluster, pinned by golden files: objects as the API server gets them.

RANKZERO_RENEW_GOLDEN=1 pytest tests/unit/plan && git diff tests/unit/plan
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent import exits
from rankzero.agent.config import AgentConfig
from rankzero.plan.kubernetes import names, starting
from rankzero.plan.kubernetes.compiling import Freight, compile_kubernetes
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.kubernetes.standards import RESTRICTED, against
from rankzero.plan.model import Code, Plan
from rankzero.spec.framework import Found
from rankzero.spec.model import Job
from rankzero.spec.names import LONGEST_NAME, LONGEST_ROLE
from support.golden import as_it_was

from .jobs import job, nodes

GOLDEN = Path(__file__).parent / "golden-kubernetes"
CLUSTER = Facts("lab", "team", "registry/torch:2")
OPENSHIFT = Facts("lab", "team", "registry/torch:2", assigns_ids=True)
FREIGHT = Freight(b"the agent", (b"part one", b"part two"), "ab" * 32)
IN_IMAGES = Freight(b"the agent", digest="cd" * 32, layers=("d1" * 16, "c0" * 16))
#: What a host name may be: RFC 1123.
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def plan(
    made: Job,
    framework: str = "torch",
    facts: Facts = CLUSTER,
    run: str = "job-7f3a",
    freight: Freight = FREIGHT,
) -> Plan:
    code = Code("/work", 3, 9000, "ab" * 32)
    found = Found(framework, "found in train.py")
    return compile_kubernetes(made, found, code, facts, run, freight)


LOCKS = {"capabilities": {"add": ["IPC_LOCK"], "drop": ["ALL"]}}
SIDE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
HOST_PORT = {"containerPort": 6006, "hostPort": 6006}
CLAIM = {
    "volumeClaimTemplate": {
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        }
    }
}

CASES: dict[str, tuple[Any, ...]] = {
    "two-nodes-two-ranks": (job(), "torch"),
    "mpi": (job(mpirun=("mpirun.openmpi", "--mca", "btl", "tcp,self")), "mpi"),
    "everything-said": (
        job(
            args=("--lr", "0.1", "a b"),
            env={"A": "job", "B": "job"},
            labels={"team": "vision"},
            torch={"backend": "gloo", "port": 29500, "timeout": 90.0},
            max_restarts=3,
            python="/opt/python",
            grace=5.0,
            roles={
                "worker": {
                    "nodes": nodes(3, 1),
                    "nproc": "gpu",
                    "gpus": 4,
                    "cpu": 1.5,
                    "memory": "8Gi",
                    "resources": {"example.com/fpga": "1"},
                    "env": {"B": "role"},
                    "ports": {"http": 8080},
                    "image": "mine:1",
                    "pull": "Always",
                    "labels": {"tier": "gpu"},
                    "annotations": {"note": "a text: with signs"},
                }
            },
        ),
        "torch",
    ),
    "with-its-code-in-its-image": (job(), "torch", CLUSTER, "job-7f3a", IN_IMAGES),
    "parameter-servers": (
        job(
            roles={
                "worker": {"nodes": nodes(2)},
                "ps": {"nodes": nodes(2), "run": {"module": "serve"}},
                "chief": {"nodes": nodes(1), "ports": {"board": 6006}},
            },
        ),
        "tensorflow",
    ),
    "a-machine-for-each-node": (
        job(
            node_selector={"zone": "b"},
            tolerations=[{"key": "gpu", "value": "true", "effect": "NoSchedule"}],
            roles={
                "worker": {
                    "nodes": nodes(3),
                    "place": [{"cluster": "a"}, {"cluster": "b"}, {"zone": "c"}],
                    "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
                },
                "evaluator": {"node_selector": {"disk": "ssd"}},
            },
        ),
        "torch",
    ),
    "volumes-and-secrets": (
        job(
            volumes={
                "data": {"claim": "mnist", "path": "/data", "read_only": True, "sub_path": "train"},
                "scratch": {"empty_dir": "10Gi", "path": "/scratch"},
            },
            secrets={"WANDB_API_KEY": {"secret": "wandb", "key": "api-key"}},
            env_from=[{"secret": "aws"}],
            pull_secrets=["door"],
            roles={
                "worker": {
                    "nodes": nodes(2),
                    "shm": "2Gi",
                    "user": "1234:100",
                    "priority_class": "high",
                    "volumes": {
                        "keys": {"secret": "keys", "path": "/keys"},
                        "settings": {"config_map": "settings", "path": "/settings"},
                        "more": {"empty_dir": True, "path": "/more"},
                    },
                    "secrets": {"HF_TOKEN": {"secret": "hf", "key": "HF_TOKEN"}},
                    "env_from": [{"config_map": "settings"}],
                }
            },
        ),
        "torch",
    ),
    "volumes-of-its-own": (
        job(
            volumes={
                "data": {"claim": "data", "size": "5Gi", "path": "/data", "sub_path": "all"},
                "scratch": {
                    "claim": "scratch",
                    "size": "1Gi",
                    "path": "/scratch",
                    "access": "many",
                    "class": "fast",
                    "keep": False,
                },
            },
            labels={"team": "vision"},
            roles={
                "worker": {"nodes": nodes(2)},
                "chief": {"volumes": {"best": {"claim": "models", "size": "1Gi", "path": "/best"}}},
            },
            output_volume="data",
        ),
        "torch",
    ),
    "kept-on-volumes": (
        job(
            volumes={
                "data": {"claim": "team", "path": "/data"},
                "files": {"claim": "results", "path": "/files", "sub_path": "runs"},
            },
            log_volume="team",
            output_volume="files",
            outputs="/results",
            collect="all",
        ),
        "torch",
    ),
    "rights-and-a-wall": (
        job(
            api=[
                {"resources": ["pods"], "verbs": ["get", "list", "watch"]},
                {
                    "apiGroups": ["batch"],
                    "resources": ["jobs"],
                    "verbs": ["get"],
                    "resourceNames": ["mine"],
                },
            ],
            isolate=True,
            ttl=3600.0,
            keep_outputs=7200.0,
        ),
        "torch",
    ),
    "heals-itself": (
        job(self_heal=True, roles={"worker": {"nodes": nodes(2)}, "ps": {}}),
        "tensorflow",
    ),
    "heals-itself-with-rights": (
        job(
            self_heal=True,
            api=[{"resources": ["pods"], "verbs": ["get"]}],
            roles={"worker": {"nodes": nodes(2), "place": [{"x": "a"}, {"x": "b"}]}, "ps": {}},
        ),
        "tensorflow",
    ),
    "heals-itself-in-one-role-with-rights": (
        job(
            self_heal=True,
            api=[{"resources": ["pods"], "verbs": ["get"]}],
            roles={"worker": {"nodes": nodes(2)}},
        ),
        "torch",
    ),
    "heals-itself-as-another": (
        job(
            self_heal="healer",
            roles={"worker": {"nodes": nodes(2), "place": [{"x": "a"}, {"x": "b"}]}},
        ),
        "torch",
    ),
    "in-a-queue": (
        job(queue="team-a", roles={"worker": {"nodes": nodes(2)}, "ps": {}}, wait=60.0),
        "tensorflow",
    ),
    "one-pod-many-gpus": (
        job(roles={"worker": {"nproc": "gpu", "gpus": 4, "gpu_resource": "amd.com/gpu"}}),
        "torch",
    ),
    "a-pod-for-each-gpu": (
        job(roles={"worker": {"nodes": nodes(4), "nproc": "gpu", "gpus": 1}, "ps": {"gpus": 0}}),
        "tensorflow",
    ),
    "parts-of-gpus": (
        job(roles={"worker": {"nproc": "gpu", "resources": {"nvidia.com/mig-1g.5gb": "2"}}}),
        "torch",
    ),
    "more-than-restricted": (
        job(
            volumes={
                "disk": {"host_path": "/mnt/disk", "path": "/disk"},
                "files": {"nfs": "files:/export/data", "path": "/files"},
            },
            pod={"containers": [{"name": "rank", "securityContext": LOCKS}]},
            roles={
                "worker": {"nodes": nodes(2), "user": 0},
                "evaluator": {
                    "user": "image",
                    "pod": {"containers": [{"name": "rank", "ports": [HOST_PORT]}]},
                },
            },
        ),
        "torch",
    ),
    "laid-over": (
        job(
            service_account="trainer",
            pod={
                "schedulerName": "special",
                "containers": [
                    {"name": "rank", "env": [{"name": "HOME", "value": "/scratch"}]},
                    {"name": "side", "image": "side:1", "securityContext": SIDE},
                ],
                "volumes": [{"name": "rankzero-run", "ephemeral": CLAIM}],
            },
            roles={
                "worker": {
                    "nodes": nodes(2),
                    "pod": {
                        "containers": [{"name": "side", "image": "side:2"}],
                        "tolerations": [{"key": "spot", "operator": "Exists"}],
                    },
                }
            },
        ),
        "torch",
    ),
    "where-the-cluster-chooses-users": (job(), "torch", OPENSHIFT),
}
#: Those that ask for more than Pod Security's restricted profile allows.
MORE = {"more-than-restricted"}


def objects(made: Plan, kind: str) -> list[dict[str, Any]]:
    return [dict(one) for one in made.manifests if one["kind"] == kind]


def pods(made: Plan) -> list[dict[str, Any]]:
    return [one["spec"]["template"] for one in objects(made, "Job")]


def test_beside_rights_of_all_pods_only_the_coordinators_role_may_heal() -> None:
    made = plan(*CASES["heals-itself-with-rights"])
    may = {one["metadata"]["name"]: one["rules"] for one in objects(made, "Role")}
    used = [pod["spec"]["serviceAccountName"] for pod in pods(made)]

    assert [[rule["verbs"] for rule in may[name]] for name in used] == [
        [["get"], ["list", "watch", "patch", "delete"]],
        [["get"]],
        [["get"]],
    ]
    assert sum(f"as ServiceAccount {used[0]}, " in said for said in made.notices) == 1


@pytest.mark.parametrize("name", CASES)
def test_the_objects_are_as_they_were(name: str) -> None:
    made, was = as_it_was(GOLDEN / f"{name}.yaml", plan(*CASES[name]).manifests)
    assert was == made


def test_no_golden_file_is_without_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_every_role_reads_its_config_back(name: str) -> None:
    made = plan(*CASES[name])
    (agent,) = [
        one for one in objects(made, "ConfigMap") if one["metadata"]["name"].endswith("-agent")
    ]
    for config in made.agents:
        read = AgentConfig.from_json(json.loads(agent["data"][f"{config.role}.json"]))
        assert read == config._replace(index=0)


@pytest.mark.parametrize("name", CASES)
def test_one_job_starts_suspended_and_one_role_listens(name: str) -> None:
    made = plan(*CASES[name])
    first, *others = objects(made, "Job")

    assert made.manifests[0] == first
    assert first["spec"]["suspend"] is True
    assert {one["spec"]["suspend"] for one in others} <= {name == "in-a-queue"}
    assert first["metadata"]["labels"][names.PART] == "coordinator"
    assert all(names.PART not in one["metadata"]["labels"] for one in others)
    assert len({agent.role for agent in made.agents if agent.listen}) == 1


@pytest.mark.parametrize("name", CASES)
def test_a_pod_is_as_restricted_as_the_standard_asks_unless_the_plan_says_otherwise(
    name: str,
) -> None:
    made = plan(*CASES[name])
    found = [what for template in pods(made) for what in against(RESTRICTED, template["spec"])]

    assert bool(found) == (name in MORE)
    assert any("restricted" in notice for notice in made.notices) == (name in MORE)


def test_a_pod_has_no_more_rights_than_the_standard_asks_for() -> None:
    """Kubernetes' "Pod Security Standards", Restricted; word by word, for what all others vary."""
    (template,) = pods(plan(job()))
    spec = template["spec"]
    (container,) = spec["containers"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 1000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in spec
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("name", CASES)
def test_the_exit_codes_that_end_a_job_are_the_agents(name: str) -> None:
    for one in objects(plan(*CASES[name]), "Job"):
        rules = one["spec"]["podFailurePolicy"]["rules"]
        assert [rule["action"] for rule in rules] == ["Ignore", "FailJob"]
        assert rules[1]["onExitCodes"]["values"] == [exits.RUN_FAILED, exits.ALONE]
        assert one["spec"]["podReplacementPolicy"] == "Failed"


@pytest.mark.parametrize("name", CASES)
def test_no_two_objects_of_a_kind_have_one_name(name: str) -> None:
    made = plan(*CASES[name])
    found = [(one["kind"], one["metadata"]["name"]) for one in made.manifests]

    assert len(set(found)) == len(found)
    assert all(LABEL.fullmatch(one) for _, one in found)


def test_the_longest_names_are_host_names() -> None:
    role, name = "r" * LONGEST_ROLE, "n" * LONGEST_NAME
    made = plan(job(name=name, roles={role: {"nodes": nodes(9999)}}), run=f"{name}-7f3a")

    for one in made.manifests:
        assert LABEL.fullmatch(one["metadata"]["name"])
        assert LABEL.fullmatch(f"{names.job(made.run, role)}-9998"), "the last pod's host name"


def test_a_script_is_named_by_its_place_in_the_folder() -> None:
    made = plan(job(run={"script": "/work/deep/train.py"}))

    assert {agent.command.target for agent in made.agents} == {"deep/train.py"}


def test_labels_that_find_a_run_are_not_the_users() -> None:
    roles = {"worker": {"nodes": nodes(1), "labels": {names.RUN: "another"}}}
    (template,) = pods(plan(job(roles=roles, labels={names.ROLE: "another"})))

    assert template["metadata"]["labels"][names.RUN] == "job-7f3a"
    assert template["metadata"]["labels"][names.ROLE] == "worker"


def test_what_travels_stands_under_its_digest() -> None:
    made = plan(job())
    held = [
        digest
        for one in objects(made, "ConfigMap")
        for digest in one.get("binaryData", {}).values()
    ]

    assert sorted(held) == sorted(made.blobs)
    assert sorted(made.blobs.values()) == sorted([FREIGHT.agent, *FREIGHT.parts])
    assert "blobs" not in made.to_json()


def test_a_plan_holds_no_secret() -> None:
    (secret,) = objects(plan(job()), "Secret")

    assert not {"data", "stringData"} & secret.keys()


def test_as_many_objects_for_a_thousand_nodes_as_for_two() -> None:
    many = plan(job(roles={"worker": {"nodes": nodes(1000)}}))

    assert len(many.manifests) == len(plan(job()).manifests)


# -- the command that finds an interpreter


def started(command: list[str], path: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(path)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_the_first_python_of_an_image_is_taken(tmp_path: Path) -> None:
    for name in ("python", "python3"):
        file = tmp_path / name
        file.write_text(f'#!/bin/sh\necho {name} "$@"\n')
        file.chmod(0o755)
    done = started(starting.command(None, "a config"), tmp_path)

    assert done.stdout == "python3 /rankzero/agent/agent.zip pod a config\n"


def test_an_image_without_python_says_so(tmp_path: Path) -> None:
    command = starting.command(None, "config")
    command[-1] = command[-1].replace("/dev/termination-log", str(tmp_path / "log"))
    command[-1] = re.sub(r" /\S*/python3", "", command[-1])
    done = started(command, tmp_path)

    assert done.returncode == exits.RUN_FAILED
    assert "there is no Python in this image" in done.stderr
    outcome = json.loads((tmp_path / "log").read_text())
    assert (outcome["state"], outcome["cause"]["kind"]) == ("failed", "refused")
