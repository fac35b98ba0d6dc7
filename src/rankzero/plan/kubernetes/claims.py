"""The claims that a run brings along: made where they are not there, and staying or going with it.

A claim that stays is nobody's: no run owns it, and which one made it makes no difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rankzero.driver.cluster.jobs import KEPT
from rankzero.driver.cluster.jobs import stays as stays
from rankzero.plan.kubernetes import names, volumes
from rankzero.plan.kubernetes.objects import head
from rankzero.spec import units

if TYPE_CHECKING:
    from rankzero.spec.model import Job
    from rankzero.spec.pods import Source, Volume

KIND = "PersistentVolumeClaim"
#: The label's value on a claim that a run takes along.
OF_A_RUN = "of-a-run"


def claims(job: Job, run: str) -> list[dict[str, Any]]:
    """Those of all volumes with a size, each once."""
    found: dict[str, dict[str, Any]] = {}
    for volume, pods in _made(job):
        name = str(volumes.of_run(volume, run).claim)
        if name not in found:
            labels = names.labels(run, job.labels) if not volume.keep else dict[str, str]()
            found[name] = claim(name, volume, pods, labels)
    return list(found.values())


def claim(
    name: str, volume: Source, pods: int = 1, labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A claim. pods: how many mount it, which decides who may where nothing was said."""
    marks = {names.MANAGED_BY: "rankzero", names.VOLUME: KEPT if volume.keep else OF_A_RUN}
    spec: dict[str, Any] = {
        "accessModes": [volume.access or ("ReadWriteMany" if pods > 1 else "ReadWriteOnce")],
        "resources": {"requests": {"storage": volume.size}},
    }
    if volume.storage_class is not None:
        spec["storageClassName"] = volume.storage_class
    return {**head("v1", KIND, name, {**(labels or {}), **marks}), "spec": spec}


def differs(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What a claim that is there lacks of one that is wanted; empty where nothing. It may be
    larger, and may let more pods in."""
    has, asks = there["spec"], wanted["spec"]
    size, least = (one["resources"]["requests"]["storage"] for one in (has, asks))
    modes, mode = has.get("accessModes") or [], asks["accessModes"][0]
    kind, named_kind = has.get("storageClassName"), asks.get("storageClassName")
    lacks = []
    if _bytes(size) < _bytes(least):
        lacks.append(f"has {size}, not {least}")
    if mode not in modes and not (mode == "ReadWriteOnce" and "ReadWriteMany" in modes):
        lacks.append(f"is {', '.join(modes)}, not {mode}")
    if named_kind is not None and kind != named_kind:
        lacks.append(f'is of class "{kind or ""}", not "{named_kind}"')
    return f"is there already, and {'; '.join(lacks)}" if lacks else ""


def ours(made: Mapping[str, Any]) -> bool:
    """Whether rankzero has made a claim."""
    return names.VOLUME in (made["metadata"].get("labels") or {})


def _made(job: Job) -> Iterator[tuple[Volume, int]]:
    """Each volume with a size, and how many pods mount it."""
    counts = {name: role.nodes.maximum for name, role in job.roles.items()}
    for volume in job.volumes.values():
        if volume.made:
            yield volume, sum(counts.values())
    for name, role in job.roles.items():
        for volume in role.volumes.values():
            if volume.made:
                yield volume, counts[name]


def _bytes(quantity: str) -> float:
    try:
        return units.amount(quantity)
    except ValueError:  # another notation of Kubernetes': whoever wrote it knows what it comes to
        return math.inf
