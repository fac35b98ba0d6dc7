"""Pod Security: what each level has against a pod, and where its verdict is to be had."""

from __future__ import annotations

import pytest

from rankzero.backends.kubernetes.preflight import dry_run, pod_security
from rankzero.backends.kubernetes.preflight.model import Answer, Verdict
from rankzero.backends.kubernetes.preflight.namespace import itself
from rankzero.plan.kubernetes.standards import against
from support.security import PODS

from .given import NAMESPACE, found, job, judged, pods, refused, request, texts


@pytest.mark.parametrize("case", PODS)
def test_what_the_levels_have_against_a_pod(case: str) -> None:
    spec, baseline, more = PODS[case]

    assert against("privileged", spec) == []
    assert against("baseline", spec) == baseline
    assert against("restricted", spec) == list(dict.fromkeys([*baseline, *more]))


# -- the check

BAD = pods(hostNetwork=True)
WANTED = request(BAD, objects=(job(template=BAD.template),))
TRIED = dry_run.of(WANTED, WANTED.objects[0])
POD = dry_run.of_a_pod(WANTED, BAD)
WARNING = 'would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)'
DENIAL = f'pods "a" is forbidden: {WARNING.removeprefix("would ").replace("late", "lates", 1)}'


def space(level: str | None) -> Answer:
    labels = {} if level is None else {pod_security.ENFORCE: level}
    return found(metadata={"name": NAMESPACE, "labels": labels}, status={"phase": "Active"})


def verdict(**answers: Answer) -> Verdict:
    questions = {"job": TRIED, "pod": POD, "space": itself(NAMESPACE)}
    return judged(pod_security, WANTED, {questions[name]: one for name, one in answers.items()})


def test_whoever_may_create_pods_has_the_servers_word() -> None:
    (refusal,) = verdict(pod=refused(DENIAL), space=space("privileged")).refusals

    assert refusal.text == (
        'not admitted by level "baseline:latest": host namespaces (hostNetwork=true)'
    )
    assert "--no-preflight" not in refusal.remedy
    assert verdict(pod=found(), space=space("restricted")).refusals == ()


@pytest.mark.parametrize(("level", "admitted"), [("privileged", True), ("baseline", False)])
def test_whoever_may_read_the_namespace_knows_its_level(level: str, admitted: bool) -> None:
    warned = Answer(201, {}, (WARNING,))
    found_ = verdict(space=space(level), job=warned)

    assert (found_.refusals == ()) is admitted
    assert admitted or texts(found_) == [
        'not admitted by level "baseline": hostNetwork (a pod of worker)'
    ]


@pytest.mark.parametrize("known", [{}, {"space": space(None)}])
def test_others_have_a_jobs_warnings(known: dict[str, Answer]) -> None:
    (refusal,) = verdict(job=Answer(201, {}, (WARNING, "something else")), **known).refusals

    assert 'not admitted by level "baseline:latest"' in refusal.text
    assert "where the namespace only warns" in refusal.remedy


def test_no_warning_is_a_good_sign_and_no_answer_is_none() -> None:
    assert verdict(job=Answer(201)).said == "no warning of the namespace's level"
    assert verdict().unchecked == ("no dry run of a pod or a Job",)
