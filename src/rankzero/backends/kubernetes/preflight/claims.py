"""Whether the claims that pods mount are there and can be mounted, and whether somebody makes
volumes for those that have none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
from rankzero.backends.kubernetes.preflight.named import references
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
        elif wrong := fault(answer.body):
            text = f'the claim "{one.name}" {wrong} ({one.where})'
            refusals.append(Refusal(text, _LIST.format(request.namespace)))
        else:
            there.append(f'"{one.name}"')
            notes += shared(request, one.name, answer.body["spec"].get("accessModes") or ())
    said = f"{', '.join(there)} there" if there else ""
    return Verdict(tuple(refusals), tuple(unchecked), tuple(notes), said)


def itself(request: Request, name: str) -> Question:
    path = _KIND.path(request.namespace, name)
    return Question(path, Right("get", _KIND.group, _KIND.plural))


def brought(request: Request) -> list[Object]:
    """Those that the run would make."""
    return [made for made in request.objects if made["kind"] == "PersistentVolumeClaim"]


def without_those_there(request: Request, answers: Answers) -> Request:
    """The request without the claims that are there already, and will not be made."""
    there = [
        made["metadata"]["name"]
        for made in brought(request)
        if (answer := answers.get(itself(request, made["metadata"]["name"]))) and answer.ok
    ]
    kept = [
        one
        for one in request.objects
        if one["kind"] != "PersistentVolumeClaim" or one["metadata"]["name"] not in there
    ]
    return request._replace(objects=tuple(kept))


def fault(claim: Object) -> str:
    """Why a claim that is there cannot be mounted; empty where it can."""
    if claim["metadata"].get("deletionTimestamp"):
        return "is being deleted"
    if claim.get("status", {}).get("phase") == "Lost":
        return "has lost its volume"
    return ""


def shared(request: Request, name: str, modes: Iterable[str]) -> Iterator[str]:
    """What follows from a claim that one machine, or one pod, may mount."""
    only = set(modes)
    users = sum(
        pods.most
        for pods in request.pods
        for volume in pods.spec.get("volumes") or ()
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == name
    )
    said = f'the claim "{name}" is {", ".join(sorted(only))}'
    if users > 1 and only == {"ReadWriteOncePod"}:
        yield f"{said}: of the {users} pods that mount it, one at a time can run"
    elif users > 1 and only == {"ReadWriteOnce"}:
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
    for made in brought(without_those_there(request, answers)):
        yield Wanted(made["metadata"]["name"], made["spec"].get("storageClassName"))
    for pods in request.pods:
        for volume in pods.spec.get("volumes") or ():
            if "ephemeral" in volume:
                spec = (volume["ephemeral"].get("volumeClaimTemplate") or {}).get("spec") or {}
                yield Wanted(volume["name"], spec.get("storageClassName"))
