"""k3d: k3s in containers of Docker's."""

from __future__ import annotations

from typing import Any

from rankzero.clusters.tool import Step, Tool
from rankzero.clusters.wanted import Wanted


def _config(wanted: Wanted) -> str:
    import yaml

    made: dict[str, Any] = {
        "apiVersion": "k3d.io/v1alpha5",
        "kind": "Simple",
        "metadata": {"name": wanted.name},
        "servers": wanted.control_planes,
        "agents": wanted.nodes,
    }
    if wanted.version:
        made["image"] = f"rancher/k3s:v{wanted.version.removeprefix('v')}-k3s1"
    if wanted.host_ports:
        made["ports"] = [
            {"port": f"{one.host}:{one.node}", "nodeFilters": ["server:0"]}
            for one in wanted.host_ports
        ]
    if wanted.registry is not None:
        made["registries"] = {
            "create": {
                "name": f"{wanted.name}-registry",
                "host": "127.0.0.1",
                "hostPort": str(wanted.registry),
            }
        }
    if wanted.gpus:
        made["options"] = {"runtime": {"gpuRequest": "all"}}
    return str(yaml.safe_dump(made, sort_keys=False))


def _create(wanted: Wanted) -> list[Step]:
    return [Step(["k3d", "cluster", "create", "--config", "-", "--wait"], _config(wanted))]


def _delete(name: str) -> list[Step]:
    return [Step(["k3d", "cluster", "delete", name])]


def _fault(wanted: Wanted) -> str:
    return ""


K3D = Tool("k3d", "https://k3d.io", lambda name: f"k3d-{name}", _fault, _create, _delete)
