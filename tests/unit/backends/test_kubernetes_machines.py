"""Machines of a cluster as they are shown, and their labels."""

from __future__ import annotations

import io
from typing import Any

import pytest

from rankzero.backends.kubernetes.machines import labels, looking, reading
from rankzero.backends.kubernetes.machines.model import Devices
from rankzero.cli.show.machines import say_nodes
from rankzero.cli.show.terminal import screen
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import names
from support.apiserver import ApiServer

GPUS = {
    "nvidia.com/gpu": "8",
    "nvidia.com/mig-1g.5gb": "4",
    "cpu": "64",
    "memory": "512Gi",
    "ephemeral-storage": "1Ti",
}
H200 = {"nvidia.com/gpu.product": "NVIDIA-H200", "node-role.kubernetes.io/worker": ""}


def node(name: str, has: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    status = {
        "allocatable": has or {"cpu": "4", "memory": "8Gi"},
        "conditions": [{"type": "Ready", "status": "True"}],
        "nodeInfo": {"kubeletVersion": "v1.34.2", "architecture": "amd64"},
    }
    return {"metadata": {"name": name, "labels": H200}, "spec": spec, "status": status}


def pod(on: str, run: str = "", **requests: str) -> dict[str, Any]:
    asks = {key.replace("__", "/").replace("_", "."): one for key, one in requests.items()}
    container = {"name": "rank", "resources": {"requests": asks}}
    return {
        "metadata": {"name": "a", "labels": {names.RUN: run} if run else {}},
        "spec": {"nodeName": on, "containers": [container]},
        "status": {"phase": "Running"},
    }


def test_what_is_free_is_what_nobody_has_asked_for() -> None:
    running = [
        pod("b", "digits-1", cpu="2", nvidia_com__gpu="3"),
        pod("b", "digits-1", memory="1Gi"),
        pod("a"),
    ]
    first, second = reading.nodes([node("b", GPUS), node("a")], running)

    assert (first.name, second.name) == ("a", "b")
    assert (second.cpu, second.cpu_free) == (64, 62)
    assert second.memory_free == 511 * 1024**3
    assert second.devices == (
        Devices("nvidia.com/gpu", 8, 5, "NVIDIA-H200"),
        Devices("nvidia.com/mig-1g.5gb", 4, 4, "NVIDIA-H200"),
    )
    assert (second.pods, second.runs, second.roles) == (2, ("digits-1",), ("worker",))
    assert (first.pods, first.runs, first.devices) == (1, (), ())


def test_what_may_not_be_read_is_not_known() -> None:
    (found,) = reading.nodes([node("a", GPUS)], None)
    assert (found.cpu_free, found.pods) == (None, None)
    assert found.devices[0].free is None
    out = io.StringIO()
    say_nodes(screen(out, {}), [found], labels=True)
    assert "? of 64" in out.getvalue()
    assert "? of 8 free NVIDIA-H200; ? of 4 free NVIDIA-H200 (mig-1g.5gb)" in out.getvalue()
    assert "nvidia.com/gpu.product=NVIDIA-H200" in out.getvalue()
    assert "pods may not be listed" in out.getvalue()


def test_a_machine_that_takes_no_new_pods_says_so() -> None:
    taint = {"key": "dedicated", "value": "team", "effect": "NoSchedule"}
    (found,) = reading.nodes([node("a", unschedulable=True, taints=[taint])], [])
    assert found.states == ("ready", "no new pods")
    assert found.taints == ("dedicated=team:NoSchedule",)


def test_the_default_class_is_marked() -> None:
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    found = [{"metadata": {"name": "fast"}}, {"metadata": {"name": "auto", "annotations": mark}}]
    assert reading.classes(found) == ("auto*", "fast")


def test_labels_are_put_and_taken_away() -> None:
    found = labels.changes(["disk=fast", "team/gpu.kind=a", "old-", "none="])
    assert found == {"disk": "fast", "team/gpu.kind": "a", "old": None, "none": ""}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("disk", "KEY=VALUE"),
        ("di sk=fast", "its key has ' '"),
        ("disk=fa$t", r"its value has '\$'"),
        ("disk=-fast", "must begin and end"),
        ("=fast", "its key is empty"),
        ("team/=a", "its key is empty"),
        ("Team/a=b", "no name of a domain"),
        (f"disk={'a' * 64}", "64 characters, and may have 63"),
    ],
)
def test_what_can_be_no_label_is_told(word: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        labels.changes([word])
    with pytest.raises(BadRequest, match="said twice"):
        labels.changes(["a=1", "a-"])


# -- over the wire


@pytest.fixture
def machines(api: ApiServer) -> ApiServer:
    """Two of them, with a pod on one."""
    for name in ("a", "b"):
        made = node(name)
        api.put("Node", name, labels=H200, spec=made["spec"], status=made["status"])
    made = pod("b", "digits-1", cpu="1")
    labels = made["metadata"]["labels"]
    api.put("Pod", "digits-1-0", labels=labels, spec=made["spec"], status=made["status"])
    api.documents = {
        "/version": {"gitVersion": "v1.34.2"},
        "/apis": {"groups": [{"name": "kueue.x-k8s.io"}, {"name": "apps"}]},
    }
    api.put("StorageClass", "disk")
    return api


def test_a_cluster_is_shown_with_its_machines_and_what_is_installed(machines: ApiServer) -> None:
    found = looking.info(machines.cluster())

    assert (found.context, found.version, found.namespace) == ("lab", "v1.34.2", "team")
    assert (found.adds, found.classes, found.not_shown) == (("Kueue",), ("disk",), ())
    assert [(one.name, one.cpu_free, one.runs) for one in found.nodes or ()] == [
        ("a", 4.0, ()),
        ("b", 3.0, ("digits-1",)),
    ]


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ("GET Pod", "pods of other namespaces, so what is free is not known"),
        ("GET Node", "nodes, which a Role in one namespace cannot allow to list"),
        ("GET StorageClass", "storage classes"),
    ],
)
def test_what_may_not_be_read_of_a_cluster_is_named_and_nothing_else_is_missing(
    machines: ApiServer, refused: str, said: str
) -> None:
    machines.refuses[refused] = 403
    found = looking.info(machines.cluster())

    assert found.not_shown == (said,)
    assert (found.nodes is None) == (refused == "GET Node")
    assert (found.classes is None) == (refused == "GET StorageClass")
    free = [one.cpu_free for one in found.nodes or ()]
    assert (free == [None, None]) == (refused == "GET Pod")


@pytest.mark.parametrize("may_list", [True, False])
def test_labels_are_put_on_all_that_are_named_or_on_none(
    machines: ApiServer, may_list: bool
) -> None:
    there = set(machines.api.names("Node"))
    if not may_list:
        machines.closed = ("/nodes ",)
    with pytest.raises(BadRequest, match="there is no machine c in lab"):
        looking.label(machines.cluster(), ["a", "c"], {"gpu": "yes"})
    assert all("gpu" not in machines.api.one("Node", one)["metadata"]["labels"] for one in there)

    looking.label(machines.cluster(), ["a", "b"], {"gpu": "yes", "nvidia.com/gpu.product": None})
    for one in there:
        labels = machines.api.one("Node", one)["metadata"]["labels"]
        assert labels["gpu"] == "yes" and "nvidia.com/gpu.product" not in labels


def test_who_may_not_change_a_machine_is_not_sent_for_a_role(machines: ApiServer) -> None:
    """One in a namespace, which `doctor --rbac` prints, cannot give the right."""
    machines.refuses["PATCH Node"] = 403
    with pytest.raises(Refused, match="in the whole of lab") as caught:
        looking.label(machines.cluster(), ["a"], {"gpu": "yes"})
    assert "ClusterRole" in str(caught.value)
