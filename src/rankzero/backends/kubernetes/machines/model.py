"""What is shown of a cluster and its machines. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Devices(NamedTuple):
    """GPUs of one kind on a machine. resource: what a pod asks for: `nvidia.com/gpu`,
    `nvidia.com/mig-1g.5gb`. free: None where it is not known. model: as the vendor's labels say."""

    resource: str
    total: int
    free: int | None
    model: str = ""

    @property
    def is_part(self) -> bool:
        """Whether each is a part of a GPU."""
        return "/mig-" in self.resource


class Node(NamedTuple):
    """A machine of the cluster. states: `ready`, `not ready`, `no new pods`. roles: as kubectl
    tells them. version, runtime: of the kubelet, and of what runs containers. cpu, memory: what
    pods may have, and what of it is free, None where it is not known; memory in bytes. runs:
    rankzero's runs and services that have pods there."""

    name: str
    states: tuple[str, ...]
    roles: tuple[str, ...]
    version: str
    runtime: str
    architecture: str
    cpu: float
    cpu_free: float | None
    memory: float
    memory_free: float | None
    devices: tuple[Devices, ...]
    labels: Mapping[str, str]
    taints: tuple[str, ...]
    pods: int | None
    runs: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `rankzero cluster nodes --help` tells it."""
        made = {**self._asdict(), "labels": dict(self.labels)}
        made["devices"] = [one._asdict() for one in self.devices]
        return made


class Cluster(NamedTuple):
    """A cluster as one user sees it. nodes: None where they may not be read. classes: of storage,
    the default one marked with `*`; adds: what is installed in it that rankzero uses. not_shown:
    what may not be read."""

    context: str
    server: str
    version: str
    namespace: str
    nodes: tuple[Node, ...] | None
    classes: tuple[str, ...] | None
    adds: tuple[str, ...]
    not_shown: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `rankzero cluster info --help` tells it."""
        nodes = None if self.nodes is None else [one.to_json() for one in self.nodes]
        return {**self._asdict(), "nodes": nodes}
