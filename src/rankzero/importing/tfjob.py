"""A TFJob of Kubeflow's training operator, version 1."""

from __future__ import annotations

from rankzero.importing import policies
from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.importing.replicas import Replicas
from rankzero.importing.sketch import Sketch

_ROLES = {
    "Chief": "chief",
    "Master": "chief",
    "Worker": "worker",
    "PS": "ps",
    "Evaluator": "evaluator",
}


def sketch_of(document: Fields, findings: Findings, run: str | None) -> Sketch:
    """The job that it is. run: what is run, where it does not say it."""
    spec = document.table("spec")
    made = Sketch()
    made.job = {
        **policies.metadata(document.table("metadata"), findings),
        "framework": "tensorflow",
    }
    said = policies.policy(spec, findings)
    replicas = Replicas(spec, "tfReplicaSpecs", _ROLES, "tensorflow", findings, run)
    said["max_restarts"] = replicas.restarts(said["max_restarts"])
    made.job |= {**replicas.job, **said}
    made.roles = {
        name: {**role, "nodes": replicas.counts[name]} for name, role in replicas.roles.items()
    }
    _ends(spec, made, findings)
    instead = "nodes: MIN:MAX goes on with fewer, and takes in who comes later"
    spec.note("enableDynamicWorker", "is not carried over", instead)
    spec.left()
    document.left()
    return made


def _ends(spec: Fields, made: Sketch, findings: Findings) -> None:
    """Whose end is the job's."""
    policy = spec.text("successPolicy") or ""
    if policy == "AllWorkers":
        if {"chief", "ps", "worker"} <= made.roles.keys():
            made.roles["worker"]["completes"] = True
    elif policy not in ("", "Default"):
        message = f'must be AllWorkers, or nothing; got "{policy}"'
        findings.problem(spec.at("successPolicy"), message)
    elif "worker" in made.roles and not {"chief", "ps"} <= made.roles.keys():
        first = "the chief" if "chief" in made.roles else "worker 0"
        what = f"without a successPolicy {first} alone ends it"
        findings.note(spec.place, what, "the run is done when all workers are; see `completes`")
