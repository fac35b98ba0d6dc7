"""A check-up from where one is: this machine, then the cluster that is meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rankzero import backends
from rankzero.backends.kubernetes import kubeconfig
from rankzero.backends.places import KUBERNETES, Where, to_look
from rankzero.doctor import cluster, frameworks, machine
from rankzero.doctor.model import FINE, Finding
from rankzero.errors import Refused

if TYPE_CHECKING:
    from rankzero.config import Config


def findings(where: Where) -> Iterator[Finding]:
    """One after the other, as each is known. Errors: BadRequest for a place that there is not."""
    config = backends.config()
    to_look(where, config)  # what is wrong with it is told before anything is asked
    with frameworks.Asking() as asked:
        yield from machine.findings()
        yield from _of_cluster(where, config)
        yield from asked.findings()


def _of_cluster(where: Where, config: Config) -> Iterator[Finding]:
    """Of the one that is meant, if any."""
    name, place = to_look(where, config)
    if place.backend != KUBERNETES:
        if where.on is not None:
            return
        if not _has_contexts():
            said = "no kubeconfig leads to one; runs are on this machine"
            yield Finding(cluster.AREA, "kubeconfig", FINE, said)
            return
        name, place = to_look(where._replace(on=KUBERNETES), config)
    from rankzero.backends.kubernetes.cluster import Cluster

    yield from cluster.findings(Cluster(place.context, place.namespace), config.defaults_at(name))


def _has_contexts() -> bool:
    try:
        return bool(kubeconfig.contexts())
    except Refused:
        return False
