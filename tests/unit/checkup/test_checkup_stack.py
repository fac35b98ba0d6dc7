"""Driver, container runtime and device plugin, each by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from rankzero.backends.kubernetes.machines import reading
from rankzero.backends.kubernetes.machines.model import Node
from rankzero.doctor import stack
from rankzero.doctor.model import FINE, UNKNOWN, WARNING, Finding

GPUS = {"nvidia.com/gpu": "8"}
NVIDIA = {
    "nvidia.com/gpu.product": "NVIDIA-H200",
    "nvidia.com/cuda.driver.major": "580",
    "nvidia.com/cuda.driver.minor": "65",
    "nvidia.com/cuda.driver.rev": "06",
    "nvidia.com/cuda.runtime.major": "13",
    "nvidia.com/cuda.runtime.minor": "0",
}


def node(name: str, has: Mapping[str, str], labels: Mapping[str, str], runtime: str) -> Any:
    info = {"containerRuntimeVersion": runtime}
    return {
        "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": has, "nodeInfo": info},
    }


def nodes(*made: Any) -> tuple[Node, ...]:
    return reading.nodes(made, None)


def daemon(image: str, ready: int = 2, wanted: int = 2) -> dict[str, Any]:
    return {
        "metadata": {"name": "plugin", "namespace": "gpus"},
        "spec": {"template": {"spec": {"containers": [{"image": image}]}}},
        "status": {"numberReady": ready, "desiredNumberScheduled": wanted},
    }


BIG = node("big", GPUS, NVIDIA, "containerd://2.1.3")
SMALL = node("small", {"cpu": "4"}, {}, "cri-o://1.33")
PLUGIN = daemon("nvcr.io/nvidia/k8s-device-plugin:v0.17.1@sha256:0")


def found(
    of: Sequence[Node], daemons: Any = (), classes: Any = ()
) -> dict[str, tuple[str, str, str]]:
    told: list[Finding] = [*stack.findings(of, daemons, classes)]
    return {one.check: (one.verdict, one.said, one.remedy) for one in told}


def test_each_is_told_by_its_name() -> None:
    theirs = {"metadata": {"name": "nvidia"}, "handler": "nvidia"}
    told = found(nodes(BIG, SMALL), [daemon("coredns:1"), PLUGIN], [theirs])
    assert told["container runtime"][1] == "containerd 2.1.3 on 1 machine, cri-o 1.33 on 1 machine"
    assert told["GPUs"][:2] == (FINE, "8 nvidia.com/gpu")
    assert told["GPU driver"][1] == "NVIDIA 580.65.06 (CUDA 13.0) on 1 machine"
    assert told["device plugin"][:2] == (FINE, "NVIDIA device plugin v0.17.1 (2/2 ready)")
    assert told["runtime class"][1].startswith("nvidia, ")


def test_a_cluster_without_gpus_has_none_to_drive() -> None:
    assert set(found(nodes(SMALL))) == {"container runtime", "GPUs"}


def test_machines_that_have_gpus_and_offer_none_lack_the_plugin() -> None:
    told = found(nodes(node("big", {}, NVIDIA, "")))
    assert told["container runtime"][0] == UNKNOWN
    for check in ("GPUs", "device plugin"):
        verdict, _, remedy = told[check]
        assert (verdict, "device plugin" in remedy) == (WARNING, True)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("rocm/k8s-device-plugin", "AMD device plugin (2/2 ready)"),
        ("docker.io/intel/intel-gpu-plugin:0.34.0", "Intel device plugin 0.34.0 (2/2 ready)"),
        ("registry:5000/mirror/nvidia/k8s-device-plugin", "NVIDIA device plugin (2/2 ready)"),
        ("mine/own:1", "none that is known by its image; something offers the GPUs"),
    ],
)
def test_plugins_are_known_by_their_images(image: str, name: str) -> None:
    assert found(nodes(BIG), [daemon(image)])["device plugin"][:2] == (FINE, name)


def test_a_plugin_that_is_not_ready_everywhere_is_to_be_looked_at() -> None:
    broken = daemon("nvcr.io/nvidia/k8s-device-plugin:v1", ready=1)
    verdict, said, remedy = found(nodes(BIG), [broken])["device plugin"]
    assert (verdict, said) == (WARNING, "NVIDIA device plugin v1 (1/2 ready)")
    assert remedy == "Look at it: kubectl -n gpus describe daemonset plugin"


def test_what_may_not_be_read_is_not_judged() -> None:
    told = found(nodes(node("big", GPUS, {}, "")), None, None)
    for check in ("GPU driver", "device plugin", "runtime class"):
        assert told[check][0] == UNKNOWN, told[check]
