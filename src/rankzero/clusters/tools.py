"""The tools that make a cluster on one machine, and what each is told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rankzero.clusters.k3d import K3D
from rankzero.clusters.kind import KIND
from rankzero.clusters.microk8s import MICROK8S
from rankzero.clusters.minikube import MINIKUBE
from rankzero.clusters.tool import Tool
from rankzero.errors import BadRequest
from rankzero.spec.problems import did_you_mean

#: The likeliest first.
TOOLS: Mapping[str, Tool] = {one.name: one for one in (KIND, K3D, MINIKUBE, MICROK8S)}


def get(name: str) -> Tool:
    """Errors: BadRequest for one that nobody knows."""
    if name not in TOOLS:
        raise BadRequest(f'--tool: there is no "{name}"{did_you_mean(name, TOOLS)}')
    return TOOLS[name]


def choose(named: str | None, is_there: Callable[[str], bool]) -> Tool:
    """The one that was named, else the first that is installed. Errors: BadRequest."""
    if named is not None:
        tool = get(named)
        if not is_there(tool.name):
            raise BadRequest(f"{tool.name} is not installed.", f"Install it: {tool.install}")
        return tool
    found = [tool for tool in TOOLS.values() if is_there(tool.name)]
    if not found:
        ways = "; ".join(f"{tool.name} ({tool.install})" for tool in TOOLS.values())
        raise BadRequest(
            "nothing that makes clusters is installed.", f"Install one of them: {ways}"
        )
    return found[0]
