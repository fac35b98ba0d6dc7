"""A Job of Kubernetes, whose pods are the nodes of a run."""

from __future__ import annotations

from typing import Any

from rankzero.importing import policies
from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.importing.pod import Pod
from rankzero.importing.sketch import Sketch
from rankzero.spec.problems import did_you_mean

_MODES = ("Indexed", "NonIndexed")
#: What Kubernetes takes where a Job does not say it.
_LIMIT = 6
_TIME = "a run has no limit of time; it ends with: rankzero stop RUN"
#: By variables that people set by hand.
_SIGNS = {"torch": {"MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE"}, "tensorflow": {"TF_CONFIG"}}


def sketch_of(document: Fields, findings: Findings, run: str | None) -> Sketch:
    """The job that it is. run: what is run, where it does not say it."""
    spec = document.table("spec")
    spec.default(suspend=False, podReplacementPolicy="TerminatingOrFailed")
    made = Sketch()
    made.job = policies.metadata(document.table("metadata"), findings)
    if "template" not in spec:
        hint = did_you_mean("template", spec.names())
        findings.problem(spec.place, f"must have `template`{hint if '?' in hint else ''}")
    pod = Pod(spec.table("template"), None, findings, run)
    made.job |= {**pod.job, **_life(spec, findings)}
    framework = _framework(pod, made, findings, document)
    made.job["framework"] = framework
    made.roles = {"worker": {**pod.role, "nodes": _nodes(spec, findings)}}
    spec.pass_over("selector", "manualSelector")
    spec.left()
    document.pass_over("status")
    document.left()
    return made


def _nodes(spec: Fields, findings: Findings) -> int:
    count, together = spec.whole("completions", 1), spec.whole("parallelism", 1) or 1
    mode = spec.text("completionMode") or "NonIndexed"
    if mode not in _MODES:
        known = did_you_mean(mode, _MODES)
        findings.problem(spec.at("completionMode"), f"must be {' or '.join(_MODES)}{known}")
    nodes = count or together
    if together != nodes:
        what = f"{together} at a time is not carried over"
        findings.note(spec.at("parallelism"), what, f"all {nodes} nodes run together")
    if nodes > 1 and mode == "NonIndexed":
        what = "its pods are alike and do not know each other"
        findings.note(spec.place, what, "nodes of a run have numbers, and find each other")
    return nodes


def _life(spec: Fields, findings: Findings) -> dict[str, Any]:
    limit, each = spec.whole("backoffLimit"), spec.whole("backoffLimitPerIndex")
    if limit is None and each is None:
        what = f"without a backoffLimit Kubernetes tries {_LIMIT} times more"
        findings.note(spec.place, what, "max_restarts: 0; say how many failures a run survives")
    restarts = each if limit is None else limit
    if restarts:
        what = "counts pods that failed"
        place = spec.at("backoffLimitPerIndex" if limit is None else "backoffLimit")
        findings.note(place, what, "max_restarts counts failures of the whole run")
    spec.note("activeDeadlineSeconds", "is not carried over", _TIME)
    spec.note("suspend", "is not carried over", "a run starts when it is submitted, or queued")
    instead = "the first failure is the run's, after max_restarts"
    for key in ("podFailurePolicy", "podReplacementPolicy", "maxFailedIndexes", "successPolicy"):
        spec.note(key, "is not carried over", instead)
    return {"max_restarts": restarts, "ttl": spec.whole("ttlSecondsAfterFinished")}


def _framework(pod: Pod, made: Sketch, findings: Findings, document: Fields) -> str | None:
    said = made.job.get("framework")
    found = next((name for name, signs in _SIGNS.items() if signs & pod.standing), None)
    if said is None and found is None:
        what = "does not say which framework it is of"
        instead = "auto looks at the script, if it travels; else say framework"
        findings.note(document.at("kind"), what, instead)
    return said or found
