"""A run's objects as a description: from what the API tells to rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from rankzero.agent.roster import Roster
from rankzero.backends.kubernetes import executing, telling
from rankzero.backends.kubernetes.happenings import together
from rankzero.backends.kubernetes.state import Found, seconds
from rankzero.backends.kubernetes.things import RunObjects
from rankzero.contracts.topology import Node, Settings, Topology
from rankzero.errors import Refused
from rankzero.plan.kubernetes import names

RUN = "digits-7f3a"
BORN = "2026-01-01T00:00:00Z"


def labels(index: int | None = None) -> dict[str, str]:
    found = {names.RUN: RUN, names.ROLE: "worker"}
    return found if index is None else {**found, names.INDEX: str(index)}


def pod(index: int, name: str = "x", **status: Any) -> Any:
    sources = [{"configMap": {"name": f"{RUN}-code-0"}}]
    return {
        "metadata": {
            "name": f"{RUN}-worker-{index}-{name}",
            "labels": labels(index),
            "creationTimestamp": BORN,
        },
        "spec": {
            "hostname": f"{RUN}-worker-{index}",
            "subdomain": RUN,
            "nodeName": f"node{index}",
            "containers": [{"image": "python:3", "resources": {"limits": {"memory": "1Gi"}}}],
            "volumes": [
                {"configMap": {"name": f"{RUN}-agent"}},
                {"secret": {"secretName": RUN}},
                {"projected": {"sources": sources}},
                {"persistentVolumeClaim": {"claimName": "data"}},
                {"emptyDir": {}},
            ],
        },
        "status": {"phase": "Running", "podIP": f"10.0.0.{index}", **status},
    }


PLAN = {"where": "lab/team", "framework": "plain", "nodes": [{"role": "worker", "index": 0}]}


def seen(said: Mapping[str, Any] = PLAN, **more: Any) -> RunObjects:
    """said: the run's plan."""
    job = {
        "metadata": {
            "name": f"{RUN}-worker",
            "labels": labels(),
            "creationTimestamp": BORN,
            "annotations": {names.PLAN: json.dumps(said)},
        },
        "spec": {"suspend": True},
        "status": {"active": 2, "failed": 1},
    }
    known: dict[str, Any] = {
        "found": Found(job, None),
        "jobs": [job],
        "pods": [pod(1), pod(0)],
        "services": None,
        "config_maps": None,
        "events": None,
        "roster": None,
        "not_shown": ("events: you may not",),
    }
    return RunObjects(**{**known, **more})


def event(of: str, message: str, second: int = 0, **more: Any) -> Any:
    return {
        "involvedObject": {"name": of},
        "message": message,
        "reason": "Pulled",
        "type": "Normal",
        "lastTimestamp": f"2026-01-01T00:00:{second:02d}Z",
        **more,
    }


def every(_: str) -> bool:
    return True


def test_what_may_not_be_read_is_known_by_its_name_from_what_pods_mount() -> None:
    found = telling.run(seen())

    assert [(one.kind, one.name, one.size) for one in found.objects] == [
        ("Job", f"{RUN}-worker", None),
        ("ConfigMap", f"{RUN}-agent", None),
        ("ConfigMap", f"{RUN}-code-0", None),
        ("PersistentVolumeClaim", "data", None),
        ("Secret", RUN, None),
        ("Service", RUN, None),
    ]
    assert found.objects[0].note == "2 active, 1 failed, suspended"
    assert [(one.name, one.kind) for one in found.services] == [(RUN, "headless")]
    assert found.not_shown == ("events: you may not",)


def test_what_may_be_read_has_an_age_and_a_size() -> None:
    meta = {"name": f"{RUN}-agent", "creationTimestamp": BORN}
    config_map = {"metadata": meta, "data": {"a": "äb"}, "binaryData": {"b": "AAEC", "c": "AA=="}}

    (found,) = [
        one for one in telling.run(seen(config_maps=[config_map])).objects if "agent" in one.name
    ]

    assert (found.created, found.size) == (seconds(BORN), 3 + 3 + 1)


def test_a_run_s_images_are_told_also_those_with_its_code() -> None:
    code = {"layers": {"images": [{"image": "lab/code@sha256:1"}, {"image": "lab/code@sha256:2"}]}}
    with_code = telling.run(seen({**PLAN, "image": "torch:2 (named)", "code": code})).facts
    assert with_code["image"] == "torch:2 (named)"
    assert with_code["image with the code"] == "lab/code@sha256:1, lab/code@sha256:2"
    without = telling.run(seen({**PLAN, "image": "torch:2", "code": {"layers": None}})).facts
    assert without["image"] == "torch:2" and "image with the code" not in without


def test_services_are_told_with_their_ports() -> None:
    def service(name: str, **spec: Any) -> Any:
        return {"metadata": {"name": name, "creationTimestamp": BORN}, "spec": spec}

    ports = [{"name": "web", "port": 80}, {"port": 443}]
    made = [
        service("a", clusterIP="None"),
        service("b", clusterIP="10.96.0.9", type="NodePort", ports=ports),
    ]
    first, second = telling.run(seen(services=made)).services

    assert tuple(first) == ("a", "headless", "", {})
    assert tuple(second) == ("b", "NodePort", "10.96.0.9", {"web": 80, "443": 443})


