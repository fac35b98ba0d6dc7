"""What the keys of a service say against each other: each one is fine by itself."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.errors import BadRequest
from rankzero.serving.settings import Settings
from rankzero.spec import pod_shape, strategic
from rankzero.spec.services.model import Service

Path = tuple[object, ...]
#: The one container of a service's pods.
CONTAINER = "server"


def check(service: Service) -> Iterator[tuple[Path, str]]:
    """(path in the request, what is wrong), for everything."""
    if service.autoscale is not None and service.cpu is None:
        message = "is by the processors asked for, and none are; say how many: --cpu 1"
        yield ("autoscale",), message
    if service.node_port is not None and service.expose == "ClusterIP":
        yield ("node_port",), "is only there with NodePort: --expose NodePort"
    if service.server:
        yield from _server(service)
    for name in service.env.keys() & service.secrets.keys():
        yield ("secrets", name), f"{name} is both in `env` and in `secrets`; keep one of them"
    taken: dict[str, str] = {}
    for name, volume in service.volumes.items():
        other = taken.setdefault(volume.path, name)
        if other != name:
            message = f"{other} and {name} are both mounted at {volume.path}"
            yield ("volumes", name, "path"), message
    yield from _overlay(service)


def _server(service: Service) -> Iterator[tuple[Path, str]]:
    if service.predictor is None:
        yield ("server",), "shapes the server of a predictor, and this serves none"
        return
    try:
        Settings.of({"predictor": service.predictor, **service.server})
    except BadRequest as wrong:
        yield ("server",), str(wrong.args[0])


def _overlay(service: Service) -> Iterator[tuple[Path, str]]:
    found = [*strategic.faults(service.pod), *pod_shape.faults(service.pod)]
    for path, message in found:
        yield ("pod",), f"{path}: {message}"
    if found:
        return
    merged = strategic.merge({"containers": [{"name": CONTAINER}]}, service.pod)
    if all(one.get("name") != CONTAINER for one in merged.get("containers") or ()):
        yield ("pod",), f"must leave the container `{CONTAINER}` in place, which serves"
    if merged.get("restartPolicy") not in (None, "Always"):
        yield ("pod",), "must leave restartPolicy alone: a service is kept alive"
