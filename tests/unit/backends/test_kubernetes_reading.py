"""The API's objects as what causes look at: fragments as a real API server wrote them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from rankzero.backends.kubernetes import looking, reading, shapes
from rankzero.why.seen import ABSENT, Ended, Said, Toleration

LABELS = {
    "rankzero/run": "train-1",
    "rankzero/role": "worker",
    "batch.kubernetes.io/job-completion-index": "1",
}
BORN = "2026-11-22T21:38:44Z"


def item(name: str = "train-1-worker-1-x", **parts: Any) -> dict[str, Any]:
    meta = {"name": name, "labels": LABELS, "creationTimestamp": BORN, **parts.pop("meta", {})}
    return {"metadata": meta, "spec": {}, "status": {}, **parts}


def status(state: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**fields, "containerStatuses": [{"name": "rank", "state": state}]}


def job(completions: int = 2, **fields: Any) -> dict[str, Any]:
    meta = {"name": "train-1-worker", "labels": LABELS, **fields.pop("meta", {})}
    return {
        "metadata": meta,
        "spec": {"completions": completions, **fields.pop("spec", {})},
        "status": fields,
    }


def event(about: str, reason: str, kind: str = "Pod", **fields: Any) -> dict[str, Any]:
    involved = {"kind": kind, "name": about}
    return {"involvedObject": involved, "reason": reason, "message": f" {reason}! ", **fields}


def test_a_pod_that_has_nothing_yet_is_its_node():
    found = reading.pod(item())
    assert (found.node, found.phase, found.born) == ("worker/1", "Pending", 1795383524.0)
    assert not found.running
    assert not found.over


def test_what_the_scheduler_says_is_in_a_condition():
    said = "0/2 nodes are available: 2 Insufficient cpu."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    one = item(status={"conditions": [{**condition, "message": said}]})
    assert reading.pod(one).unplaced == said
    gated = {**condition, "reason": "SchedulingGated", "message": "gates"}
    held = reading.pod(item(status={"conditions": [gated]}))
    assert (held.unplaced, held.gated) == ("", "gates")
    placed = {**condition, "status": "True", "message": said}
    assert reading.pod(item(status={"conditions": [placed]})).unplaced == ""


def test_a_container_that_waits_says_why():
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "not found\n"}}
    found = reading.pod(item(status=status(waiting, phase="Pending"), spec={"nodeName": "node0"}))
    assert (found.waiting, found.detail, found.machine) == ("ErrImagePull", "not found", "node0")


def test_a_container_that_runs_and_one_that_has_ended():
    running = reading.pod(item(status=status({"running": {"startedAt": BORN}}, phase="Running")))
    assert running.running
    assert running.began == 1795383524.0
    words = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": BORN, "startedAt": BORN}
    ended = reading.pod(item(status=status({"terminated": words}, phase="Failed")))
    assert ended.ended == Ended("OOMKilled", 137, "", 1795383524.0)
    assert ended.over


def test_a_container_that_never_began_did_not_begin_in_1970():
    words = {"exitCode": 128, "reason": "StartError", "startedAt": "1970-01-01T00:00:00Z"}
    assert reading.pod(item(status=status({"terminated": words}))).began is None


def test_the_rank_s_container_is_told_from_an_overlay_s():
    containers = [
        {"name": "proxy", "state": {"running": {"startedAt": BORN}}},
        {"name": "rank", "state": {"waiting": {"reason": "ImagePullBackOff"}}},
    ]
    spec = {"containers": [{"name": "proxy", "image": "p"}, {"name": "rank", "image": "r"}]}
    found = reading.pod(item(status={"containerStatuses": containers}, spec=spec))
    assert (found.waiting, found.image) == ("ImagePullBackOff", "r")


def test_a_pod_on_a_machine_that_was_given_up_counts_as_running_no_more():
    taken = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByTaintManager",
        "message": "Taint manager",
    }
    state = status({"running": {"startedAt": BORN}}, phase="Running", conditions=[taken])
    found = reading.pod(item(status=state, meta={"deletionTimestamp": BORN}))
    assert found.disrupted == "DeletionByTaintManager: Taint manager"
    assert not found.running


def test_what_a_pod_asks_for_is_the_sum_of_its_containers():
    def container(cpu: str) -> dict[str, Any]:
        return {"name": cpu, "resources": {"requests": {"cpu": cpu}, "limits": {"memory": "1Gi"}}}

    alone = reading.pod(item(spec={"containers": [container("500m")]}))
    assert (dict(alone.requests), dict(alone.limits)) == ({"cpu": "500m"}, {"memory": "1Gi"})
    both = reading.pod(item(spec={"containers": [container("500m"), container("1")]}))
    assert dict(both.requests) == {"cpu": "1.5"}


def test_what_a_pod_puts_up_with_and_which_volumes_it_wants():
    spec = {
        "tolerations": [
            {"key": "kept", "operator": "Exists", "effect": "NoExecute"},
            {"key": "gpu", "value": "a100"},
        ],
        "volumes": [
            {"name": "a", "emptyDir": {}},
            {"persistentVolumeClaim": {"claimName": "data"}},
        ],
        "nodeSelector": {"gpu": "a100"},
    }
    found = reading.pod(item(spec=spec))
    assert found.tolerations == (Toleration("kept", None, "NoExecute"), Toleration("gpu", "a100"))
    assert (found.claims, dict(found.selector)) == (("data",), {"gpu": "a100"})


def test_events_come_oldest_first_by_whichever_time_they_have():
    series = {"series": {"lastObservedTime": "2026-11-22T21:38:50.5Z"}, "eventTime": BORN}
    items = [
        event("p", "Third", **series),
        event("p", "Second", lastTimestamp="2026-11-22T21:38:45Z"),
        event("p", "First", firstTimestamp=BORN),
        event("j", "Other", kind="Job"),
    ]
    heard = reading.events(items)
    assert [one.reason for one in heard["Pod", "p"]] == ["First", "Second", "Third"]
    assert heard["Pod", "p"][2] == Said("Third", "Third!", 1795383530.5)
    assert heard["Job", "j"][0].time == 0.0


def test_nodes_without_a_pod_are_there_with_what_is_left_of_them():
    heard = reading.events(
        [
            event("train-1-worker-0-abcde", "Failed"),
            event("train-1-worker-10-abcde", "Failed"),
            event("train-10-worker-0-abcde", "Failed"),
        ]
    )
    found = reading.pods([item()], heard, [job(completions=3)])
    assert [(pod.node, pod.phase, len(pod.said)) for pod in found] == [
        ("worker/0", ABSENT, 1),
        ("worker/2", ABSENT, 0),
        ("worker/1", "Pending", 0),
    ]


def test_of_several_pods_of_a_node_the_newest_is_last():
    older = item("older", meta={"creationTimestamp": "2026-11-22T21:00:00Z"})
    found = reading.pods([item("newer"), older], {})
    assert [pod.name for pod in found] == ["older", "newer"]


def test_a_job_that_is_held_and_one_that_failed():
    queue = {"labels": {**LABELS, "kueue.x-k8s.io/queue-name": "team-a"}}
    held = reading.job(job(spec={"suspend": True}, meta=queue))
    assert (held.role, held.held, held.queue, held.failed) == ("worker", True, "team-a", None)
    condition = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "m"}
    assert reading.job(job(conditions=[condition])).failed == Ended("DeadlineExceeded", None, "m")


def test_what_a_queue_says_is_said_of_the_workload_that_it_makes_of_a_job():
    names = ("job-train-1-worker-0a1b2", "job-train-1-worker-1-0a1b2", "job-train-1-ps-0a1b2")
    heard = reading.events(
        [
            *(event(name, "Pending", kind="Workload") for name in names),
            event("train-1-worker", "CreatedWorkload", kind="Job"),
            event("job-train-1-worker-0a1b2", "Failed"),
        ]
    )
    said = reading.of_job("train-1-worker", heard)
    assert sorted(one.reason for one in said) == ["CreatedWorkload", "Pending"]
    (told,) = looking.gather([], [job()], heard, ()).jobs
    assert told.said == said


def machine_item() -> dict[str, Any]:
    return {
        "metadata": {"name": "gpu-01", "labels": {"kubernetes.io/arch": "amd64"}},
        "spec": {"taints": [{"key": "kept", "value": "yes", "effect": "NoSchedule"}]},
        "status": {
            "allocatable": {"cpu": "4", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def test_a_machine_has_left_what_its_pods_do_not_ask_for():
    def running(phase: str, cpu: str) -> dict[str, Any]:
        container = {"name": "c", "resources": {"requests": {"cpu": cpu}}}
        spec = {"nodeName": "gpu-01", "containers": [container]}
        return item(spec=spec, status={"phase": phase})

    pods = [running("Running", "1500m"), running("Pending", "1"), running("Succeeded", "3")]
    (found,) = reading.machines([machine_item()], pods)
    assert found.free == {"cpu": 1.5, "pods": 108.0}
    assert (found.ready, found.taints) == (True, (("kept", "yes", "NoSchedule"),))
    (unknown,) = reading.machines([machine_item()], None)
    assert unknown.free is None


def test_policies_are_those_that_hold_for_the_run_s_pods():
    def policy(name: str, labels: dict[str, str]) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": {"podSelector": {"matchLabels": labels}}}

    items = [
        policy("all", {}),
        policy("ours", {"rankzero/run": "train-1"}),
        policy("theirs", {"rankzero/run": "train-2"}),
        policy("perhaps", {"team": "a"}),
    ]
    assert reading.policies(items, "train-1") == ("all", "ours", "perhaps")


def test_claims_have_what_was_said_of_them():
    heard = reading.events([event("data", "ProvisioningFailed", kind="PersistentVolumeClaim")])
    claim = {
        "metadata": {"name": "data"},
        "spec": {"storageClassName": "once"},
        "status": {"phase": "Pending"},
    }
    (found,) = reading.claims([claim], heard)
    assert (found.name, found.phase, found.kind) == ("data", "Pending", "once")
    assert found.said[0].reason == "ProvisioningFailed"


def test_an_agent_s_own_words_are_told_from_every_other_line():
    words = (
        b'[rankzero] {"unreachable":{"kind":"name","address":"a-0.a:29400",'
        b'"reason":"cannot look up","time":12.5}}'
    )
    told = looking.read_told(words)
    assert told is not None
    assert (told.kind, told.address, told.time) == ("name", "a-0.a:29400", 12.5)
    for other in (
        b"[0] a rank's line",
        b'[0] {"unreachable":{}}',
        b"[rankzero] rank 3, generation 1, byte 0, log 5f",
        b'[rankzero] {"seq":1,"time":2.0,"kind":"waiting"}',
        b'[rankzero] {"unreachable":{"kind":"name"}}',
        b"",
    ):
        assert looking.read_told(other) is None


WHOLE = {
    "spec": {
        "nodeName": "node0",
        "nodeSelector": {"gpu": "a100"},
        "tolerations": [{"key": "kept", "operator": "Exists", "tolerationSeconds": 30}],
        "containers": [
            {
                "name": "rank",
                "image": "i",
                "command": ["python3"],
                "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
            }
        ],
        "volumes": [
            {"name": "own", "emptyDir": {"medium": "Memory"}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}},
        ],
    },
    "status": status(
        {"waiting": {"reason": "ErrImagePull", "message": "not found"}},
        phase="Pending",
        podIPs=[{"ip": "10.0.0.1"}],
        conditions=[
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "m"},
            {"type": "DisruptionTarget", "status": "True", "reason": "r", "message": "m"},
        ],
    ),
}


def test_the_fields_that_are_read_of_thousands_are_all_that_causes_look_at():
    whole = item(**WHOLE)
    text = json.dumps({"items": [whole]}).encode()
    (short,) = msgspec.json.decode(text, type=shapes.AskedPods)["items"]
    assert reading.pod(short) == reading.pod(whole)
    assert short["spec"]["volumes"][0] == {}, "the rest is skipped"


def test_so_are_those_of_events_and_jobs():
    series = {"lastObservedTime": "2026-11-22T21:38:50Z", "count": 2}
    said = event("p", "Failed", eventTime=BORN, lastTimestamp=None, series=series, count=3)
    text = json.dumps({"items": [said]}).encode()
    assert reading.events(msgspec.json.decode(text, type=shapes.Events)["items"]) == (
        reading.events([said])
    )
    condition = {"type": "Failed", "status": "True", "reason": "r", "message": "m"}
    whole = job(spec={"suspend": True}, conditions=[condition])
    text = json.dumps({"items": [whole]}).encode()
    (short,) = msgspec.json.decode(text, type=shapes.Jobs)["items"]
    assert reading.job(short) == reading.job(whole)


def test_the_keys_that_variables_want_are_known_by_their_object():
    wants = [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "user"}}},
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "more", "key": "k"}}},
        {"name": "D", "value": "plain"},
        {"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    found = reading.pod(item(spec={"containers": [{"name": "rank", "env": wants}]}))
    assert found.keys == {"hub": ("token", "user"), "more": ("k",)}
