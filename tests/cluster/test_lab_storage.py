"""The lab's volumes: one class for all nodes and modes, one for a single node."""

from __future__ import annotations

from .lab.kubectl import Kubectl
from .lab.manifests import claim, on_node, pod, with_volume
from .lab.places import VOLUMES
from .lab.storage import ONCE, STANDARD
from .lab.target import Cluster
from .lab.watching import event, holds, phase, succeeded

WRITE = "open('/data/told', 'w').write('by another')"
READ = "print(open('/data/told').read())"


def test_a_volume_is_written_on_one_node_and_read_on_another(
    kubectl: Kubectl, lab: Cluster
) -> None:
    kubectl.apply(
        claim("shared"), pod("w", lab.python, WRITE, **on_node(0), **with_volume("shared"))
    )
    succeeded(kubectl, "w")
    kubectl.apply(pod("r", lab.python, READ, **on_node(1), **with_volume("shared")))

    assert succeeded(kubectl, "r") == "by another\n"
    assert kubectl.get("pvc", "shared")["spec"]["storageClassName"] == STANDARD


def test_a_volume_is_removed_with_its_claim(kubectl: Kubectl, lab: Cluster) -> None:
    kubectl.apply(claim("brief"))
    holds("a bound claim", lambda: kubectl.get("pvc", "brief")["status"]["phase"] == "Bound")
    volume = kubectl.get("pvc", "brief")["spec"]["volumeName"]
    assert (VOLUMES / volume).is_dir()

    kubectl("delete", "pvc", "brief")
    holds("no volume", lambda: not kubectl.succeeds("get", "pv", volume))
    assert not (VOLUMES / volume).exists()


def test_the_class_for_one_node_refuses_many_writers_and_says_so(
    kubectl: Kubectl, lab: Cluster
) -> None:
    kubectl.apply(claim("many", storageClassName=ONCE))
    kubectl.apply(pod("user", lab.python, WRITE, **with_volume("many")))

    assert "class once has no ReadWriteMany" in event(kubectl, "many", "ProvisioningFailed")
    assert kubectl.get("pvc", "many")["status"]["phase"] == "Pending"
    assert kubectl.get("pod", "user")["status"]["phase"] == "Pending"


def test_the_class_for_one_node_ties_a_volume_to_its_first_pods_node(
    kubectl: Kubectl, lab: Cluster
) -> None:
    kubectl.apply(claim("disk", "ReadWriteOnce", storageClassName=ONCE))
    event(kubectl, "disk", "WaitForFirstConsumer")
    kubectl.apply(pod("first", lab.python, WRITE, **on_node(1), **with_volume("disk")))
    succeeded(kubectl, "first")
    kubectl.apply(pod("second", lab.python, READ, **with_volume("disk")))
    kubectl.apply(pod("elsewhere", lab.python, READ, **on_node(0), **with_volume("disk")))

    assert succeeded(kubectl, "second") == "by another\n"
    assert kubectl.get("pod", "second")["spec"]["nodeName"] == "node1"
    assert "PersistentVolume's node affinity" in event(kubectl, "elsewhere", "FailedScheduling")
    assert phase(kubectl, "elsewhere", "Pending")
