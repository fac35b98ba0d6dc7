"""microk8s: Kubernetes on this machine itself, which is its only node."""

from __future__ import annotations

from rankzero.clusters.tool import Step, Tool
from rankzero.clusters.wanted import Wanted

#: Where its registry always is.
_REGISTRY = 32000


def _create(wanted: Wanted) -> list[Step]:
    adds = ["dns", "hostpath-storage"]
    adds += ["registry"] if wanted.registry is not None else []
    adds += ["gpu"] if wanted.gpus else []
    wait = Step(["microk8s", "status", "--wait-ready", "--timeout", "300"])
    return [
        Step(["microk8s", "start"]),
        wait,
        *(Step(["microk8s", "enable", one]) for one in adds),
        wait,
        Step(["sh", "-c", _MERGE]),
    ]


#: Its kubeconfig joins the one that there is, and becomes the current context.
_MERGE = (
    'umask 077 && file="${KUBECONFIG:-$HOME/.kube/config}" && file="${file%%:*}" && '
    'new="$(mktemp -d)" && trap \'rm -rf "$new"\' EXIT && mkdir -p "$(dirname "$file")" && '
    'touch "$file" && microk8s config > "$new/mine" && '
    'KUBECONFIG="$new/mine:$file" microk8s kubectl config view --flatten > "$new/all" && '
    'cat "$new/all" > "$file"'
)


def _delete(name: str) -> list[Step]:
    """What is on it goes; the snap stays, and is at rest."""
    return [Step(["microk8s", "reset", "--destroy-storage"]), Step(["microk8s", "stop"])]


def _fault(wanted: Wanted) -> str:
    if wanted.nodes + wanted.control_planes > 2 or wanted.control_planes > 1:
        return "microk8s makes a cluster of this machine alone: nodes: 0 or 1"
    if wanted.host_ports:
        return "a microk8s's node is this machine: its NodePorts are open without host_ports"
    if wanted.registry not in (None, _REGISTRY, Wanted().registry):
        return f"a microk8s's registry is at port {_REGISTRY}"
    if wanted.version:
        return "the version of a microk8s is its snap's channel: snap refresh microk8s --channel"
    return ""


MICROK8S = Tool(
    "microk8s",
    "https://microk8s.io",
    lambda _name: "microk8s",
    _fault,
    _create,
    _delete,
    whole=True,
)
