"""Whether the namespace admits the pods: its Pod Security level.

Whoever may create pods has the API server's word, whoever may read the namespace its labels. Others
have a Job's warnings: they are of the level that a namespace enforces unless it names another one
to be warned of, and there is no seeing which.
"""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight import dry_run
from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Question,
    Refusal,
    Request,
    Verdict,
)
from rankzero.backends.kubernetes.preflight.namespace import itself
from rankzero.plan.kubernetes.standards import against

NAME = "pod security"

ENFORCE = "pod-security.kubernetes.io/enforce"
_DENIED, _WARNED = "violates PodSecurity", "would violate PodSecurity"
_LESS = "leave it out, or ask an administrator for a namespace that admits it"
_UNSURE = f"{_LESS}; where the namespace only warns, submit with --no-preflight"


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    yield itself(request.namespace)
    yield from dry_run.ask(request, answers)


def judge(request: Request, answers: Answers) -> Verdict:
    tried = [answers[dry_run.of_a_pod(request, pods)] for pods in request.pods]
    denied = [one.message for one in tried if _DENIED in one.message]
    if denied:
        return _refused(dict.fromkeys(f"{_after(one, _DENIED)}" for one in denied), _LESS)
    if all(one.ok for one in tried):
        return Verdict(said="the namespace admits such pods")
    space = answers[itself(request.namespace)]
    level = (space.body.get("metadata", {}).get("labels") or {}).get(ENFORCE) if space.ok else None
    if level is not None:
        return _by_label(request, level)
    warned = _warnings(request, answers)
    if warned:
        return _refused(dict.fromkeys(_after(one, _WARNED) for one in warned), _UNSURE)
    jobs = [answers[dry_run.of(request, one)] for one in request.objects if one["kind"] == "Job"]
    if space.ok or any(one.ok for one in jobs):
        return Verdict(said="no warning of the namespace's level")
    return Verdict(unchecked=("no dry run of a pod or a Job",))


def _by_label(request: Request, level: str) -> Verdict:
    found = {
        f'"{level}": {", ".join(faults)} (a pod of {pods.role})': None
        for pods in request.pods
        if (faults := against(level, pods.spec))
    }
    return _refused(found, _LESS) if found else Verdict(said=f'the level is "{level}"')


def _refused(found: dict[str, None], remedy: str) -> Verdict:
    return Verdict(tuple(Refusal(f"not admitted by level {one}", remedy) for one in found))


def _warnings(request: Request, answers: Answers) -> list[str]:
    said = [one for made in request.objects for one in answers[dry_run.of(request, made)].warnings]
    return [one for one in said if one.startswith(_WARNED)]


def _after(said: str, mark: str) -> str:
    return said.partition(mark)[2].strip()
