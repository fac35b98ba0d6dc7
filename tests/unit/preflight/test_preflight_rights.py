"""Whether a user may do what a run takes, from what the API server says of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rankzero.backends.kubernetes.preflight import rights
from rankzero.backends.kubernetes.preflight.model import Answer, Question, Request, Verdict
from rankzero.plan.kubernetes.rights import USUAL, Right, needed
from rankzero.plan.kubernetes.rights import rights as all_of

from .given import FORBIDDEN, NAMESPACE, found, made, request

ALL = all_of(USUAL)


def rule(group: str, resource: str, *verbs: str, **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs), **more}


def review(*rules: dict[str, Any], incomplete: bool = False) -> Answer:
    return found(status={"resourceRules": list(rules), "incomplete": incomplete})


def own_rules(without: Right | None = None) -> list[dict[str, Any]]:
    return [rule(one.group, one.resource, one.verb) for one in ALL if one != without]


def asked(question: Question) -> Right:
    """What an access review asks after."""
    said = json.loads(question.body)["spec"]["resourceAttributes"]
    inner = f"/{said['subresource']}" if said["subresource"] else ""
    return Right(said["verb"], said["group"], said["resource"] + inner)


def verdict(
    wanted: Request, rules: Answer, *granted: Right, denied: Answer | None = None
) -> Verdict:
    """As the API server answers it: access reviews of what was granted allow it."""
    answers = {rights.rules_review(NAMESPACE): rules}
    while new := [one for one in rights.ask(wanted, answers) if one not in answers]:
        for one in new:
            answer = found(status={"userInfo": {"username": "ada"}})
            if one != rights.WHO:
                answer = denied or found(status={"allowed": asked(one) in granted})
            answers[one] = answer
    return rights.judge(wanted, answers)


def test_all_rights_are_one_question() -> None:
    rules = review(*own_rules())
    answers = {rights.rules_review(NAMESPACE): rules}

    assert list(rights.ask(request(), answers)) == []
    assert rights.judge(request(), answers) == Verdict(said=f"all {len(ALL)} that a run takes")


@pytest.mark.parametrize("missing", ALL, ids=str)
def test_one_missing_right_is_named_alone(missing: Right) -> None:
    (refusal,) = verdict(request(), review(*own_rules(without=missing))).refusals

    assert refusal.text == f"you may not {missing}"
    assert "rankzero doctor --rbac --namespace team --user ada" in refusal.remedy
    assert not refusal.request


def test_missing_rights_are_grouped_by_resource() -> None:
    some = [one for one in own_rules() if one["resources"] not in (["jobs"], ["pods/exec"])]
    (refusal,) = verdict(request(), review(*some)).refusals

    assert refusal.text == (
        "you may not create, list, watch, patch, delete jobs.batch, get, create pods/exec"
    )


def test_what_rules_do_not_show_may_be_allowed_all_the_same() -> None:
    """An authorizer that cannot list its rules still answers."""
    one, *others = ALL

    assert verdict(request(), review(incomplete=True), *ALL).refusals == ()
    (refusal,) = verdict(request(), review(incomplete=True), *others).refusals
    assert refusal.text == f"you may not {one}"


def test_no_right_at_all_may_be_a_wrong_namespace() -> None:
    (refusal,) = verdict(request(), review()).refusals

    assert refusal.text == 'you have no rights in namespace "team"; is that its name?'


def test_where_nobody_answers_it_is_not_checked() -> None:
    status = Answer(403, {"kind": "Status", "status": "Failure", "message": "anonymous: no"})
    said = verdict(request(), status, denied=status)

    assert said.refusals == ()
    assert said.unchecked[0].startswith(
        "whether you may create, list, watch, patch, delete jobs.batch"
    )


def test_what_a_run_brings_along_has_to_be_allowed_too() -> None:
    (refusal,) = verdict(request(objects=(made("NetworkPolicy"),)), review(*own_rules())).refusals

    assert refusal.text == "you may not create networkpolicies.networking.k8s.io"
    assert "rankzero doctor --rbac JOB.yaml --namespace team" in refusal.remedy
    assert len(needed([made("NetworkPolicy")])) == len(USUAL) + 1


def test_an_account_is_named_as_doctor_takes_it() -> None:
    answers = {rights.rules_review(NAMESPACE): review()}
    for one in rights.ask(request(), answers):
        answers[one] = found(status={"allowed": False})
    answers[rights.WHO] = found(status={"userInfo": {"username": "system:serviceaccount:ci:bot"}})
    (refusal,) = rights.judge(request(), answers).refusals

    assert "--serviceaccount ci:bot |" in refusal.remedy


EXEC, JOBS = Right("get", "", "pods/exec"), Right("list", "batch", "jobs")


@pytest.mark.parametrize(
    ("shown", "right", "covered"),
    [
        (rule("*", "*", "*"), JOBS, True),
        (rule("batch", "jobs", "list", "get"), JOBS, True),
        (rule("batch", "*", "list"), JOBS, True),
        (rule("batch", "jobs", "get"), JOBS, False),
        (rule("", "jobs", "list"), JOBS, False),
        (rule("batch", "jobs", "list", resourceNames=["mine"]), JOBS, False),
        (rule("batch", "jobs", "list", resourceNames=["mine"]), JOBS._replace(name="mine"), True),
        (rule("batch", "jobs", "list", resourceNames=["his"]), JOBS._replace(name="mine"), False),
        (rule("batch", "jobs", "list"), JOBS._replace(name="mine"), True),
        (rule("batch", "jobs/status", "list"), JOBS, False),
        (rule("", "pods/exec", "get"), EXEC, True),
        (rule("", "*/exec", "get"), EXEC, True),
        (rule("", "*", "get"), EXEC, True),
        (rule("", "pods", "get"), EXEC, False),
    ],
)
def test_which_rules_cover_a_right(shown: dict[str, Any], right: Right, covered: bool) -> None:
    assert rights.allows(review(shown).body, right) is covered


@pytest.mark.parametrize(
    ("answer", "known"),
    [(review(), True), (review(incomplete=True), False), (FORBIDDEN, False)],
)
def test_when_all_rules_are_known(answer: Answer, known: bool) -> None:
    assert rights.complete(answer.body) is known
