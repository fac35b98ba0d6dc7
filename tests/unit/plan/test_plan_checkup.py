"""The pods of a check-up: as a run's, restricted, small, and gone by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rankzero.plan.kubernetes import checkup, layout, names
from rankzero.plan.kubernetes.checkup import GPUS, LABEL, NETWORK, Wanted
from rankzero.plan.kubernetes.standards import RESTRICTED, against
from rankzero.spec.model import Job
from support.golden import as_it_was

from .jobs import job, nodes
from .test_plan_kubernetes import plan

GOLDEN = Path(__file__).parent / "golden-checkup"
OWNER = {"apiVersion": "batch/v1", "kind": "Job", "name": "checkup-1", "uid": "u-1"}
ROLE = {"nodes": nodes(3), "image": "mine:1", "pull": "Always", "gpus": 4, "memory": "64Gi"}
FULL = job(
    pull_secrets=["door"],
    labels={"team": "vision"},
    secrets={"KEY": {"secret": "keys", "key": "one"}},
    volumes={"data": {"claim": "data", "path": "/data"}},
    tolerations=[{"key": "gpu", "operator": "Exists"}],
    pod={"runtimeClassName": "nvidia", "initContainers": [{"name": "first", "image": "x"}]},
    roles={"worker": ROLE},
    api=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
)


def wanted(made: Job, what: str = NETWORK) -> Wanted:
    planned = plan(made)
    template = planned.manifests[0]["spec"]["template"]
    return Wanted("checkup-1", what, template, planned.run, device="nvidia.com/gpu")


def pod(made: Job, what: str = NETWORK) -> dict[str, Any]:
    spec: dict[str, Any] = checkup.job(wanted(made, what))["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("what", [NETWORK, GPUS])
def test_they_are_as_they_were(what: str) -> None:
    asked = wanted(FULL, what)
    objects = [checkup.job(asked), *checkup.others(asked, b"the agent", OWNER)]
    made, expected = as_it_was(GOLDEN / f"{what}.yaml", objects)
    assert made == expected


@pytest.mark.parametrize("what", [NETWORK, GPUS])
@pytest.mark.parametrize("made", [job(), FULL])
def test_they_pass_the_restricted_profile(made: Job, what: str) -> None:
    assert against(RESTRICTED, pod(made, what)) == []


def test_they_come_as_a_run_s_pods_would() -> None:
    spec = pod(FULL)
    (container,) = spec["containers"]
    assert (container["image"], container["imagePullPolicy"]) == ("mine:1", "Always")
    assert spec["imagePullSecrets"] == [{"name": "door"}]
    assert spec["runtimeClassName"] == "nvidia"
    assert {"key": "gpu", "operator": "Exists"} in spec["tolerations"]


def test_they_have_nothing_of_the_user_s() -> None:
    spec = pod(FULL, GPUS)
    (container,) = spec["containers"]
    assert "initContainers" not in spec
    assert "serviceAccountName" not in spec, "nobody makes that of a run"
    assert {one["name"] for one in spec["volumes"]} == {"rankzero-run", "rankzero-shm", "agent"}
    assert {one["mountPath"] for one in container["volumeMounts"]} == {
        *(layout.OWN, layout.AGENT, "/dev/shm")
    }
    assert all("valueFrom" not in one for one in container["env"])


def test_one_is_granted_one_gpu_and_sees_it_and_the_others_see_none() -> None:
    (granted,) = pod(FULL, GPUS)["containers"]
    assert granted["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert all(one["name"] != "NVIDIA_VISIBLE_DEVICES" for one in granted["env"])
    (other,) = pod(FULL)["containers"]
    assert "nvidia.com/gpu" not in other["resources"]["limits"]
    assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"} in other["env"]


def test_no_command_takes_them_for_a_part_of_a_run_and_policies_for_the_team_s() -> None:
    made = checkup.job(wanted(FULL))
    inner = made["spec"]["template"]["metadata"]["labels"]
    assert {names.RUN, names.MANAGED_BY, names.PART} & {
        *made["metadata"]["labels"],
        *inner,
    } == set()
    assert (inner["team"], inner[LABEL]) == ("vision", "checkup-1")
