"""All questions of all checks, put to the API server: the part of preflight that does something.

How many there are depends on the kinds of a run's objects, not on the number of its ranks.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.preflight import rights
from rankzero.backends.kubernetes.preflight.model import (
    Answer,
    Answers,
    Check,
    Question,
    Request,
)

#: So many connections are opened: they carry few requests each.
_AT_ONCE = 6


def answers_to(cluster: Cluster, request: Request, checks: Iterable[Check]) -> Answers:
    """Errors: Refused where the cluster cannot be reached, or does not know this user.

    The first question goes alone: a login that it takes is done once, and what the rules do not
    allow need not be asked.
    """
    review = rights.rules_review(request.namespace)
    answers = {review: _ask(cluster, review)}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while new := _new(request, checks, answers):
            refused = [one for one in new if _denied(answers[review], one)]
            asked = [one for one in new if one not in refused]
            answers.update(dict.fromkeys(refused, Answer(403)))
            answers.update(zip(asked, pool.map(lambda one: _ask(cluster, one), asked), strict=True))
    return answers


def _new(request: Request, checks: Iterable[Check], answers: Answers) -> list[Question]:
    asked = (question for check in checks for question in check.ask(request, answers))
    return list(dict.fromkeys(one for one in asked if one not in answers))


def _denied(review: Answer, question: Question) -> bool:
    """Whether the API server would refuse, as far as its rules are all known."""
    if question.right is None or not review.ok or not rights.complete(review.body):
        return False
    return not rights.allows(review.body, question.right)


def _ask(cluster: Cluster, question: Question) -> Answer:
    reply = cluster.reply(
        question.path, dict(question.query), question.body, metadata=question.metadata
    )
    return Answer(reply.code, reply.body, reply.warnings)
