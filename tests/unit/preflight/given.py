"""Requests and answers for checks: the smallest ones, changed where a test says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rankzero.backends.kubernetes.preflight.model import (
    Answer,
    Answers,
    Check,
    Pods,
    Question,
    Request,
    Verdict,
)

NAMESPACE = "team"
FORBIDDEN = Answer(403)
ABSENT = Answer(404, {"message": "not found"})


def pods(role: str = "worker", most: int = 2, least: int | None = None, **spec: Any) -> Pods:
    """Pods of one container; requests and limits are its, all else is their spec's."""
    resources = {key: spec.pop(key) for key in ("requests", "limits") if key in spec}
    container = {"name": "rank", "image": "image:1", "resources": resources}
    container |= spec.pop("container", {})
    template = {"spec": {"containers": [container], **spec}}
    return Pods(role, most, most if least is None else least, template)


def request(*some: Pods, **more: Any) -> Request:
    fields: dict[str, Any] = {"objects": (), "sizes": {}, **more}
    return Request(NAMESPACE, some or (pods(),), **fields)


def job(**spec: Any) -> dict[str, Any]:
    return {"kind": "Job", "metadata": {"name": "job"}, "spec": spec}


def made(kind: str, name: str = "made", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, **more}


def listed(*items: Mapping[str, Any]) -> Answer:
    return Answer(200, {"items": list(items)})


def found(**body: Any) -> Answer:
    return Answer(200, body)


def refused(message: str, code: int = 403) -> Answer:
    return Answer(code, {"message": message})


def judged(
    check: Check, asked: Request, answers: Answers | None = None, other: Answer = FORBIDDEN
) -> Verdict:
    """The verdict once every question has its answer: one of these, or the other."""
    known: dict[Question, Answer] = dict(answers or {})
    while new := [one for one in check.ask(asked, known) if one not in known]:
        known.update(dict.fromkeys(new, other))
    return check.judge(asked, known)


def texts(verdict: Verdict) -> list[str]:
    return [one.text for one in verdict.refusals]
