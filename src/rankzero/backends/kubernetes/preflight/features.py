"""Whether the cluster knows what a run's Jobs rest on.

An API server that lacks a field leaves it out of what it would store, be it too old for it or told
not to have it: so its dry run tells, whatever its version says.
"""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight import dry_run
from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Object,
    Question,
    Refusal,
    Request,
    Verdict,
)

NAME = "features"

#: The release of Kubernetes since which a field of a Job is there unless it was switched off.
_SINCE = {
    "backoffLimitPerIndex": "1.29",
    "maxFailedIndexes": "1.29",
    "podReplacementPolicy": "1.29",
    "podFailurePolicy": "1.26",
    "suspend": "1.22",
    "completionMode": "1.22",
    "ttlSecondsAfterFinished": "1.21",
}


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    for made in _jobs(request):
        yield dry_run.of(request, made)


def judge(request: Request, answers: Answers) -> Verdict:
    lacking: dict[str, None] = {}
    looked = False
    for made in _jobs(request):
        answer = answers[dry_run.of(request, made)]
        looked = looked or answer.ok
        if answer.ok:
            lacking.update(dict.fromkeys(dropped(made["spec"], answer.body.get("spec", {}))))
    if lacking:
        since = max((_SINCE[name] for name in lacking), key=lambda one: int(one.split(".")[1]))
        text = f"this Kubernetes lacks {', '.join(lacking)} of Jobs"
        return Verdict((Refusal(text, f"a run needs Kubernetes {since} or newer"),))
    if not looked:
        return Verdict(unchecked=("no dry run of a Job",))
    return Verdict(said="Jobs have all that a run takes")


def dropped(sent: Object, stored: Object) -> list[str]:
    """The fields that were sent, and would not be stored."""
    return [name for name in _SINCE if name in sent and name not in stored]


def _jobs(request: Request) -> list[Object]:
    return [one for one in request.objects if one["kind"] == "Job"]
