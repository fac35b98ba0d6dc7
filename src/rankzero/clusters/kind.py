"""kind: nodes are containers of Docker's, or Podman's."""

from __future__ import annotations

from typing import Any

from rankzero.clusters.tool import Step, Tool, label, without_registry
from rankzero.clusters.wanted import Wanted

_CERTS = "/etc/containerd/certs.d"


def _config(wanted: Wanted) -> str:
    import yaml

    ports = [{"containerPort": one.node, "hostPort": one.host} for one in wanted.host_ports]
    nodes: list[dict[str, Any]] = [{"role": "control-plane"} for _ in range(wanted.control_planes)]
    if ports:
        nodes[0]["extraPortMappings"] = ports
    nodes += [{"role": "worker"} for _ in range(wanted.nodes)]
    if wanted.version:
        image = f"kindest/node:v{wanted.version.removeprefix('v')}"
        nodes = [{**node, "image": image} for node in nodes]
    made: dict[str, Any] = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": wanted.name,
        "nodes": nodes,
    }
    if wanted.registry is not None:
        path = f'config_path = "{_CERTS}"'
        patch = f'[plugins."io.containerd.grpc.v1.cri".registry]\n  {path}\n'
        made["containerdConfigPatches"] = [patch]
    return str(yaml.safe_dump(made, sort_keys=False))


def _create(wanted: Wanted) -> list[Step]:
    made = Step(["kind", "create", "cluster", "--config", "-", "--wait", "5m"], _config(wanted))
    return [made, *_registry(wanted)]


def _registry(wanted: Wanted) -> list[Step]:
    """A registry beside the nodes, which they find by the name that this machine has for it."""
    if wanted.registry is None:
        return []
    name = f"{wanted.name}-registry"
    here = f"127.0.0.1:{wanted.registry}:5000"
    run = ["docker", "run", "--detach", "--restart", "always", "--name", name, "--publish", here]
    run += ["--label", label(wanted.name)]
    hosts = f'[host."http://{name}:5000"]\n'
    folder = f"{_CERTS}/localhost:{wanted.registry}"
    write = f"mkdir -p {folder} && cat > {folder}/hosts.toml"
    return [
        Step([*run, "--network", "kind", "registry:2"]),
        *(
            Step(["docker", "exec", "-i", node, "sh", "-c", write], hosts)
            for node in _nodes(wanted)
        ),
    ]


def _nodes(wanted: Wanted) -> list[str]:
    """As kind calls their containers."""
    ruling = [f"{wanted.name}-control-plane{at or ''}" for at in _numbers(wanted.control_planes)]
    return [*ruling, *(f"{wanted.name}-worker{at or ''}" for at in _numbers(wanted.nodes))]


def _numbers(count: int) -> list[int]:
    return [0, *range(2, count + 1)][:count]


def _delete(name: str) -> list[Step]:
    return [Step(["kind", "delete", "cluster", "--name", name]), without_registry(name)]


def _fault(wanted: Wanted) -> str:
    return "kind gives its nodes no GPUs; minikube and microk8s do" if wanted.gpus else ""


KIND = Tool(
    "kind",
    "https://kind.sigs.k8s.io",
    lambda name: f"kind-{name}",
    _fault,
    _create,
    _delete,
)
