"""A PyTorchJob of Kubeflow's training operator, version 1."""

from __future__ import annotations

import re
from typing import Any

from rankzero.importing import policies
from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.importing.replicas import Replicas
from rankzero.importing.sketch import Sketch

_MEETING = "the first node's agent coordinates, and the others find it"
_ROLES = {"Master": "master", "Worker": "worker"}


def sketch_of(document: Fields, findings: Findings, run: str | None) -> Sketch:
    """The job that it is. run: what is run, where it does not say it."""
    spec = document.table("spec")
    made = Sketch()
    made.job = {**policies.metadata(document.table("metadata"), findings), "framework": "torch"}
    said = policies.policy(spec, findings)
    replicas = Replicas(spec, "pytorchReplicaSpecs", _ROLES, "pytorch", findings, run)
    elastic = _elastic(spec.table("elasticPolicy"))
    low, high = elastic.pop("nodes", (None, None))
    limit = elastic.pop("max_restarts", None)
    said["max_restarts"] = replicas.restarts(said["max_restarts"] if limit is None else limit)
    made.job |= {**replicas.job, **said}
    nproc = spec.given("nprocPerNode")
    per_node = elastic.pop("nproc", None) if nproc is None else nproc.text
    for name, role in replicas.roles.items():
        role.setdefault("nproc", _nproc(per_node, role, name in replicas.launched))
    made.roles = _as_one(replicas, low, high)
    spec.left()
    document.left()
    return made


def _elastic(policy: Fields) -> dict[str, Any]:
    """How many workers are enough, and how many are wanted at most."""
    said: dict[str, Any] = {}
    low, high = policy.whole("minReplicas", 1), policy.whole("maxReplicas", 1)
    if low is not None or high is not None:
        said["nodes"] = (low, high)
    said["max_restarts"] = policy.whole("maxRestarts")
    said["nproc"] = policy.text("nProcPerNode")
    for key in ("rdzvBackend", "rdzvPort", "rdzvHost", "rdzvId", "rdzvConf", "standalone"):
        policy.note(key, "is not carried over", _MEETING)
    instead = "nodes: MIN:MAX takes what is there; nothing asks for more by itself"
    policy.note("metrics", "is not carried over", instead)
    policy.left()
    return said


def _nproc(per_node: str | None, role: dict[str, Any], launched: bool) -> int | str | None:
    """Without a number torchrun in a pod takes its GPUs, and everything else one process."""
    if per_node is None or per_node == "auto":
        return "gpu" if launched and role.get("gpus") else None
    return int(per_node) if re.fullmatch(r"[0-9]{1,9}", per_node) else per_node


def _as_one(replicas: Replicas, low: int | None, high: int | None) -> dict[str, dict[str, Any]]:
    """Master and workers as one role, where they differ in nothing but their number."""
    roles, counts = replicas.roles, replicas.counts
    if "worker" in roles and (low is not None or high is not None):
        least, most = low or 1, high or max(counts["worker"], low or 1)
        ends = (least, most)
    else:
        ends = (counts.get("worker", 0), counts.get("worker", 0))
    if "master" in roles and roles.get("worker", roles["master"]) == roles["master"]:
        both = (ends[0] + 1, ends[1] + 1) if "worker" in roles else (1, 1)
        return {"worker": {**roles["master"], "nodes": _range(*both)}}
    sizes = {"master": (1, 1), "worker": ends}
    return {name: {**role, "nodes": _range(*sizes[name])} for name, role in roles.items()}


def _range(low: int, high: int) -> int | str:
    return high if low == high else f"{low}:{high}"
