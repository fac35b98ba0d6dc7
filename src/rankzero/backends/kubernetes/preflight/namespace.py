"""Whether the namespace is there, and stays."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight import dry_run
from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Question,
    Refusal,
    Request,
    Verdict,
    why_not,
)
from rankzero.plan.kubernetes.rights import Right

NAME = "namespace"

_OTHER = "or choose another: --namespace NAME"


def itself(namespace: str) -> Question:
    """The namespace as an object. A Role in it may allow this, though it is the cluster's."""
    return Question(f"/api/v1/namespaces/{namespace}", Right("get", "", "namespaces"))


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    yield itself(request.namespace)
    yield from dry_run.ask(request, answers)


def judge(request: Request, answers: Answers) -> Verdict:
    question = itself(request.namespace)
    answer = answers[question]
    tried = dry_run.tried(request, answers)
    gone = answer.absent or any(_is_absent(request, one.message) for one in tried if one.absent)
    if gone:
        remedy = f"kubectl create namespace {request.namespace}, {_OTHER}"
        return Verdict((Refusal(f'there is no namespace "{request.namespace}"', remedy),))
    ending = answer.ok and answer.body.get("status", {}).get("phase") == "Terminating"
    if ending or any(dry_run.ends(one) for one in tried):
        text = f'namespace "{request.namespace}" is being deleted'
        return Verdict((Refusal(text, f"wait until it is gone, {_OTHER}"),))
    if answer.ok or any(one.ok for one in tried):
        return Verdict(said=f'"{request.namespace}" is there')
    return Verdict(unchecked=(why_not(answer, question.right),))


def _is_absent(request: Request, said: str) -> bool:
    """Of what belongs into it, the API server says this instead."""
    return f'namespaces "{request.namespace}" not found' in said
