"""A run's objects beside its pods, as rows of a description. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from rankzero.agent.roster import Roster
from rankzero.backends.description import Service, Thing
from rankzero.backends.kubernetes import state
from rankzero.backends.kubernetes.state import Found, Object


class RunObjects(NamedTuple):
    """What of a run could be read; None for what this user may not. not_shown: in words."""

    found: Found
    jobs: list[Object]
    pods: list[Object]
    services: list[Object] | None
    config_maps: list[Object] | None
    events: list[Object] | None
    roster: Roster | None
    not_shown: tuple[str, ...]


def jobs(found: Iterable[Object]) -> Iterator[Thing]:
    for job in found:
        status = job.get("status", {})
        told = [
            f"{status[key]} {key}" for key in ("active", "succeeded", "failed") if status.get(key)
        ]
        if job.get("spec", {}).get("suspend"):
            told.append("suspended")
        meta = job["metadata"]
        yield Thing(
            "Job", meta["name"], state.seconds(meta["creationTimestamp"]), None, ", ".join(told)
        )


def others(seen: RunObjects) -> Iterator[Thing]:
    """Services and what pods mount: as it is where it may be read, else by its name."""
    mounted = {pair for pod in seen.pods for pair in _mounted(pod)}
    read = [("ConfigMap", one) for one in seen.config_maps or ()]
    read += [("Service", one) for one in seen.services or ()]
    known = {
        (kind, str(one["metadata"]["name"])): Thing(
            kind,
            str(one["metadata"]["name"]),
            state.seconds(one["metadata"]["creationTimestamp"]),
            _size(one) if kind == "ConfigMap" else None,
        )
        for kind, one in read
    }
    for kind, name in sorted(known.keys() | mounted):
        yield known.get((kind, name), Thing(kind, name))


def _mounted(pod: Object) -> Iterator[tuple[str, str]]:
    """(kind, name) of what a pod names."""
    spec = pod.get("spec", {})
    if spec.get("subdomain"):
        yield "Service", str(spec["subdomain"])
    for volume in spec.get("volumes", ()):
        for source in (volume, *volume.get("projected", {}).get("sources", ())):
            if "configMap" in source:
                yield "ConfigMap", str(source["configMap"]["name"])
            if "secret" in source:
                yield "Secret", str(source["secret"].get("secretName") or source["secret"]["name"])
            if "persistentVolumeClaim" in source:
                yield "PersistentVolumeClaim", str(source["persistentVolumeClaim"]["claimName"])


def _size(config_map: Object) -> int:
    """The bytes that it holds; binary ones are there as base64."""
    texts: Mapping[str, str] = config_map.get("data", {})
    blobs: Mapping[str, str] = config_map.get("binaryData", {})
    binary = sum(len(blob) * 3 // 4 - blob[-2:].count("=") for blob in blobs.values())
    return binary + sum(len(text.encode()) for text in texts.values())


def services(seen: RunObjects) -> Iterator[Service]:
    if seen.services is None:
        for name in sorted({str(pod["spec"].get("subdomain", "")) for pod in seen.pods} - {""}):
            yield Service(name, "headless", "", {})
        return
    for one in seen.services:
        spec = one.get("spec", {})
        headless = spec.get("clusterIP") == "None"
        yield Service(
            str(one["metadata"]["name"]),
            "headless" if headless else str(spec.get("type", "ClusterIP")),
            "" if headless else str(spec.get("clusterIP", "")),
            {str(p.get("name") or p["port"]): int(p["port"]) for p in spec.get("ports", ())},
        )
