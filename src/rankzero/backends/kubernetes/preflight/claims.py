"""Whether the claims that pods mount are there and can be mounted, and whether somebody makes
volumes for those that have none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Object,
    Question,
    Refusal,
    Request,
    Verdict,
    why_not,
)
from rankzero.backends.kubernetes.preflight.named import Reference, references
from rankzero.plan.kubernetes.kinds import KINDS
from rankzero.plan.kubernetes.rights import Right

NAME = "claims"

_KIND = KINDS["PersistentVolumeClaim"]
_LIST = "see them: kubectl get persistentvolumeclaims --namespace {}"


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    for one in references(request, "PersistentVolumeClaim"):
        yield itself(request, one.name)


def judge(request: Request, answers: Answers) -> Verdict:
    named = references(request, "PersistentVolumeClaim")
    if not named:
        return Verdict(said="none is named")
    refusals: list[Refusal] = []
    unchecked, notes, there = list[str](), list[str](), list[str]()
    for one in named:
        question = itself(request, one.name)
        answer = answers[question]
        if answer.absent:
            text = f'there is no claim "{one.name}" in {request.namespace} ({one.where})'
            refusals.append(Refusal(text, _LIST.format(request.namespace)))
        elif not answer.ok:
            unchecked.append(f'"{one.name}" ({why_not(answer, question.right)})')
        elif fault := _fault(answer.body):
            text = f'the claim "{one.name}" {fault} ({one.where})'
            refusals.append(Refusal(text, _LIST.format(request.namespace)))
        else:
            there.append(f'"{one.name}"')
            notes += _shared(request, one, answer.body)
    said = f"{', '.join(there)} there" if there else ""
    return Verdict(tuple(refusals), tuple(unchecked), tuple(notes), said)


def itself(request: Request, name: str) -> Question:
    path = _KIND.path(request.namespace, name)
    return Question(path, Right("get", _KIND.group, _KIND.plural))


def _fault(claim: Object) -> str:
    if claim["metadata"].get("deletionTimestamp"):
        return "is being deleted"
    if claim.get("status", {}).get("phase") == "Lost":
        return "has lost its volume"
    return ""


def _shared(request: Request, one: Reference, claim: Object) -> Iterator[str]:
    """What follows from a claim that one machine, or one pod, may mount."""
    modes = set(claim["spec"].get("accessModes") or ())
    users = sum(
        pods.most
        for pods in request.pods
        for volume in pods.spec.get("volumes") or ()
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == one.name
    )
    said = f'the claim "{one.name}" is {", ".join(sorted(modes))}'
    if users > 1 and modes == {"ReadWriteOncePod"}:
        yield f"{said}: of the {users} pods that mount it, one at a time can run"
    elif users > 1 and modes == {"ReadWriteOnce"}:
        yield f"{said}: the {users} pods that mount it have to be on one machine"


class Wanted(NamedTuple):
    """A claim that has no volume yet, and its class; None: the cluster's default."""

    claim: str
    kind: str | None


def unbound(request: Request, answers: Answers) -> Iterator[Wanted]:
    """Those that are there, those that the run brings, those that live as long as a pod."""
    for one in references(request, "PersistentVolumeClaim"):
        answer = answers.get(itself(request, one.name))
        if answer and answer.ok and answer.body.get("status", {}).get("phase") == "Pending":
            yield Wanted(one.name, answer.body["spec"].get("storageClassName"))
    for made in request.objects:
        if made["kind"] == "PersistentVolumeClaim":
            yield Wanted(made["metadata"]["name"], made["spec"].get("storageClassName"))
    for pods in request.pods:
        for volume in pods.spec.get("volumes") or ():
            if "ephemeral" in volume:
                spec = (volume["ephemeral"].get("volumeClaimTemplate") or {}).get("spec") or {}
                yield Wanted(volume["name"], spec.get("storageClassName"))
