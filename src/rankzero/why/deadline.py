"""The run, or one of its pods, was given only so much time, and it is over."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.seen import Ended

_WORD = "DeadlineExceeded"
_REMEDY = "give it more time (activeDeadlineSeconds), or less to do; checkpoints let it go on"


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or failure.kind not in ("node-lost", "node-left", "job-failed"):
        return None
    for job in facts.seen.jobs:
        failed = job.failed or Ended("")
        if failed.reason == _WORD:
            title = "the run was ended when its time was over"
            return Finding("deadline", title, (failed.message,), _REMEDY)
    for pod in facts.seen.pods:
        if pod.reason == _WORD and failure.node in ("", pod.node):
            title = f"{pod.node} was ended when its time was over"
            evidence = (pod.message,) if pod.message else ()
            return Finding("deadline", title, evidence, _REMEDY)
    return None
