"""The pod that lends a volume to those who look: like the run's own, and as small as can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rankzero.plan.kubernetes import helper, layout, names
from rankzero.plan.kubernetes.helper import Like, like_none, like_the_run
from rankzero.plan.kubernetes.standards import RESTRICTED, against
from rankzero.spec.model import Job

from .jobs import job, nodes
from .test_plan_kubernetes import OPENSHIFT, plan

_OWNER = {"apiVersion": "batch/v1", "kind": "Job", "name": "job-7f3a-worker", "uid": "u-1"}


def like(made: Job, path: str = layout.LOG_VOLUME, **facts: Any) -> Like | None:
    planned = plan(made, **facts)
    return like_the_run(planned.to_json(), planned.manifests[0]["spec"]["template"], path)


def made(like: Like | None, owner: Mapping[str, str] | None = _OWNER) -> dict[str, Any]:
    assert like is not None
    return helper.job("job-7f3a-helper-1", like, owner)


def pod(like: Like | None) -> dict[str, Any]:
    spec: dict[str, Any] = made(like)["spec"]["template"]["spec"]
    return spec


KEPT = job(
    log_volume="team",
    pull_secrets=["door"],
    node_selector={"zone": "b"},
    tolerations=[{"key": "gpu", "operator": "Exists"}],
    roles={
        "worker": {
            "nodes": nodes(2),
            "user": "1234:100",
            "gpus": 4,
            "memory": "64Gi",
            "image": "mine:1",
            "pull": "Always",
            "place": [{"machine": "a"}, {"machine": "b"}],
        }
    },
)


def test_it_is_let_in_where_the_run_was() -> None:
    spec = pod(like(KEPT))
    (container,) = spec["containers"]
    assert (container["image"], container["imagePullPolicy"]) == ("mine:1", "Always")
    assert spec["imagePullSecrets"] == [{"name": "door"}]
    assert {"key": "gpu", "operator": "Exists"} in spec["tolerations"]
    user = spec["securityContext"]
    assert (user["runAsUser"], user["runAsGroup"], user["fsGroup"]) == (1234, 100, 100)


def test_it_asks_for_nothing_that_only_ranks_need() -> None:
    spec = pod(like(KEPT))
    assert spec["nodeSelector"] == {"zone": "b"}, "the first node's machine may be gone"
    (container,) = spec["containers"]
    assert container["resources"]["limits"] == {"memory": "512Mi"}
    assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"} in container["env"]
    assert [one["name"] for one in spec["volumes"]] == ["agent", "rankzero-logs"]


@pytest.mark.parametrize("what", [like(KEPT), like_none("team", "python:3", None, "/v")])
def test_it_passes_the_restricted_profile(what: Like | None) -> None:
    assert against(RESTRICTED, pod(what)) == []


def test_it_only_reads_and_goes_by_itself() -> None:
    found = made(like(KEPT))
    assert found["metadata"]["ownerReferences"] == [_OWNER]
    assert found["spec"]["activeDeadlineSeconds"] == helper.DEADLINE
    assert found["spec"]["ttlSecondsAfterFinished"] == 0
    assert found["spec"]["backoffLimit"] == 0
    mounts = found["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert all(one["readOnly"] for one in mounts)
    assert "ownerReferences" not in made(like(KEPT), None)["metadata"]


def test_no_command_takes_it_for_a_part_of_the_run() -> None:
    for labels in (made(like(KEPT))["metadata"], made(like(KEPT))["spec"]["template"]["metadata"]):
        assert {names.RUN, names.MANAGED_BY, names.PART} & labels["labels"].keys() == set()


def test_a_volume_that_the_job_declares_is_mounted_as_its_pods_do() -> None:
    volumes = {
        "all": {"claim": "team", "path": "/all"},
        "results": {"nfs": "files:/export", "path": "/r", "sub_path": "runs"},
    }
    found = like(
        job(volumes=volumes, output_volume="results", log_volume="all"), layout.OUTPUT_VOLUME
    )
    assert found is not None
    assert found.volume["nfs"] == {"server": "files", "path": "/export"}
    assert found.mount["subPath"] == "runs"
    logs = like(job(volumes=volumes, log_volume="all"))
    assert logs is not None
    assert logs.volume == {"name": "all", "persistentVolumeClaim": {"claimName": "team"}}


def test_a_run_that_keeps_nothing_has_none() -> None:
    assert like(job()) is None
    assert like(job(log_volume="team"), layout.OUTPUT_VOLUME) is None


def test_where_the_cluster_chooses_users_it_does() -> None:
    found = like(job(log_volume="team"), facts=OPENSHIFT)
    assert "runAsUser" not in pod(found)["securityContext"]


def test_the_named_python_runs_it() -> None:
    (container,) = pod(like(job(log_volume="team", python="/opt/python")))["containers"]
    assert container["command"] == ["/opt/python", layout.ARCHIVE, "helper"]


@pytest.mark.parametrize(
    ("volume", "source"),
    [
        ("team", {"persistentVolumeClaim": {"claimName": "team"}}),
        ("files:/export", {"nfs": {"server": "files", "path": "/export"}}),
    ],
)
def test_of_a_run_that_is_gone_the_volume_is_named(volume: str, source: dict[str, Any]) -> None:
    spec = pod(like_none(volume, "python:3", "1234", layout.LOG_VOLUME))
    assert spec["volumes"][1] == {"name": "volume", **source}
    assert spec["containers"][0]["image"] == "python:3"
    assert spec["securityContext"]["runAsUser"] == 1234


def test_the_agent_comes_with_it_and_goes_with_it() -> None:
    found = helper.archive("job-7f3a-helper-1", b"zip", _OWNER)
    assert found["metadata"]["ownerReferences"] == [_OWNER]
    assert found["binaryData"] == {"agent.zip": "emlw"}
    mounts = pod(like(KEPT))["containers"][0]["volumeMounts"]
    assert {"name": "agent", "mountPath": layout.AGENT, "readOnly": True} in mounts
