"""A values file of a Helm chart that trains with parameter servers: counts, images, ports and
resources of `worker` and `ps`, and hyperparameters, as in stable/distributed-tensorflow."""

from __future__ import annotations

import re
from typing import Any

from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.importing.pod import Pod
from rankzero.importing.sketch import Sketch
from rankzero.importing.valuepods import template
from rankzero.spec import names, params
from rankzero.spec.given import Given
from rankzero.spec.problems import Place, shown

_ROLES = {
    "chief": "chief",
    "master": "chief",
    "worker": "worker",
    "ps": "ps",
    "evaluator": "evaluator",
}
_COUNTS = ("number", "replicas", "replicaCount", "count")
_HYPER = ("hyperparams", "hyperparameters", "hyperParams", "hyperParameters")
#: Beside the roles, what holds for all of them.
_COMMON = ("image", "env", "volumes", "volumeMounts", "nodeSelector", "tolerations", "affinity")
_ALSO = ("resources", "imagePullSecrets", "command", "args", "workingDir", "serviceAccountName")
#: The program of the chart, and how it spells its options.
_PROGRAM = "python train_distributed.py"
_OPTIONS = {
    "batchsize": "batch_size",
    "learningrate": "learning_rate",
    "trainsteps": "train_steps",
    "datadir": "data_dir",
    "logdir": "log_dir",
    "hiddenunits": "hidden_units",
}


def is_one(document: Given) -> bool:
    """Whether a document is such a file."""
    return bool({"worker", "ps", "chief"} & document.entries.keys()) and not (
        {"kind", "run", "steps"} & document.entries.keys()
    )


def sketch_of(document: Fields, findings: Findings, run: str | None) -> Sketch:
    """The job that it is. run: what is run, which the chart's templates say and values do not."""
    made = Sketch()
    named = document.text("fullnameOverride") or document.text("nameOverride")
    made.job = {"name": names.valid(named) if named else None, "framework": "tensorflow"}
    own = run or _PROGRAM
    if run is None and "command" not in document:
        what = f"its values do not say what is run; {own} is what such a chart runs"
        instead = "say yours: --run; it is looked for in the folder that travels"
        findings.note(document.place, what, instead)
    common = {key: document.given(key) for key in (*_COMMON, *_ALSO)}
    for name, role in _ROLES.items():
        if name in document:
            _role(document.table(name), role, common, made, findings, own)
    if not {"worker", "chief"} & made.roles.keys():
        findings.problem(document.place, "must have a `worker` or a `chief`; nobody would train")
    _hyper(document, made, findings)
    document.left([*_ROLES, *_HYPER])
    return made


def _role(
    part: Fields,
    role: str,
    common: dict[str, Given | None],
    made: Sketch,
    findings: Findings,
    run: str,
) -> None:
    count = part.whole_of(part.first(*_COUNTS), 0 if role != "worker" else 1)
    policy = part.given("podManagementPolicy")
    if policy is not None and policy.text != "Parallel":
        findings.note(policy.place, f"{policy.text} is not carried over", "pods start in parallel")
    if count == 0:
        findings.note(part.place, f"{role} has none", "there is no such role")
        return
    pod = Pod(Fields(template(part, common, findings), findings), None, findings, run)
    said = {key: one for key, one in pod.role.items() if one not in (None, {}, [])}
    made.roles[role] = {**said, "nodes": 1 if count is None else count}
    for key, value in pod.job.items():
        if value not in (None, [], {}):
            made.job.setdefault(key, value)
    part.left([*_COUNTS, "image", "port", "resources", "env"])


def _hyper(document: Fields, made: Sketch, findings: Findings) -> None:
    """Params, each an option of what is run."""
    given = document.first(*_HYPER)
    if given is None:
        return
    table = Fields(given, findings)
    found: dict[str, Any] = {}
    for key in table.names():
        value = table.given(key)
        name = _OPTIONS.get(key.lower().replace("_", ""), re.sub(r"[^A-Za-z0-9_.-]", "_", key))
        if value is None or not params.is_name(name):
            findings.problem(table.at(key), "cannot be a param's name")
        elif not value.is_scalar:
            message = f"must be a text, a number, or true or false; got {shown(value.value)}"
            findings.problem(value.place, message)
        elif name in found:
            findings.problem(value.place, f"is the same option as another one: {name}")
        else:
            found[name] = value.value
    made.job["params"] = found
    words = [f"--{name}=${{{name}}}" for name in found]
    for role in made.roles.values():
        role["args"] = [*role.get("args", []), *words]
    _tell(given.place, words, findings)


def _tell(place: Place, words: list[str], findings: Findings) -> None:
    if words:
        what = "are given to what is run as the chart's templates do"
        findings.note(place, what, f"args: {' '.join(words)}; --set changes them")
