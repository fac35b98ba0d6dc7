"""Whether anybody measures the load that a service is to be scaled by."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight.autoscalers import GROUPS
from rankzero.backends.kubernetes.preflight.model import Answers, Question, Request, Verdict

NAME = "metrics"

#: What a metrics-server serves, or whatever stands in for one.
_GROUP = "metrics.k8s.io"


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    if request.named("HorizontalPodAutoscaler"):
        yield GROUPS


def judge(request: Request, answers: Answers) -> Verdict:
    """No refusal: it serves all the same, and somebody may install one later."""
    if not request.named("HorizontalPodAutoscaler"):
        return Verdict(said="nothing goes by the load")
    answer = answers[GROUPS]
    if not answer.ok:
        return Verdict(unchecked=(answer.message,))
    if any(group["name"] == _GROUP for group in answer.body.get("groups") or ()):
        return Verdict(said="the load of pods is measured")
    note = "the cluster has no metrics-server: until it has one, the number of pods stays as it is"
    return Verdict(notes=(note,))
