"""Which role comes first, and whose end is the run's."""

import pytest

from rankzero.spec import completes, ordered_roles
from rankzero.spec.model import Job, Role, Run


def job(*names: str, **roles: Role) -> Job:
    return Job(name="a", run=Run(script="a.py"), roles={**{n: Role() for n in names}, **roles})


@pytest.mark.parametrize(
    ("written", "ordered"),
    [
        ("worker", "worker"),
        ("ps worker", "worker ps"),
        ("evaluator ps worker chief", "chief worker ps evaluator"),
        ("zebra ant", "zebra ant"),
        ("evaluator b a", "b a evaluator"),
    ],
)
def test_order(written, ordered):
    assert ordered_roles(job(*written.split())) == tuple(ordered.split())


@pytest.mark.parametrize(
    ("roles", "complete"),
    [
        ("worker", "worker"),
        ("ps worker", "worker"),
        ("chief worker", "chief worker"),
        ("chief ps worker evaluator", "chief"),
        ("actor learner", "actor learner"),
    ],
)
def test_whose_end_is_awaited(roles, complete):
    asked = job(*roles.split())
    assert [role for role in asked.roles if completes(asked, role)] == complete.split()


def test_what_the_user_says_wins():
    asked = job("chief", "worker", ps=Role(completes=True), actor=Role(completes=False))
    assert completes(asked, "ps")
    assert not completes(asked, "actor")
