"""The lab's nodes: labels, taints, GPUs that are not there, and the power switch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .lab import namespaces, power
from .lab.kubectl import Kubectl
from .lab.manifests import FOREVER, Object, on_node, pod
from .lab.target import Cluster
from .lab.watching import event, holds, phase, succeeded

pytestmark = pytest.mark.alone

NODE = "node1"


@pytest.fixture
def clean_node(lab: Cluster) -> Iterator[None]:
    """node1, which is afterwards as it was: on, and without marks."""
    yield
    if not namespaces.runs(NODE):
        power.on(1)
    lab.kubectl("label", "node", NODE, "rank-")
    lab.kubectl("taint", "node", NODE, "kept-", "--overwrite") if _tainted(lab) else None
    power.gpus(1, 0)


def _tainted(lab: Cluster) -> bool:
    taints = lab.kubectl.get("node", NODE)["spec"].get("taints", [])
    return any(taint["key"] == "kept" for taint in taints)


def gpus(count: int) -> Object:
    return {"container": {"resources": {"limits": {power.GPU: str(count)}}}}


@pytest.mark.usefixtures("clean_node")
def test_a_pod_goes_where_the_label_is_and_where_no_taint_keeps_it_away(
    kubectl: Kubectl, lab: Cluster
) -> None:
    kubectl("label", "node", NODE, "rank=0")
    kubectl("taint", "node", NODE, "kept=yes:NoSchedule")
    labelled = {"nodeSelector": {"rank": "0"}}
    kubectl.apply(pod("kept-away", lab.python, "print()", **labelled))
    tolerated: Object = {"tolerations": [{"key": "kept", "operator": "Exists"}]}
    kubectl.apply(pod("let-in", lab.python, "print('in')", **labelled, **tolerated))

    assert succeeded(kubectl, "let-in") == "in\n"
    assert kubectl.get("pod", "let-in")["spec"]["nodeName"] == NODE
    assert "untolerated taint" in event(kubectl, "kept-away", "FailedScheduling")


@pytest.mark.usefixtures("clean_node")
def test_gpus_are_counted_as_if_they_were_there(kubectl: Kubectl, lab: Cluster) -> None:
    power.gpus(1, 2)
    kubectl.apply(pod("both", lab.python, FOREVER, **gpus(2)))
    phase(kubectl, "both", "Running")
    kubectl.apply(pod("third", lab.python, "print('now')", **gpus(1)))

    assert kubectl.get("pod", "both")["spec"]["nodeName"] == NODE
    assert f"Insufficient {power.GPU}" in event(kubectl, "third", "FailedScheduling")
    kubectl("delete", "pod", "both")
    assert succeeded(kubectl, "third") == "now\n"


@pytest.mark.usefixtures("clean_node")
def test_a_node_without_power_is_lost_and_comes_back(kubectl: Kubectl, lab: Cluster) -> None:
    def ready() -> str:
        found = kubectl.get("node", NODE)["status"]["conditions"]
        return str(next(one["status"] for one in found if one["type"] == "Ready"))

    power.gpus(1, 3)
    kubectl.apply(pod("there", lab.python, FOREVER, **on_node(1)))
    phase(kubectl, "there", "Running")
    power.off(1)
    holds("the node to be lost", lambda: ready() == "Unknown")
    power.on(1)

    assert ready() == "True"
    assert kubectl.get("node", NODE)["status"]["allocatable"][power.GPU] == "3"
    phase(kubectl, "there", "Failed")  # it ended with the node, and is not restarted
    kubectl.apply(pod("again", lab.python, "print('again')", **on_node(1)))
    assert succeeded(kubectl, "again") == "again\n"
