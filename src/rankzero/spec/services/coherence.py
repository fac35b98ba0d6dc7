"""What the keys of a service say against each other: each one is fine by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rankzero.driver.cluster.deployments import CONTAINER
from rankzero.errors import BadRequest
from rankzero.serving.settings import Settings
from rankzero.spec import pod_shape, strategic
from rankzero.spec.services.model import Service

Path = tuple[object, ...]


class Fault(NamedTuple):
    """path: in the request. better: a key and its value that would mend it, which are written in
    another way in a file than as an option."""

    path: Path
    message: str
    better: tuple[str, str] | None = None


def check(service: Service) -> Iterator[Fault]:
    """Everything that is wrong."""
    if service.autoscale is not None and service.cpu is None:
        message = "is by the processors asked for, and none are; say how many"
        yield Fault(("autoscale",), message, ("cpu", "1"))
    if service.node_port is not None and service.expose == "ClusterIP":
        yield Fault(("node_port",), "is only there with NodePort", ("expose", "NodePort"))
    if service.server:
        yield from _server(service)
    for name in service.env.keys() & service.secrets.keys():
        message = f"{name} has a value of its own and one from a Secret; keep one of them"
        yield Fault(("secrets", name), message)
    taken: dict[str, str] = {}
    for name, volume in service.volumes.items():
        other = taken.setdefault(volume.path, name)
        if other != name:
            message = f"{other} and {name} are both mounted at {volume.path}"
            yield Fault(("volumes", name, "path"), message)
    yield from _overlay(service)


def _server(service: Service) -> Iterator[Fault]:
    if service.predictor is None:
        yield Fault(("server",), "shapes the server of a predictor, and this serves none")
        return
    try:
        Settings.of({"predictor": service.predictor, **service.server})
    except BadRequest as wrong:
        yield Fault(("server",), str(wrong.args[0]).removesuffix("."))


def _overlay(service: Service) -> Iterator[Fault]:
    found = [*strategic.faults(service.pod), *pod_shape.faults(service.pod)]
    for path, message in found:
        yield Fault(("pod",), f"{path}: {message}")
    if found:
        return
    merged = strategic.merge({"containers": [{"name": CONTAINER}]}, service.pod)
    if all(one.get("name") != CONTAINER for one in merged.get("containers") or ()):
        yield Fault(("pod",), f"must leave the container `{CONTAINER}` in place, which serves")
    if merged.get("restartPolicy") not in (None, "Always"):
        yield Fault(("pod",), "must leave restartPolicy alone: a service is kept alive")
