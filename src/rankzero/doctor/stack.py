"""What stands between a GPU and a pod: driver, container runtime, device plugin. Each by its name,
since each is somebody else's to mend. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rankzero.doctor.model import FINE, UNKNOWN, WARNING, Finding
from rankzero.why.blocked import listed
from rankzero.why.words import count

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.machines.model import Node

Object = Mapping[str, Any]
AREA = "cluster"
#: Labels by which a machine says that it has GPUs, whether pods can ask for them or not.
_HAVE = ("nvidia.com/gpu.", "amd.com/gpu.", "gpu.intel.com/", "feature.node.kubernetes.io/pci-10de")
#: Labels with the driver's version: of gpu-feature-discovery, and of AMD's labeller.
_DRIVERS = (
    ("NVIDIA", ("nvidia.com/cuda.driver-version.full",)),
    ("NVIDIA", tuple(f"nvidia.com/cuda.driver.{part}" for part in ("major", "minor", "rev"))),
    ("AMD", ("amd.com/gpu.driver-version",)),
)
_CUDA = (
    ("nvidia.com/cuda.runtime-version.full",),
    ("nvidia.com/cuda.runtime.major", "nvidia.com/cuda.runtime.minor"),
)
#: What a DaemonSet's image is called, and what it is.
_PLUGINS = (
    (r"nvidia/k8s-device-plugin|nvidia-gpu-device-plugin", "NVIDIA device plugin"),
    (r"(rocm|amd\w*)/k8s-device-plugin", "AMD device plugin"),
    (r"intel-gpu-plugin", "Intel device plugin"),
    (r"k8s-vgpu|hami|gpushare", "a device plugin that shares GPUs"),
)
_INSTALL = "install the vendor's device plugin (NVIDIA: its k8s-device-plugin, or the GPU operator)"


def findings(
    nodes: Sequence[Node], daemons: Sequence[Object] | None, classes: Sequence[Object] | None
) -> Iterator[Finding]:
    """daemons, classes: the cluster's DaemonSets and RuntimeClasses; None where they may not be
    listed."""
    yield _runtime(nodes)
    yield _gpus(nodes)
    with_gpus = [node for node in nodes if node.devices or _says_so(node)]
    if with_gpus:
        yield _driver(with_gpus)
        yield _plugin(with_gpus, daemons)
        yield from _classes(with_gpus, classes)


def device(nodes: Sequence[Node]) -> str:
    """What a pod would ask for: a whole GPU before a part of one; empty where there is none."""
    there = sorted((one.is_part, one.resource) for node in nodes for one in node.devices)
    return there[0][1] if there else ""


def _says_so(node: Node) -> bool:
    return any(key.startswith(_HAVE) for key in node.labels)


def _runtime(nodes: Sequence[Node]) -> Finding:
    known = Counter(node.runtime.replace("://", " ") for node in nodes if node.runtime)
    said = ", ".join(
        name if len(known) == 1 else f"{name} on {count(number, 'machine')}"
        for name, number in sorted(known.items())
    )
    return Finding(AREA, "container runtime", FINE if said else UNKNOWN, said or "no machine tells")


def _gpus(nodes: Sequence[Node]) -> Finding:
    """What pods can ask for; and machines that say to have some, of which no pod can."""
    total: Counter[str] = Counter()
    for node in nodes:
        for one in node.devices:
            total[one.resource] += one.total
    bare = [node.name for node in nodes if not node.devices and _says_so(node)]
    if bare:
        said = f"{listed(bare)} have some by their labels, and offer none to pods"
        return Finding(AREA, "GPUs", WARNING, said, _INSTALL)
    said = ", ".join(f"{number} {name}" for name, number in sorted(total.items()))
    return Finding(AREA, "GPUs", FINE, said or "no machine offers any")


def _driver(nodes: Sequence[Node]) -> Finding:
    known = Counter(filter(None, map(_driver_of, nodes)))
    silent = [node.name for node in nodes if not _driver_of(node)]
    if not known:
        said = "no label tells it (gpu-feature-discovery would)"
        return Finding(AREA, "GPU driver", UNKNOWN, said, "Ask from inside a pod: --pods")
    said = ", ".join(f"{name} on {count(number, 'machine')}" for name, number in known.items())
    if silent:
        said += f"; not told by {listed(silent)}"
    return Finding(AREA, "GPU driver", FINE, said)


def _driver_of(node: Node) -> str:
    for vendor, keys in _DRIVERS:
        if version := _joined(node, keys):
            cuda = next(filter(None, (_joined(node, one) for one in _CUDA)), "")
            return f"{vendor} {version}" + (f" (CUDA {cuda})" if cuda else "")
    return ""


def _joined(node: Node, keys: Sequence[str]) -> str:
    """Of labels that together are one version, all that are there after the first."""
    return ".".join(node.labels[key] for key in keys if node.labels.get(key))


def _plugin(nodes: Sequence[Node], daemons: Sequence[Object] | None) -> Finding:
    offered = any(node.devices for node in nodes)
    if daemons is None:
        said = "DaemonSets of other namespaces may not be listed"
        return Finding(AREA, "device plugin", UNKNOWN, said)
    found = [(name, one) for one in daemons if (name := _known(one))]
    if not found:
        said = "none that is known by its image"
        if offered:
            return Finding(AREA, "device plugin", FINE, f"{said}; something offers the GPUs")
        return Finding(AREA, "device plugin", WARNING, said, _INSTALL)
    words = [" ".join((name, *_version(one), f"({_ready(one)} ready)")) for name, one in found]
    lame = next((one for _, one in found if not _whole(one)), None)
    if lame is None:
        return Finding(AREA, "device plugin", FINE, ", ".join(words))
    meta = lame["metadata"]
    remedy = f"Look at it: kubectl -n {meta['namespace']} describe daemonset {meta['name']}"
    return Finding(AREA, "device plugin", WARNING, ", ".join(words), remedy)


def _known(daemon: Object) -> str:
    images = " ".join(_images(daemon))
    return next((name for words, name in _PLUGINS if re.search(words, images)), "")


def _images(daemon: Object) -> list[str]:
    return [str(one.get("image")) for one in daemon["spec"]["template"]["spec"]["containers"]]


def _version(daemon: Object) -> tuple[str, ...]:
    """Its image's tag, where it has one."""
    for image in _images(daemon):
        if any(re.search(words, image) for words, _ in _PLUGINS):
            name = image.partition("@")[0].rpartition("/")[2]
            return tuple(filter(None, [name.partition(":")[2]]))
    return ()


def _ready(daemon: Object) -> str:
    status = daemon.get("status", {})
    return f"{status.get('numberReady', 0)}/{status.get('desiredNumberScheduled', 0)}"


def _whole(daemon: Object) -> bool:
    ready, _, wanted = _ready(daemon).partition("/")
    return ready == wanted


def _classes(nodes: Sequence[Node], classes: Sequence[Object] | None) -> Iterator[Finding]:
    """NVIDIA's own: whether a pod has to name it, nobody but a pod can tell."""
    if not any(one.resource.startswith("nvidia.com/") for node in nodes for one in node.devices):
        return
    if classes is None:
        yield Finding(AREA, "runtime class", UNKNOWN, "RuntimeClasses may not be listed")
        return
    theirs = [one["metadata"]["name"] for one in classes if "nvidia" in str(one.get("handler"))]
    if theirs:
        said = f"{', '.join(theirs)}, for pods that see no device without (runtimeClassName)"
    else:
        said = "none of NVIDIA's, so its runtime has to be the machines' default"
    yield Finding(AREA, "runtime class", FINE, said)
