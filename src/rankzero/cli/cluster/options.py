"""What the verbs of clusters share: which one is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import OneOf, where_options

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.places import Where


def _tools() -> list[str]:
    from rankzero.clusters.tools import TOOLS

    return list(TOOLS)


tool_option = click.option(
    "--tool",
    type=OneOf("tool", _tools),
    metavar="NAME",
    help="What makes it: kind, k3d, minikube, microk8s (default: the first that is installed).",
)
which_options = where_options("Which cluster: kubernetes (default), or a profile.")


def cluster_of(where: Where) -> Cluster:
    """Errors: BadRequest for a place that is no cluster; Refused by the kubeconfig."""
    from rankzero import backends
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.places import KUBERNETES, to_look
    from rankzero.errors import BadRequest

    config = backends.config()
    name, place = to_look(where, config)
    if place.backend != KUBERNETES and not where.on:
        name, place = to_look(where._replace(on=KUBERNETES), config)
    if place.backend != KUBERNETES:
        raise BadRequest(f"{name} is no cluster.", "Name one: --on kubernetes, or a profile")
    return Cluster(place.context, place.namespace)
