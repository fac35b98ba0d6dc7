"""What the API server's dry run says: of objects, of pods, of the namespace, of what it lacks."""

from __future__ import annotations

import json

import pytest

from rankzero.backends.kubernetes.preflight import dry_run, features, namespace
from rankzero.backends.kubernetes.preflight.model import Answer, Verdict

from .given import ABSENT, FORBIDDEN, NAMESPACE, found, job, judged, made, pods, refused, request

SECRET = made("Secret", "token")
WANTED = request(objects=(job(completions=2), SECRET))
JOB, TOKEN = (dry_run.of(WANTED, one) for one in WANTED.objects)
POD = dry_run.of_a_pod(WANTED, WANTED.pods[0])
TAKEN = found()
NO_RIGHT = 'pods is forbidden: User "ada" cannot create resource "pods" in API group ""'
ENDING = "secrets is forbidden: unable to create new content because it is being terminated"


def verdict(token: Answer = TAKEN, pod: Answer = FORBIDDEN, other: Answer = TAKEN) -> Verdict:
    return judged(dry_run, WANTED, {TOKEN: token, POD: pod}, other)


def test_a_dry_run_sends_the_object_and_stores_nothing() -> None:
    assert TOKEN.path == "/api/v1/namespaces/team/secrets"
    assert dict(TOKEN.query) == {"dryRun": "All"}
    assert json.loads(TOKEN.body) == SECRET
    assert str(TOKEN.right) == "create secrets"


def test_all_is_well() -> None:
    assert verdict() == Verdict(said="the API server would take 2 objects")
    assert verdict(pod=found()).said == "the API server would take 3 objects"


@pytest.mark.parametrize(
    ("answer", "text", "wrong"),
    [
        (refused("name: Too long", 422), "Secret token: name: Too long", True),
        (refused("already exists", 409), "Secret token: already exists", False),
        (refused("exceeded quota: q"), "Secret token: exceeded quota: q", False),
        (refused("denied by policy"), "Secret token: denied by policy", False),
    ],
)
def test_what_the_server_would_refuse(answer: Answer, text: str, wrong: bool) -> None:
    (refusal,) = verdict(token=answer).refusals

    assert (refusal.text, refusal.request) == (text, wrong)


@pytest.mark.parametrize("answer", [FORBIDDEN, refused(NO_RIGHT), refused(ENDING), ABSENT])
def test_what_other_checks_tell(answer: Answer) -> None:
    assert verdict(token=answer) == Verdict(said="the API server would take 1 object")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("denied by policy", True),
        (NO_RIGHT, False),
        ("exceeded quota: q, requested: ...", False),
        ("failed quota: q: must specify", False),
        ('violates PodSecurity "restricted:latest": ...', False),
    ],
)
def test_what_the_server_would_refuse_of_a_pod(said: str, told: bool) -> None:
    texts = [one.text for one in verdict(pod=refused(said)).refusals]

    assert texts == ([f"a pod of worker: {said}"] if told else [])


def test_a_webhook_that_cannot_be_tried_is_not_checked() -> None:
    said = 'admission webhook "w" does not support dry run'

    assert verdict(token=refused(said, 400)).unchecked == (f"Secret token: {said}",)


def test_warnings_are_passed_on_once() -> None:
    warned = Answer(201, {}, ('unknown field "spec.x"', "would violate PodSecurity ..."))

    assert verdict(other=warned, token=warned).notes == (
        'the API server warns: unknown field "spec.x"',
    )


def test_a_pod_is_tried_without_the_account_that_comes_with_it() -> None:
    some = pods(serviceAccountName="mine")
    alone, along = request(some), request(some, objects=(made("ServiceAccount", "mine"),))

    assert json.loads(dry_run.of_a_pod(alone, some).body)["spec"]["serviceAccountName"] == "mine"
    assert "serviceAccountName" not in json.loads(dry_run.of_a_pod(along, some).body)["spec"]


# -- the namespace

SPACE = namespace.itself(NAMESPACE)
GONE = refused('namespaces "team" not found', 404)
ACTIVE = found(status={"phase": "Active"})
TERMINATING = found(status={"phase": "Terminating"})


@pytest.mark.parametrize(
    ("space", "tried", "said"),
    [
        (ABSENT, FORBIDDEN, 'there is no namespace "team"'),
        (FORBIDDEN, GONE, 'there is no namespace "team"'),
        (TERMINATING, FORBIDDEN, 'namespace "team" is being deleted'),
        (FORBIDDEN, refused(ENDING), 'namespace "team" is being deleted'),
        (ACTIVE, FORBIDDEN, ""),
        (FORBIDDEN, found(), ""),
        (FORBIDDEN, ABSENT, ""),
    ],
)
def test_a_namespace_that_is_absent_or_ends(space: Answer, tried: Answer, said: str) -> None:
    refusals = judged(namespace, WANTED, {SPACE: space}, tried).refusals

    assert [one.text for one in refusals] == ([said] if said else [])
    assert all("--namespace NAME" in one.remedy for one in refusals)


def test_a_namespace_of_which_nothing_is_seen() -> None:
    assert judged(namespace, WANTED) == Verdict(unchecked=("may not get namespaces",))


# -- features

SENT = {"suspend": True, "backoffLimitPerIndex": 6, "maxFailedIndexes": 0, "template": {}}


@pytest.mark.parametrize(
    ("lacking", "since"),
    [
        ((), ""),
        (("backoffLimitPerIndex", "maxFailedIndexes"), "1.29"),
        (("suspend",), "1.22"),
        (("suspend", "maxFailedIndexes"), "1.29"),
    ],
)
def test_a_cluster_that_lacks_a_feature(lacking: tuple[str, ...], since: str) -> None:
    wanted = request(objects=(job(**SENT),))
    stored = {key: value for key, value in SENT.items() if key not in lacking}
    said = judged(features, wanted, other=found(spec=stored)).refusals

    if not lacking:
        assert said == ()
        return
    assert said[0].remedy == f"a run needs Kubernetes {since} or newer"
    assert all(name in said[0].text for name in lacking)


def test_what_no_job_was_tried_on_is_not_checked() -> None:
    assert judged(features, WANTED) == Verdict(unchecked=("no dry run of a Job",))
