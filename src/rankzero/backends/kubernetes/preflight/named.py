"""What pods name and do not bring along: Secrets, ConfigMaps, claims, accounts, classes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rankzero.backends.kubernetes.preflight.model import Object, Request

#: What a Secret for a registry is named for.
PULL = "to pull the image"


class Reference(NamedTuple):
    """A name in a pod. where: what names it, for people; key: the one entry that is wanted."""

    kind: str
    name: str
    where: str
    key: str = ""


def references(request: Request, *kinds: str) -> list[Reference]:
    """Each once, of these kinds, without what the run itself creates. What is optional may be
    absent, and is no reference; nor is what has no name, which the dry run tells."""
    found = dict.fromkeys(one for pods in request.pods for one in _of_pod(pods.spec))
    brought = {(kind, name) for kind in kinds for name in request.named(kind)}
    return [
        one
        for one in found
        if one.name and one.kind in kinds and (one.kind, one.name) not in brought
    ]


def _of_pod(spec: Object) -> Iterator[Reference]:
    for one in spec.get("imagePullSecrets") or ():
        yield Reference("Secret", one["name"], PULL)
    if spec.get("serviceAccountName"):
        yield Reference("ServiceAccount", spec["serviceAccountName"], "for the pods")
    if spec.get("priorityClassName"):
        yield Reference("PriorityClass", spec["priorityClassName"], "for the pods")
    for volume in spec.get("volumes") or ():
        yield from _of_volume(volume)
    for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
        yield from _of_environment(container)


def _of_volume(volume: Object) -> Iterator[Reference]:
    where = f"volume {volume['name']}"
    if "persistentVolumeClaim" in volume:
        claim = volume["persistentVolumeClaim"].get("claimName")
        yield Reference("PersistentVolumeClaim", claim, where)
    sources = [volume, *((volume.get("projected") or {}).get("sources") or ())]
    for source in sources:
        for key, kind, name in (
            ("secret", "Secret", "secretName"),
            ("configMap", "ConfigMap", "name"),
        ):
            if key in source and not source[key].get("optional"):
                named = source[key].get(name) or source[key].get("name")
                yield from _keys(kind, named, where, source[key].get("items"))


def _of_environment(container: Object) -> Iterator[Reference]:
    for variable in container.get("env") or ():
        for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            source = (variable.get("valueFrom") or {}).get(key)
            if source and not source.get("optional"):
                where = f"variable {variable['name']}"
                yield Reference(kind, source.get("name"), where, source.get("key") or "")
    for one in container.get("envFrom") or ():
        for key, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if key in one and not one[key].get("optional"):
                yield Reference(kind, one[key]["name"], "the environment")


def _keys(kind: str, name: str, where: str, items: Iterable[Object] | None) -> Iterator[Reference]:
    if not items:
        yield Reference(kind, name, where)
    for item in items or ():
        yield Reference(kind, name, where, item["key"])
