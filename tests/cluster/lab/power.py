"""Nodes switched off, as by a lost power supply, and on again; GPUs that they pretend to have."""

from __future__ import annotations

import json
from datetime import datetime

from . import namespaces, network
from .kubectl import admin
from .places import LOG, STATE, node_home, node_name
from .shell import LabError, until

GPU = "nvidia.com/gpu"
_GPUS = STATE / "gpus.json"


def switch_on(index: int) -> None:
    """Start a node's first process and plug it in; `until_ready` waits for the rest."""
    pid = namespaces.start(node_name(index), "_node", index)
    network.plug_in(index, pid)


def until_ready(index: int, since: float) -> None:
    """Wait until a node has said that it is ready, after a time (seconds since the epoch)."""
    name = node_name(index)

    def said() -> bool:
        namespaces.pid_of(name)  # raises where it has ended
        try:
            node = admin.get("node", name)
        except LabError:
            return False  # it has not joined, or the API server is just being restarted
        for condition in node["status"].get("conditions", []):
            if condition["type"] == "Ready" and condition["status"] == "True":
                return _time(condition["lastHeartbeatTime"]) >= int(since)
        return False

    until(f"{name} to be ready", said, 90, LOG / f"{name}-kubelet.log")


def off(index: int) -> None:
    """Switch a node off: everything on it is gone at once, and nobody is told."""
    _known(index)
    namespaces.end(node_name(index))


def on(index: int) -> None:
    """Switch a node on again, and wait until it is ready. Errors: LabError where it is on."""
    _known(index)
    if namespaces.runs(node_name(index)):
        raise LabError(f"{node_name(index)} is on already")
    began = datetime.now().timestamp()
    switch_on(index)
    until_ready(index, began)
    if count := _advertised().get(node_name(index)):
        _advertise(index, count)


def gpus(index: int, count: int) -> None:
    """Let a node say that it has so many GPUs. Pods are placed by them; there is no device."""
    _known(index)
    advertised = {**_advertised(), node_name(index): count}
    _GPUS.write_text(json.dumps(advertised))
    _advertise(index, count)


def _advertise(index: int, count: int) -> None:
    # Removed where there are none: a node without GPUs does not speak of them.
    told = {GPU: str(count) if count else None}
    patch = {"status": {"capacity": told, "allocatable": told}}
    how = ("--subresource=status", "--type=merge", "-p", json.dumps(patch))
    admin("patch", "node", node_name(index), *how)

    def taken() -> bool:
        given = admin.get("node", node_name(index))["status"]["allocatable"].get(GPU, "0")
        return int(given) == count

    until(f"{node_name(index)} to have {count} GPUs", taken, 30)


def _advertised() -> dict[str, int]:
    return dict(json.loads(_GPUS.read_text())) if _GPUS.exists() else {}


def _known(index: int) -> None:
    if not node_home(index).exists():
        raise LabError(f"the lab has no {node_name(index)}")


def _time(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
