"""The services of a namespace, read once. What this user may not read is left out, and named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rankzero.backends.kubernetes import reading, shapes
from rankzero.backends.kubernetes.cluster import Cluster, Object
from rankzero.backends.kubernetes.looking import Asker, more
from rankzero.backends.kubernetes.services import reading as read
from rankzero.backends.kubernetes.trouble import Absent, Forbidden
from rankzero.backends.services.model import Service
from rankzero.driver.cluster import deployments
from rankzero.errors import BadRequest
from rankzero.plan.kubernetes import names
from rankzero.why.seen import Seen


def deployment(cluster: Cluster, name: str) -> Object:
    """Errors: BadRequest where there is no such service."""
    found = cluster.every("Deployment", selector(cluster, name))["items"]
    if not found:
        raise absent(cluster, name)
    return dict(found[0])


def has(cluster: Cluster, name: str) -> bool:
    """Whether there is such a service. Errors: BadRequest for what can be no name, Refused."""
    return bool(cluster.every("Deployment", selector(cluster, name))["items"])


def absent(cluster: Cluster, name: str, elsewhere: str | None = None) -> BadRequest:
    """elsewhere: what is to be said of other places, where they were asked, too."""
    from rankzero.backends.places import near

    items = cluster.every("Deployment", names.SERVICE)["items"]
    known = [str(one["metadata"]["name"]) for one in items]
    where = f"{cluster.context}/{cluster.namespace}"
    if elsewhere is not None:
        where += f", nor anywhere else that something was sent to from here{elsewhere}"
    text = f'There is no service "{name}" in {where}.{near(name, known)}'
    return BadRequest(text, f"See them all: rankzero serve list{cluster.again}")


def selector(cluster: Cluster, name: str) -> str:
    """Errors: BadRequest for what can be no name."""
    from rankzero.spec.names import fault

    if fault(name):
        said = f"See them: rankzero serve list{cluster.again}"
        raise BadRequest(f'"{name}" is no name of a service.', said)
    return f"{names.SERVICE}={name}"


def one(cluster: Cluster, name: str) -> Service:
    """All that there is to see of a service."""
    made = deployment(cluster, name)
    label = selector(cluster, name)
    asker = Asker(cluster)
    heard = reading.events(asker.every("Event") or ())
    pods = cluster.every("Pod", label, shapes.LISTS["Pod"])["items"]
    sets = cluster.every("ReplicaSet", label)["items"]
    seen = explained(asker, pods, heard, cluster.called(name), cluster.namespace)
    things = read.Things(made, sets, pods, heard, seen)
    found = read.service(things, f"{cluster.context}/{cluster.namespace}")
    return beside(cluster, found._replace(again=cluster.again))


def explained(
    asker: Asker, pods: list[Object], heard: reading.Events, called: str, namespace: str
) -> Seen:
    """With machines and claims, where pods wait for them. called: as commands call it."""
    known = tuple(reading.pod(one, (), str(one["metadata"]["name"])) for one in pods)
    seen = Seen(known, run=called, namespace=namespace)
    if any(not one.ready for one in known):
        seen = more(asker, seen, heard)
    return seen._replace(unread=tuple(asker.unread))


def beside(cluster: Cluster, found: Service) -> Service:
    """With its Service, its endpoints, and who scales it."""
    missing: list[str] = []
    services = _may(cluster, "Service", found.name, missing)
    scalers = _may(cluster, "HorizontalPodAutoscaler", found.name, missing)
    slices = _may(cluster, "EndpointSlice", found.name, missing) if services else []
    return found._replace(
        reach=read.reach(services[0], found.instances) if services else None,
        endpoints=None if slices is None else read.endpoints(slices),
        scaling=read.scaling(scalers[0], found.called) if scalers else None,
        not_shown=tuple(missing),
    )


def every(cluster: Cluster) -> list[Service]:
    """All of them, newest first: five calls, however many there are."""
    made = cluster.every("Deployment", names.SERVICE)["items"]
    if not made:
        return []
    pods = _by_name(cluster.every("Pod", names.SERVICE, shapes.LISTS["Pod"])["items"])
    sets = _by_name(cluster.every("ReplicaSet", names.SERVICE)["items"])
    short = any(not deployments.done(one) for one in made)
    heard = reading.events((Asker(cluster).every("Event") if short else None) or ())
    missing: list[str] = []
    services = _by_name(_may(cluster, "Service", "", missing) or [])
    found = []
    for one in made:
        name = str(one["metadata"]["name"])
        seen = Seen(run=cluster.called(name), namespace=cluster.namespace)
        things = read.Things(one, sets.get(name, []), pods.get(name, []), heard, seen)
        service = read.service(things, f"{cluster.context}/{cluster.namespace}")
        own = services.get(name)
        reach = read.reach(own[0], service.instances) if own else None
        service = service._replace(reach=reach, not_shown=tuple(missing), again=cluster.again)
        found.append(service)
    return sorted(found, key=lambda one: -one.created)


def _by_name(items: list[Object]) -> Mapping[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for one in items:
        found.setdefault(one["metadata"]["labels"][names.SERVICE], []).append(one)
    return found


def _may(cluster: Cluster, kind: str, name: str, missing: list[str]) -> list[Any] | None:
    label = f"{names.SERVICE}={name}" if name else names.SERVICE
    try:
        return list(cluster.every(kind, label)["items"])
    except (Forbidden, Absent):
        missing.append(f"you may not list {kind}s in namespace {cluster.namespace}")
        return None