def test_every_rank_has_a_name_that_stays_and_its_ports() -> None:
    nodes = tuple(
        Node("worker", index, f"10.0.0.{index}", 2, (6000, 7000, 7001), {"board": 6006})
        for index in range(2)
    )
    roster = Roster(Topology(Settings(RUN, "plain"), 4, 0, nodes), 0)

    found = telling.run(seen(roster=roster))

    assert [(one.rank, one.node, one.name, one.port) for one in found.ranks] == [
        (0, "worker/0", f"{RUN}-worker-0.{RUN}", 7000),
        (1, "worker/0", f"{RUN}-worker-0.{RUN}", 7001),
        (2, "worker/1", f"{RUN}-worker-1.{RUN}", 7000),
        (3, "worker/1", f"{RUN}-worker-1.{RUN}", 7001),
    ]
    assert found.ranks[0].ports == {"board": 6006}
    assert (found.facts["generation"], found.facts["master"]) == ("4", "10.0.0.0:6000")
    assert [rank.rank for rank in telling.node(seen(roster=roster), "worker/1").ranks] == [2, 3]


def test_nodes_stand_in_order_with_what_is_wrong_with_them() -> None:
    waiting = [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]
    ended = [{"state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]
    pods = [
        pod(10, containerStatuses=waiting),
        pod(2, phase="Failed", reason="Evicted", containerStatuses=ended),
    ]
    pods[0]["metadata"]["deletionTimestamp"] = BORN

    found = telling.run(seen(pods=pods)).nodes

    assert [(one.node, one.note) for one in found] == [
        ("worker/2", "Evicted, OOMKilled (code 137)"),
        ("worker/10", f"ImagePullBackOff, terminating since {BORN}"),
    ]


def test_of_a_run_s_pods_only_conditions_that_are_bad_are_told() -> None:
    def conditions(**status: str) -> list[Any]:
        return [{"type": name, "status": value} for name, value in status.items()]

    pods = [
        pod(0, conditions=conditions(PodScheduled="True", Ready="True")),
        pod(1, phase="Pending", conditions=conditions(PodScheduled="False", Ready="False")),
        pod(2, phase="Failed", conditions=conditions(ContainersReady="False")),
    ]

    assert [(one.of, one.type) for one in telling.run(seen(pods=pods)).conditions] == [
        (f"{RUN}-worker-1-x", "PodScheduled")
    ]
    assert len(telling.node(seen(pods=pods), "worker/0").conditions) == 2


def test_a_node_without_a_pod_is_absent() -> None:
    found = telling.node(seen(pods=[]), "worker/0")

    assert (found.state, found.nodes, found.facts) == ("absent", (), {})


def test_the_same_event_of_several_pods_is_one_the_newest_last() -> None:
    found = together(
        [
            event("a", "late", 9, reason="Late"),
            event("pod-b", "pulled for pod-b", 3, count=2),
            event("pod-a", "pulled for pod-a", 1),
            event("pod-a", "pulled for pod-a", 5),
        ],
        every,
    )

    assert [(one.reason, one.count, one.of) for one in found] == [
        ("Pulled", 4, ("pod-b", "pod-a")),
        ("Late", 1, ("a",)),
    ]
    assert (found[0].time, found[0].message) == (
        seconds("2026-01-01T00:00:05Z"),
        "pulled for pod-a",
    )


def test_events_of_the_newer_kind_have_times_and_counts_too() -> None:
    series = {"count": 7, "lastObservedTime": "2026-01-01T00:00:08.123456Z"}
    found = together(
        [
            event("a", "one", lastTimestamp=None, eventTime="2026-01-01T00:00:02.5Z"),
            event("b", "two", lastTimestamp=None, series=series),
        ],
        every,
    )

    assert [(one.count, one.time - seconds(BORN)) for one in found] == [
        (1, pytest.approx(2.5)),
        (7, pytest.approx(8.123456)),
    ]


def test_only_events_of_the_run_s_own_objects_are_told() -> None:
    others = ["digits-7f3a-ps-0-x", "digits-7f3", "speech-02ab-worker-0-x", "node1"]
    mine = [RUN, f"{RUN}-worker", f"{RUN}-worker-3-gone"]
    events = [event(name, name) for name in (*others, *mine)]

    (found,) = telling.run(seen(events=events)).events

    assert found.of == tuple(mine)


def test_a_machine_has_its_taints_labels_and_our_pods() -> None:
    machine = {
        "metadata": {"name": "node1", "labels": {"gpu": "a100"}},
        "spec": {"taints": [{"key": "kept", "effect": "NoSchedule"}]},
        "status": {
            "allocatable": {"cpu": "2"},
            "conditions": [{"type": "Ready", "status": "Unknown"}],
        },
    }
    found = telling.machine(machine, [pod(1)], "lab", ())

    assert (found.kind, found.state, found.where) == ("machine", "not ready", "lab")
    assert found.facts == {
        "allocatable cpu": "2",
        "label gpu": "a100",
        "taints": "kept=:NoSchedule",
    }
    assert [one.node for one in found.nodes] == [f"{RUN} worker/1"]


def test_a_description_is_plain_data_for_programs() -> None:
    plain = telling.run(seen()).to_json()

    assert json.loads(json.dumps(plain)) == plain | {"not_shown": ["events: you may not"]}
    assert set(plain["objects"][0]) == {"kind", "name", "created", "size", "note"}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ({"status": "Success"}, 0),
        ({"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": "7"}]}}, 7),
    ],
)
def test_a_command_s_exit_code_is_in_the_status(status: Any, code: int) -> None:
    assert executing.exit_code(json.dumps(status).encode()) == code


@pytest.mark.parametrize("status", [b'{"status": "Failure", "message": "no such"}', b"no such"])
def test_a_command_that_never_began_is_an_error(status: bytes) -> None:
    with pytest.raises(Refused, match="could not run the command: no such"):
        executing.exit_code(status)
