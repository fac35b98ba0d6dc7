"""A check-up from where one is: this machine, then the cluster that is meant."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rankzero import backends, spec
from rankzero.backends.kubernetes import kubeconfig
from rankzero.backends.places import KUBERNETES, Where, to_look
from rankzero.doctor import cluster, frameworks, machine, pods
from rankzero.doctor.model import FINE, Finding
from rankzero.errors import BadRequest, Refused

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.config import Config
    from rankzero.spec.given import Given
    from rankzero.spec.model import Job


class Inside(NamedTuple):
    """That pods are to look around, and which: as those of this job file, with this image, and
    these GPUs, as `run` takes them. wait: how long they may take (seconds)."""

    file: str | None = None
    image: str | None = None
    gpus: str | None = None
    wait: float = 180.0

    def job(self, defaults: Given) -> Job:
        """Errors: BadRequest for one that cannot be."""
        said = {"image": self.image, "gpus": self.gpus}
        options = {key: (value,) for key, value in said.items() if value is not None}
        command = () if self.file else ("true",)
        return spec.from_target(self.file, command=command, options=options, defaults=defaults)


def findings(
    where: Where,
    inside: Inside | None = None,
    on_waiting: Callable[[Sequence[str]], None] = lambda names: None,
) -> Generator[Finding, None, None]:
    """One after the other, as each is known. Nothing is created, unless pods are to look around.
    on_waiting: of which frameworks an answer is missing, where nothing else is.

    Errors: BadRequest for a place that there is not, or a job that cannot be."""
    config = backends.config()
    name, place = to_look(where, config)  # what is wrong with it is told before anything is asked
    if inside is not None and place.backend != KUBERNETES:
        if where.on is not None:
            raise BadRequest(f"--pods: there are none on {name}.", "Name a cluster: --on")
        where = where._replace(on=KUBERNETES)
        name, place = to_look(where, config)
    job = None if inside is None else inside.job(config.defaults_at(name))
    with frameworks.Asking() as asked:
        yield from machine.findings()
        reached = yield from _of_cluster(where, config)
        if reached is not None and inside is not None and job is not None:
            of, there = reached
            yield from pods.findings(of, _asked(job, inside, there))
        yield from asked.findings(on_waiting)


def _asked(job: Job, inside: Inside, there: cluster.Reached) -> pods.Asked:
    role = next(iter(job.roles.values()))
    device = role.gpu_resource if role.gpus else there.device
    return pods.Asked(job, inside.wait, device, there.skew)


def _of_cluster(
    where: Where, config: Config
) -> Generator[Finding, None, tuple[Cluster, cluster.Reached] | None]:
    """Of the one that is meant, if any; and what was reached there."""
    found = _meant(where, config)
    if found is None:
        if where.on is None:
            said = "no kubeconfig leads to one; runs are on this machine"
            yield Finding(cluster.AREA, "kubeconfig", FINE, said)
        return None
    name, of = found
    reached = yield from cluster.findings(of, config.defaults_at(name))
    return None if reached is None else (of, reached)


def meant(where: Where) -> Cluster | None:
    """The cluster that is looked at from here, if any. Errors: BadRequest."""
    found = _meant(where, backends.config())
    return None if found is None else found[1]


def _meant(where: Where, config: Config) -> tuple[str, Cluster] | None:
    """With the name of its place."""
    name, place = to_look(where, config)
    if place.backend != KUBERNETES:
        if where.on is not None or not _has_contexts():
            return None
        name, place = to_look(where._replace(on=KUBERNETES), config)
    from rankzero.backends.kubernetes.cluster import Cluster

    return name, Cluster(place.context, place.namespace)


def _has_contexts() -> bool:
    try:
        return bool(kubeconfig.contexts())
    except Refused:
        return False
