"""What a pod gets: devices hidden and granted, users, volumes, machines, and what is laid over."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.plan.kubernetes import names
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.kubernetes.pod import hide_devices, rank
from rankzero.plan.model import Plan
from rankzero.spec.names import LONGEST_NAME, LONGEST_ROLE

from .jobs import job, nodes
from .test_plan_kubernetes import LABEL, objects, plan

OPENSHIFT = Facts("lab", "team", "registry/torch:2", assigns_ids=True)


def spec(fields: dict[str, Any] | None = None, **of_job: Any) -> dict[str, Any]:
    """The spec of the only role's pods."""
    roles = {"worker": {"nodes": nodes(1), **(fields or {})}}
    return template(plan(job(roles=roles, **of_job)))["spec"]


def template(made: Plan, at: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = objects(made, "Job")[at]["spec"]["template"]
    return found


def variables(pod: dict[str, Any]) -> dict[str, str | None]:
    return {one["name"]: one.get("value") for one in rank(pod)["env"]}


# -- devices

CLAIMS = {"containers": [{"name": "rank", "resources": {"claims": [{"name": "gpu"}]}}]}
LIMITS = {"containers": [{"name": "rank", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}
SHOWN = [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]


@pytest.mark.parametrize(
    ("fields", "hidden"),
    [
        ({}, True),
        ({"gpus": 0}, True),
        ({"memory": "1Gi", "resources": {"ephemeral-storage": "1Gi"}}, True),
        ({"gpus": 1}, False),
        ({"gpus": 1, "gpu_resource": "amd.com/gpu"}, False),
        ({"resources": {"nvidia.com/mig-1g.5gb": "1"}}, False),
        ({"pod": LIMITS}, False),
        ({"pod": CLAIMS}, False),
        ({"pod": {"containers": [{"name": "rank", "env": SHOWN}]}}, False),
    ],
)
def test_who_was_granted_no_device_sees_none(fields: dict[str, Any], hidden: bool) -> None:
    assert (variables(spec(fields)).get("NVIDIA_VISIBLE_DEVICES") == "void") is hidden


def test_what_the_job_says_of_devices_does_not_reach_the_container() -> None:
    """The variables of a job are its ranks'; a container's would be a grant."""
    found = variables(spec(env={"NVIDIA_VISIBLE_DEVICES": "all"}))
    assert found["NVIDIA_VISIBLE_DEVICES"] == "void"


def test_devices_are_hidden_from_a_container_without_variables() -> None:
    container: dict[str, Any] = {"name": "rank"}
    hide_devices(container)
    assert container["env"] == [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}]


@pytest.mark.parametrize(
    ("fields", "ranks", "devices"),
    [
        ({"gpus": 4}, 4, ("0", "1", "2", "3")),
        ({"gpus": 2, "gpu_resource": "amd.com/gpu"}, 2, ("0", "1")),
        ({"gpus": 2, "gpu_resource": "nvidia.com/mig-1g.5gb"}, 2, None),
        ({"resources": {"nvidia.com/mig-1g.5gb": "3"}}, 3, None),
        ({"gpus": 1, "resources": {"nvidia.com/mig-1g.5gb": "1", "a.b/nic": "4"}}, 2, ("0",)),
        ({"gpus": 0}, 1, ()),
        ({}, 1, None),
    ],
)
def test_a_rank_for_each_gpu(
    fields: dict[str, Any], ranks: int, devices: tuple[str, ...] | None
) -> None:
    (agent,) = plan(job(roles={"worker": {"nproc": "gpu", **fields}})).agents
    assert (agent.nproc, agent.devices) == (ranks, devices)


def test_amounts_are_asked_for_by_the_clusters_names() -> None:
    asked = {"gpus": 2, "gpu_resource": "amd.com/gpu", "resources": {"a.b/nic": "1"}, "cpu": 0.5}
    found = rank(spec(asked))["resources"]
    assert found["limits"] == {"amd.com/gpu": "2", "a.b/nic": "1"}
    assert found["requests"] == {"amd.com/gpu": "2", "a.b/nic": "1", "cpu": "500m"}


# -- users

NUMBERS = ("runAsUser", "runAsGroup", "fsGroup")


@pytest.mark.parametrize(
    ("user", "facts", "numbers", "not_root"),
    [
        (None, None, (1000, 1000, 1000), True),
        (1234, None, (1234, 1234, 1234), True),
        ("12:34", None, (12, 34, 34), True),
        (0, None, (0, 0, 0), False),
        ("image", None, (None, None, 1000), None),
        (None, OPENSHIFT, (None, None, None), True),
        (1234, OPENSHIFT, (1234, 1234, 1234), True),
    ],
)
def test_who_pods_run_as(
    user: object, facts: Facts | None, numbers: tuple[int | None, ...], not_root: bool | None
) -> None:
    made = job(roles={"worker": {"user": user}})
    found = template(plan(made, "torch", *([facts] if facts else [])))["spec"]["securityContext"]
    assert tuple(found.get(key) for key in NUMBERS) == numbers
    assert found.get("runAsNonRoot") is not_root
    assert found["seccompProfile"] == {"type": "RuntimeDefault"}


# -- volumes


def test_shared_memory_has_no_size_of_its_own_unless_it_was_asked_for() -> None:
    for asked, size in (({}, None), ({"shm": "2Gi"}, "2Gi")):
        found = {one["name"]: one for one in spec(asked)["volumes"]}["rankzero-shm"]
        assert found["emptyDir"]["medium"] == "Memory"
        assert found["emptyDir"].get("sizeLimit") == size


def test_a_claim_that_is_mounted_twice_is_one_volume() -> None:
    volumes = {
        "a": {"claim": "c", "path": "/a"},
        "b": {"claim": "c", "path": "/b", "read_only": True},
        "d": {"claim": "e", "path": "/d"},
    }
    found = spec(volumes=volumes)
    theirs = [one for one in found["volumes"] if "persistentVolumeClaim" in one]
    mounts = {one["mountPath"]: one for one in rank(found)["volumeMounts"]}
    assert [one["name"] for one in theirs] == ["a", "d"]
    assert (mounts["/b"]["name"], mounts["/b"]["readOnly"]) == ("a", True)
    assert "readOnly" not in mounts["/a"]


def test_a_roles_volume_stands_for_the_jobs_of_the_same_name() -> None:
    own = {"volumes": {"v": {"claim": "roles", "path": "/v"}}}
    found = spec(own, volumes={"v": {"claim": "jobs", "path": "/v"}})
    claims = [one["persistentVolumeClaim"] for one in found["volumes"] if "persistent" in str(one)]
    assert claims == [{"claimName": "roles"}]


# -- machines


def test_every_node_of_a_placed_role_is_found_by_its_number_and_called_by_it() -> None:
    roles = {"chief": {}, "worker": {"nodes": nodes(3), "place": [{"m": at} for at in "abc"]}}
    made = plan(job(roles=roles))
    jobs = {one["metadata"]["name"]: one for one in objects(made, "Job")}
    placed = [jobs[f"job-7f3a-worker{end}"]["spec"] for end in ("", "-1", "-2")]

    assert [one["completions"] for one in placed] == [1, 1, 1]
    # Kubernetes numbers and names the pod of the first, which is an Indexed Job.
    assert placed[0]["completionMode"] == "Indexed"
    assert "hostname" not in placed[0]["template"]["spec"]
    for index, one in enumerate(placed[1:], 1):
        assert "completionMode" not in one
        assert one["template"]["metadata"]["labels"][names.INDEX] == str(index)
        assert one["template"]["spec"]["hostname"] == f"job-7f3a-worker-{index}"
        assert variables(one["template"]["spec"])["JOB_COMPLETION_INDEX"] == str(index)
    machines = [one["template"]["spec"]["nodeSelector"] for one in placed]
    assert machines == [{"m": "a"}, {"m": "b"}, {"m": "c"}]
    assert len({config.node for config in made.agents}) == 4


def test_where_the_coordinator_is_placed_its_job_is_still_the_first_and_the_last() -> None:
    made = plan(job(roles={"worker": {"nodes": nodes(2), "place": [{"m": "a"}, {"m": "b"}]}}))
    first, second = (one["spec"] for one in objects(made, "Job"))

    assert (first["suspend"], second["suspend"]) == (True, False)
    assert first["ttlSecondsAfterFinished"] == 86400
    assert "ttlSecondsAfterFinished" not in second
    assert first["completionMode"] == "Indexed", "only such a Job counts its pod's failures"


def test_the_longest_names_of_placed_nodes_are_host_names() -> None:
    role, name = "r" * LONGEST_ROLE, "n" * LONGEST_NAME
    run = f"{name}-7f3a"
    place = [{"m": "a"}] * 1200
    made = plan(job(name=name, roles={role: {"nodes": nodes(1200), "place": place}}), run=run)
    last = objects(made, "Job")[-1]

    assert LABEL.fullmatch(last["metadata"]["name"])
    assert last["spec"]["template"]["spec"]["hostname"] == f"{run}-{role}-1199"
    assert LABEL.fullmatch(names.host(run, role, 9999))


# -- the user's text


def test_nothing_of_the_users_is_taken_for_ours() -> None:
    labels = {names.PART: "coordinator", names.RUN: "another", "rankzero/x": "y", "team": "a"}
    made = plan(job(labels=labels, roles={"worker": {"labels": labels}, "ps": {}}))
    for one in made.manifests:
        found = one["metadata"]["labels"]
        assert found["team"] == "a"
        assert found[names.RUN] == "job-7f3a"
        assert "rankzero/x" not in found
    parts = [one["metadata"]["labels"].get(names.PART) for one in objects(made, "Job")]
    assert parts == ["coordinator", None]


def test_a_text_is_not_filled_in_on_the_way() -> None:
    """Kubernetes replaces `$(NAME)` in commands and in variables' values."""
    made = plan(job(python="$(HOME)/python", env={"A": "$(HOME)"}, args=("$(HOME)",)))
    found = rank(template(made)["spec"])
    assert found["command"][0] == "$$(HOME)/python"
    assert "A" not in variables(template(made)["spec"])


def test_the_coordinator_keeps_away_from_the_jobs_own_ports() -> None:
    ports = {"worker": {"nodes": nodes(2), "ports": {"a": 29400, "b": 29401}}}
    made = plan(job(roles=ports, torch={"port": 29402}))
    assert made.agents[0].listen == "0.0.0.0:29403"
    assert {agent.coordinator.rpartition(":")[2] for agent in made.agents} == {"29403"}


# -- what is laid over


def test_a_roles_overlay_comes_after_the_jobs() -> None:
    found = spec({"pod": {"dnsPolicy": "None"}}, pod={"dnsPolicy": "Default", "hostUsers": False})
    assert (found["dnsPolicy"], found["hostUsers"]) == ("None", False)
    assert rank(found)["image"] == "registry/torch:2"


# -- queues


def test_a_queue_holds_every_job_and_no_pod() -> None:
    label = {names.QUEUE: "q"}
    for made in (
        plan(job(queue="q", roles={"worker": {}, "ps": {}})),
        plan(job(labels=label, roles={"worker": {}, "ps": {}})),
    ):
        for one in objects(made, "Job"):
            assert one["metadata"]["labels"][names.QUEUE] == "q"
            assert one["spec"]["suspend"] is True
            assert names.QUEUE not in one["spec"]["template"]["metadata"]["labels"]
        assert any("queue q: Kueue starts it" in notice for notice in made.notices)
        assert any("its 2 Jobs are admitted one by one" in notice for notice in made.notices)
    alone = plan(job(queue="q")).notices
    assert not any("one by one" in notice for notice in alone)


def test_outputs_wait_as_long_as_was_asked() -> None:
    for asked, expect, linger in ((0.0, 0.0, 600.0), (7200.0, 7200.0, 7200.0)):
        limits = plan(job(keep_outputs=asked)).agents[0].limits
        assert (limits.expect, limits.linger) == (expect, linger)


# -- beyond the standard, which tests/unit/preflight holds to the real one

MORE = "more than Pod Security's restricted profile allows: "


def overlaid(**fields: Any) -> dict[str, Any]:
    return {"pod": {"containers": [{"name": "rank", **fields}]}}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"volumes": {"d": {"claim": "a", "path": "/d"}}}, None),
        ({"user": 1234}, None),
        ({"user": 0}, "runAsUser 0"),
        ({"user": "image"}, "a user that may be root"),
        ({"volumes": {"d": {"host_path": "/d", "path": "/d"}}}, "the hostPath volume d"),
        ({"volumes": {"d": {"nfs": "a:/b", "path": "/d"}}}, "the nfs volume d"),
        ({"pod": {"hostNetwork": True}}, "hostNetwork"),
        (overlaid(ports=[{"containerPort": 1, "hostPort": 2}]), "the host port 2"),
        (overlaid(securityContext={"capabilities": {"add": ["IPC_LOCK"]}}), "IPC_LOCK"),
        (overlaid(securityContext={"privileged": True}), "privileged"),
        ({"pod": {"initContainers": [{"name": "first", "image": "a"}]}}, "allowPrivilege"),
    ],
)
def test_what_is_more_than_restricted_is_named(fields: dict[str, Any], found: str | None) -> None:
    notices = plan(job(roles={"worker": fields})).notices
    assert len(notices) == (found is not None)
    assert all(notice.startswith(MORE) and str(found) in notice for notice in notices)


def test_where_only_some_roles_ask_for_it_they_are_named() -> None:
    roles = {"worker": {"user": 0}, "ps": {}}
    disk = {"d": {"host_path": "/d", "path": "/d"}}
    (notice,) = plan(job(roles=roles, volumes=disk)).notices
    assert notice.startswith(f"{MORE}the hostPath volume d, runAsUser 0 (of worker), ")


def test_one_rank_for_each_gpu_without_any_gpu_is_told() -> None:
    (notice,) = plan(job(roles={"worker": {"nproc": "gpu"}})).notices
    assert notice == "worker asks for no GPU, so each of its nodes has one rank: --gpus N"
    assert plan(job(roles={"worker": {"nproc": "gpu", "gpus": 2}})).notices == ()
    other = {"nproc": "gpu", "resources": {"rdma/hca": "1"}}
    assert plan(job(roles={"worker": other})).notices == (notice,)
