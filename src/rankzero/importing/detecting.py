"""Which kind of source a text is, and which of its documents is the job."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rankzero.errors import BadRequest
from rankzero.importing import indexed, pytorchjob, tfjob, values
from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.importing.sketch import Sketch
from rankzero.spec.given import Given
from rankzero.spec.problems import did_you_mean, near, shown
from rankzero.spec.reading import read_documents

Reader = Callable[[Fields, Findings, str | None], Sketch]


class Kind(NamedTuple):
    """What an object is called, its version, and who reads it."""

    name: str
    version: str
    read: Reader


_KUBEFLOW = "kubeflow.org/v1"
KINDS = {
    "PyTorchJob": Kind("PyTorchJob", _KUBEFLOW, pytorchjob.sketch_of),
    "TFJob": Kind("TFJob", _KUBEFLOW, tfjob.sketch_of),
    "Job": Kind("Job", "batch/v1", indexed.sketch_of),
}
_VALUES = Kind("values", "", values.sketch_of)
_TEMPLATE = re.compile(r"\{\{-?\s*(\.|\$|(include|template|define|if|range|with|toYaml|end)\b)")
#: What becomes of objects beside the job.
_BESIDE = {
    "Service": "a run makes the Service that its nodes need",
    "PersistentVolumeClaim": "create it as ever, or let `size` of a volume make it",
    "Namespace": "say it to run: --namespace",
}
_STAYS = "it stays what it is: create it as ever"


def detect(text: str, findings: Findings) -> tuple[Kind, Fields]:
    """The kind of a source, and its document. Errors: SpecError; BadRequest for a template."""
    template = _TEMPLATE.search(text)
    if template:
        line = text.count("\n", 0, template.start()) + 1
        raise BadRequest(
            f"{findings.source}:{line}: is a template of a Helm chart, and no YAML before Helm has "
            "filled it in; nothing was written.",
            "Import the chart's values file, with values where such a place is, or what `helm "
            "template` prints of the chart.",
        )
    documents = list(_listed(read_documents(text, findings.source, findings.problems)))
    jobs = [one for one in documents if _kind(one) in KINDS]
    if len(jobs) > 1:
        first = jobs[0].place.line
        for one in jobs[1:]:
            message = f"is a second job, after that of line {first}; a job file holds one"
            findings.problem(one.place, message)
    if jobs:
        for one in documents:
            if one not in jobs:
                _left_over(one, findings)
        return _versioned(jobs[0], findings)
    if len(documents) == 1 and values.is_one(documents[0]):
        return _VALUES, Fields(documents[0], findings)
    _refuse(documents, findings)
    raise AssertionError("a source without a job is refused")


def _listed(documents: Iterable[Given]) -> Iterable[Given]:
    """Each object, also of those that `kubectl get` prints as a List."""
    for one in documents:
        if _kind(one) == "List":
            yield from one.find(("items",)).items
        else:
            yield one


def _kind(document: Given) -> str:
    kind = document.entries.get("kind")
    return kind.text if kind is not None and kind.is_scalar else ""


def _versioned(document: Given, findings: Findings) -> tuple[Kind, Fields]:
    kind = KINDS[_kind(document)]
    version = document.entries.get("apiVersion")
    if version is None or version.text != kind.version:
        place = document.entries["kind"].place if version is None else version.place
        got = "nothing" if version is None else shown(version.value)
        message = f"must be {kind.version} for a {kind.name}; got {got}"
        findings.problem(place, f"apiVersion {message}" if version is None else message)
    fields = Fields(document, findings)
    fields.pass_over("apiVersion", "kind", "status")
    return kind, fields


def _left_over(document: Given, findings: Findings) -> None:
    kind = _kind(document) or "a document"
    name = document.find(("metadata", "name")).text
    what = f"{kind} {name}".strip() + " is not part of a job"
    findings.note(document.place, what, _BESIDE.get(kind, _STAYS))


def _refuse(documents: list[Given], findings: Findings) -> None:
    """Say what there is in place of a job."""
    for one in documents:
        kind = one.entries.get("kind")
        if kind is not None:
            hint = did_you_mean(_kind(one), KINDS) if near(_kind(one), KINDS, 0.7) else ""
            known = hint or f"; known are {', '.join(KINDS)}"
            findings.problem(
                kind.place, f"{shown(kind.value)} is no kind that can be imported{known}"
            )
        elif "run" in one.entries or "steps" in one.entries:
            findings.problem(one.place, f"is rankzero's own: rankzero run {findings.source}")
        elif one.is_scalar:
            message = "is no YAML of an object; a command line stands after --, as in"
            findings.problem(one.place, f"{message} rankzero import -- torchrun train.py")
        else:
            message = "is no object of Kubernetes, and no values with `worker` or `ps`"
            findings.problem(one.place, message)
    if not documents:
        findings.problem(findings.top, "is empty")
    findings.check()
