"""Nodes and pods of the API as machines. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rankzero.backends.kubernetes import reading
from rankzero.backends.kubernetes.machines.model import Devices, Node
from rankzero.plan.kubernetes import names
from rankzero.why.amounts import number
from rankzero.why.seen import Machine

Object = Mapping[str, Any]
_ROLE = "node-role.kubernetes.io/"
#: Labels with which vendors' own discovery tells what kind of GPU there is.
_MODELS = {
    "nvidia.com": "nvidia.com/gpu.product",
    "amd.com": "amd.com/gpu.product-name",
    "gpu.intel.com": "gpu.intel.com/product",
}


def nodes(items: Sequence[Object], running: Sequence[Object] | None) -> tuple[Node, ...]:
    """By name. running: the pods of the cluster that have not ended, None where they may not be
    read."""
    machines = {one.name: one for one in reading.machines(items, running)}
    there = _by_machine(running)
    made = (_node(item, machines[_name(item)], there) for item in items)
    return tuple(sorted(made, key=lambda node: node.name))


def devices(machine: Machine) -> tuple[Devices, ...]:
    """What of its resources are GPUs, or parts of them."""
    found = []
    for resource, text in machine.has.items():
        vendor, slash, kind = resource.partition("/")
        total = int(number(text))
        if not slash or not total or not (kind.startswith("mig-") or "gpu" in resource):
            continue
        free = None if machine.free is None else int(machine.free[resource])
        model = machine.labels.get(_MODELS.get(vendor, ""), "")
        found.append(Devices(resource, total, free, model))
    return tuple(sorted(found))


def _node(item: Object, machine: Machine, there: Mapping[str, Sequence[Object]] | None) -> Node:
    info = item.get("status", {}).get("nodeInfo", {})
    mine = [] if there is None else there.get(machine.name, [])
    free = machine.free
    return Node(
        name=machine.name,
        states=_states(item, machine),
        roles=tuple(
            sorted(key.removeprefix(_ROLE) for key in machine.labels if key.startswith(_ROLE))
        ),
        version=str(info.get("kubeletVersion", "")),
        runtime=str(info.get("containerRuntimeVersion", "")),
        architecture=str(info.get("architecture", "")),
        cpu=number(machine.has.get("cpu", "0")),
        cpu_free=None if free is None else free.get("cpu", 0.0),
        memory=number(machine.has.get("memory", "0")),
        memory_free=None if free is None else free.get("memory", 0.0),
        devices=devices(machine),
        labels=machine.labels,
        taints=tuple(_taint(*one) for one in machine.taints),
        pods=None if there is None else len(mine),
        runs=tuple(sorted(set(filter(None, map(_ours, mine))))),
    )


def _states(item: Object, machine: Machine) -> tuple[str, ...]:
    closed = ("no new pods",) if item.get("spec", {}).get("unschedulable") else ()
    return ("ready" if machine.ready else "not ready", *closed)


def _taint(key: str, value: str, effect: str) -> str:
    return f"{key}={value}:{effect}" if value else f"{key}:{effect}"


def _by_machine(running: Sequence[Object] | None) -> dict[str, list[Object]] | None:
    if running is None:
        return None
    found: dict[str, list[Object]] = {}
    for pod in running:
        found.setdefault(str(pod.get("spec", {}).get("nodeName") or ""), []).append(pod)
    return found


def _ours(pod: Object) -> str:
    """The run, or the service, that a pod is of."""
    labels: Mapping[str, str] = pod["metadata"].get("labels") or {}
    return labels.get(names.RUN) or labels.get(names.SERVICE) or ""


def _name(item: Object) -> str:
    return str(item["metadata"]["name"])


def classes(items: Iterable[Object]) -> tuple[str, ...]:
    """Names of storage classes, the default one with a `*` after it."""
    mark = "storageclass.kubernetes.io/is-default-class"
    return tuple(
        _name(item) + "*" * ((item["metadata"].get("annotations") or {}).get(mark) == "true")
        for item in sorted(items, key=_name)
    )
