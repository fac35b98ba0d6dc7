"""Whether the StorageClasses of claims without a volume are there."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight.claims import Wanted, unbound
from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Object,
    Question,
    Refusal,
    Request,
    Verdict,
    why_not,
)
from rankzero.plan.kubernetes.rights import Right

NAME = "storage classes"

_GROUP = "storage.k8s.io"
CLASSES = Question(f"/apis/{_GROUP}/v1/storageclasses", Right("list", _GROUP, "storageclasses"))
_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    if _dynamic(request, answers):
        yield CLASSES


def judge(request: Request, answers: Answers) -> Verdict:
    wanted = _dynamic(request, answers)
    if not wanted:
        return Verdict(said="no claim waits for one")
    answer = answers[CLASSES]
    if not answer.ok:
        named = ", ".join(f'"{one.kind or "the default"}"' for one in wanted)
        return Verdict(unchecked=(f"{named} ({why_not(answer, CLASSES.right)})",))
    classes = {one["metadata"]["name"]: one for one in answer.items}
    refusals = [
        Refusal(fault, f"there is: {', '.join(sorted(classes)) or 'none'}")
        for one in wanted
        if (fault := _fault(one, classes))
    ]
    return Verdict(tuple(refusals), said="all are there")


def is_default(one: Object) -> bool:
    """Whether a class makes the volumes of claims that name none."""
    return (one["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"


def _dynamic(request: Request, answers: Answers) -> list[Wanted]:
    """An empty class asks for a volume that somebody made before; nobody makes one."""
    return [one for one in unbound(request, answers) if one.kind != ""]


def _fault(one: Wanted, classes: dict[str, Object]) -> str:
    if one.kind is not None:
        missing = one.kind not in classes
        return (
            f'the claim "{one.claim}" is of StorageClass "{one.kind}", which is not there'
            if missing
            else ""
        )
    defaults = [name for name, found in classes.items() if is_default(found)]
    return (
        ""
        if defaults
        else f'the claim "{one.claim}" names no StorageClass, and there is no default'
    )
