"""From a plan to what the checks look at."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rankzero.backends.kubernetes.preflight.model import Object, Pods, Request
from rankzero.plan.kubernetes import names
from rankzero.plan.kubernetes.sending import first
from rankzero.plan.model import Plan


def describe(plan: Plan, namespace: str, *, wait_for_nodes: bool = False) -> Request:
    sent = (first(plan, time.time()), *plan.manifests[1:])
    objects, sizes = tuple(map(without_blobs, sent)), sizes_of(plan.manifests, plan.blobs)
    return Request(namespace, pods_of(plan), objects, sizes, wait_for_nodes)


def pods_of(plan: Plan) -> tuple[Pods, ...]:
    """Job by Job. A role of several Jobs has each of its nodes in one, and needs them all. What is
    of no role is small."""
    jobs = [
        one
        for one in plan.manifests
        if one["kind"] == "Job" and names.ROLE in one["metadata"]["labels"]
    ]
    roles = [one["metadata"]["labels"][names.ROLE] for one in jobs]
    least = {shape.name: shape.minimum for shape in plan.agents[0].roles}
    alone = {role for role, count in Counter(roles).items() if count == 1}
    found = []
    for role, one in zip(roles, jobs, strict=True):
        count = one["spec"]["completions"]
        enough = least[role] if role in alone else count
        found.append(Pods(role, count, enough, one["spec"]["template"]))
    return tuple(found)


def sizes_of(manifests: Iterable[Mapping[str, Any]], blobs: Mapping[str, bytes]) -> dict[str, int]:
    """The bytes of each ConfigMap, by its name."""
    return {
        made["metadata"]["name"]: _size(made, blobs)
        for made in manifests
        if made["kind"] == "ConfigMap"
    }


def without_blobs(made: Mapping[str, Any]) -> Object:
    """They are checked by their size, and do not travel twice."""
    if "binaryData" not in made:
        return made
    return {**made, "binaryData": dict.fromkeys(made["binaryData"], "")}


def _size(made: Mapping[str, Any], blobs: Mapping[str, bytes]) -> int:
    texts = sum(len(text.encode()) for text in made.get("data", {}).values())
    return texts + sum(len(blobs[digest]) for digest in made.get("binaryData", {}).values())
