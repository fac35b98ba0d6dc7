"""What pods name: secrets, config maps, accounts, classes and claims that may be absent."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.backends.kubernetes.preflight import claims, presence, storage_classes
from rankzero.backends.kubernetes.preflight.model import Answer, Question, Verdict
from rankzero.backends.kubernetes.preflight.named import Reference, references
from rankzero.plan.kubernetes.rights import Right

from .given import ABSENT, FORBIDDEN, found, judged, listed, made, pods, refused, request, texts

KINDS = ("Secret", "ConfigMap", "PersistentVolumeClaim", "ServiceAccount", "PriorityClass")


def variable(kind: str, **source: Any) -> dict[str, Any]:
    return {"container": {"env": [{"name": "TOKEN", "valueFrom": {kind: source}}]}}


def volume(**source: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "data", **source}]}


NAMED: dict[str, tuple[dict[str, Any], list[Reference]]] = {
    "nothing": ({}, []),
    "a pull secret": (
        {"imagePullSecrets": [{"name": "registry"}]},
        [Reference("Secret", "registry", "to pull the image")],
    ),
    "a variable": (
        variable("secretKeyRef", name="hf", key="token"),
        [Reference("Secret", "hf", "variable TOKEN", "token")],
    ),
    "a variable of a config map": (
        variable("configMapKeyRef", name="hf", key="token"),
        [Reference("ConfigMap", "hf", "variable TOKEN", "token")],
    ),
    "a variable without a source": (variable("secretKeyRef", key="token"), []),
    "a claim without a name": (volume(persistentVolumeClaim={"readOnly": True}), []),
    "an optional variable": (variable("secretKeyRef", name="hf", key="a", optional=True), []),
    "a field": (variable("fieldRef", fieldPath="status.podIP"), []),
    "an environment": (
        {
            "container": {
                "envFrom": [{"secretRef": {"name": "all"}}, {"configMapRef": {"name": "b"}}]
            }
        },
        [
            Reference("Secret", "all", "the environment"),
            Reference("ConfigMap", "b", "the environment"),
        ],
    ),
    "an optional environment": (
        {"container": {"envFrom": [{"secretRef": {"name": "all", "optional": True}}]}},
        [],
    ),
    "a volume": (volume(secret={"secretName": "s"}), [Reference("Secret", "s", "volume data")]),
    "an optional volume": (volume(secret={"secretName": "s", "optional": True}), []),
    "a volume of a config map": (
        volume(configMap={"name": "c"}),
        [Reference("ConfigMap", "c", "volume data")],
    ),
    "some entries": (
        volume(secret={"secretName": "s", "items": [{"key": "a", "path": "a"}]}),
        [Reference("Secret", "s", "volume data", "a")],
    ),
    "several in one volume": (
        volume(projected={"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}]}),
        [Reference("Secret", "s", "volume data"), Reference("ConfigMap", "c", "volume data")],
    ),
    "a claim": (
        volume(persistentVolumeClaim={"claimName": "data"}),
        [Reference("PersistentVolumeClaim", "data", "volume data")],
    ),
    "an account": (
        {"serviceAccountName": "runner"},
        [Reference("ServiceAccount", "runner", "for the pods")],
    ),
    "a priority": (
        {"priorityClassName": "high"},
        [Reference("PriorityClass", "high", "for the pods")],
    ),
}


@pytest.mark.parametrize("case", NAMED)
def test_what_a_pod_names(case: str) -> None:
    spec, named = NAMED[case]

    assert references(request(pods(**spec)), *KINDS) == named


def test_what_comes_with_the_run_need_not_be_there() -> None:
    wanted = request(
        pods(**volume(secret={"secretName": "token"}), serviceAccountName="mine"),
        objects=(made("Secret", "token"), made("ServiceAccount", "mine")),
    )

    assert references(wanted, *KINDS) == []


def test_two_roles_name_a_secret_once() -> None:
    same = volume(secret={"secretName": "s"})

    assert len(references(request(pods(**same), pods("ps", **same)), "Secret")) == 1


HF = pods(**variable("secretKeyRef", name="hf", key="token"))


def secret(metadata: bool = False) -> Question:
    path = "/api/v1/namespaces/team/secrets/hf"
    return Question(path, Right("get", "", "secrets"), metadata=metadata)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (found(data={"token": "eA=="}), Verdict(said='"hf" there')),
        (FORBIDDEN, Verdict(unchecked=('"hf" (may not get secrets)',))),
        (refused("broken", 500), Verdict(unchecked=('"hf" (broken)',))),
    ],
)
def test_a_secret_that_is_there_or_cannot_be_seen(answer: Answer, verdict: Verdict) -> None:
    assert judged(presence.SECRETS, request(HF), {secret(): answer}) == verdict


@pytest.mark.parametrize(
    ("answer", "text", "remedy"),
    [
        (
            ABSENT,
            'there is no secret "hf" in team (variable TOKEN)',
            "kubectl create secret generic hf --namespace team --from-literal token=...",
        ),
        (
            found(data={"other": ""}),
            'the secret "hf" has no entry "token" (variable TOKEN)',
            "kubectl describe secret hf",
        ),
        (found(), 'the secret "hf" has no entry "token" (variable TOKEN)', "kubectl describe"),
    ],
)
def test_a_secret_or_entry_that_is_absent(answer: Answer, text: str, remedy: str) -> None:
    (refusal,) = judged(presence.SECRETS, request(HF), {secret(): answer}).refusals

    assert refusal.text == text
    assert remedy in refusal.remedy


def test_what_is_absent_is_told_once_with_every_place_that_names_it() -> None:
    spec = volume(secret={"secretName": "hf"}) | variable("secretKeyRef", name="hf", key="token")
    (refusal,) = judged(presence.SECRETS, request(pods(**spec)), other=ABSENT).refusals

    assert refusal.text == 'there is no secret "hf" in team (volume data, variable TOKEN)'
    assert refusal.remedy.endswith("--from-literal KEY=... --from-literal token=...")


def test_a_secret_for_a_registry_is_made_in_another_way() -> None:
    wanted = request(pods(imagePullSecrets=[{"name": "door"}]))
    (refusal,) = judged(presence.SECRETS, wanted, other=ABSENT).refusals

    assert "kubectl create secret docker-registry door --namespace team" in refusal.remedy


def test_the_content_of_a_secret_is_read_only_where_an_entry_is_wanted() -> None:
    whole = request(pods(**volume(secret={"secretName": "hf"})))

    assert list(presence.SECRETS.ask(request(HF), {})) == [secret()]
    assert list(presence.SECRETS.ask(whole, {})) == [secret(metadata=True)]


@pytest.mark.parametrize(
    ("check", "spec", "text"),
    [
        (
            presence.ACCOUNTS,
            {"serviceAccountName": "runner"},
            'there is no service account "runner" in team (for the pods)',
        ),
        (
            presence.PRIORITIES,
            {"priorityClassName": "high"},
            'there is no priority class "high" (for the pods)',
        ),
        (
            presence.CONFIG_MAPS,
            volume(configMap={"name": "c"}),
            'there is no config map "c" in team (volume data)',
        ),
    ],
)
def test_other_kinds_that_are_absent(
    check: presence.Presence, spec: dict[str, Any], text: str
) -> None:
    assert texts(judged(check, request(pods(**spec)), other=ABSENT)) == [text]


def test_a_priority_class_is_the_clusters() -> None:
    (question,) = presence.PRIORITIES.ask(request(pods(priorityClassName="high")), {})

    assert question.path == "/apis/scheduling.k8s.io/v1/priorityclasses/high"


# -- claims and their classes

MOUNTED = request(pods(**volume(persistentVolumeClaim={"claimName": "data"})))


def claim(phase: str = "Bound", kind: str | None = None, **more: Any) -> Answer:
    spec = {"accessModes": more.pop("modes", ["ReadWriteMany"])}
    spec |= {} if kind is None else {"storageClassName": kind}
    return found(metadata={"name": "data", **more}, spec=spec, status={"phase": phase})


def of_claim(answer: Answer) -> Verdict:
    return judged(claims, MOUNTED, {claims.itself(MOUNTED, "data"): answer})


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (ABSENT, 'there is no claim "data" in team (volume data)'),
        (claim("Lost"), 'the claim "data" has lost its volume (volume data)'),
        (claim(deletionTimestamp="2026"), 'the claim "data" is being deleted (volume data)'),
    ],
)
def test_a_claim_that_cannot_be_mounted(answer: Answer, text: str) -> None:
    (refusal,) = of_claim(answer).refusals

    assert refusal.text == text
    assert "kubectl get persistentvolumeclaims --namespace team" in refusal.remedy


def test_a_claim_that_is_there_or_cannot_be_seen() -> None:
    assert of_claim(claim()) == Verdict(said='"data" there')
    assert of_claim(FORBIDDEN) == Verdict(
        unchecked=('"data" (may not get persistentvolumeclaims)',)
    )


@pytest.mark.parametrize(
    ("modes", "said"),
    [
        (["ReadWriteOnce"], "have to be on one machine"),
        (["ReadWriteOncePod"], "of the 2 pods that mount it, one at a time can run"),
        (["ReadWriteOnce", "ReadWriteMany"], ""),
    ],
)
def test_what_a_claim_for_one_machine_means(modes: list[str], said: str) -> None:
    notes = of_claim(claim(modes=modes)).notes

    assert len(notes) == bool(said)
    assert all(said in note for note in notes)


DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}


def classes(**named: dict[str, str]) -> Answer:
    return listed(*({"metadata": {"name": name, "annotations": n}} for name, n in named.items()))


def of_classes(kind: str | None, answer: Answer) -> Verdict:
    (question,) = storage_classes.ask(
        MOUNTED, {claims.itself(MOUNTED, "data"): claim("Pending", kind)}
    )
    answers = {claims.itself(MOUNTED, "data"): claim("Pending", kind), question: answer}
    return storage_classes.judge(MOUNTED, answers)


@pytest.mark.parametrize(
    ("kind", "answer", "text"),
    [
        (
            "fast",
            classes(slow={}),
            'the claim "data" is of StorageClass "fast", which is not there',
        ),
        (None, classes(slow={}), 'the claim "data" names no StorageClass, and there is no default'),
    ],
)
def test_a_class_that_is_absent(kind: str | None, answer: Answer, text: str) -> None:
    (refusal,) = of_classes(kind, answer).refusals

    assert (refusal.text, refusal.remedy) == (text, "there is: slow")


@pytest.mark.parametrize(
    ("kind", "answer"), [("fast", classes(fast={})), (None, classes(slow={}, fast=DEFAULT))]
)
def test_a_class_that_is_there(kind: str | None, answer: Answer) -> None:
    assert of_classes(kind, answer) == Verdict(said="all are there")


def test_classes_that_may_not_be_read_are_not_checked() -> None:
    (said,) = of_classes("fast", FORBIDDEN).unchecked

    assert said == '"fast" (may not list storageclasses.storage.k8s.io)'


@pytest.mark.parametrize("answer", [claim("Bound", "gone"), claim("Pending", ""), ABSENT])
def test_a_claim_that_waits_for_no_class(answer: Answer) -> None:
    known = {claims.itself(MOUNTED, "data"): answer}

    assert list(storage_classes.ask(MOUNTED, known)) == []
    assert storage_classes.judge(MOUNTED, known) == Verdict(said="no claim waits for one")


def test_claims_that_the_run_brings_and_those_of_a_pod_wait_for_a_class() -> None:
    template = {"volumeClaimTemplate": {"spec": {"storageClassName": "b"}}}
    wanted = request(
        pods(**volume(ephemeral=template)),
        objects=(made("PersistentVolumeClaim", spec={"storageClassName": "a"}),),
    )
    (question,) = storage_classes.ask(wanted, {})

    assert len(storage_classes.judge(wanted, {question: classes(c={})}).refusals) == 2


def test_a_volume_of_its_own_without_a_template_is_the_dry_runs_to_tell() -> None:
    assert list(claims.unbound(request(pods(**volume(ephemeral={}))), {})) == [("data", None)]
