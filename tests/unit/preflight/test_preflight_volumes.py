"""Volumes that a run brings along: made, there already, or such as no class gives."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.backends.kubernetes.preflight import claims, dry_run, quota, storage_classes, volumes
from rankzero.backends.kubernetes.preflight.model import Answer, Request, Verdict
from rankzero.backends.kubernetes.preflight.provisioners import one_machine
from rankzero.plan.kubernetes.claims import claim
from rankzero.spec.pods import Source

from .given import ABSENT, FORBIDDEN, found, judged, listed, pods, refused, request, texts


def wanted(most: int = 2, **more: Any) -> Request:
    source = Source.model_validate({"claim": "data", "size": "5Gi", **more})
    mounted = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}
    return request(pods(most=most, **mounted), objects=(claim("data", source, most),))


def there(size: str = "5Gi", kind: str = "standard", *modes: str) -> Answer:
    spec = {
        "accessModes": list(modes or ("ReadWriteMany",)),
        "resources": {"requests": {"storage": size}},
        "storageClassName": kind,
    }
    return found(metadata={"name": "data"}, spec=spec, status={"phase": "Bound"})


def classes(**provisioners: str) -> Answer:
    default = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    return listed(
        *(
            {"metadata": {"name": name, **(default if name == "usual" else {})}, "provisioner": by}
            for name, by in provisioners.items()
        )
    )


def verdict(asked: Request, answer: Answer, known: Answer = FORBIDDEN) -> Verdict:
    answers = {claims.itself(asked, "data"): answer, storage_classes.CLASSES: known}
    return judged(volumes, asked, answers)


def test_one_that_is_absent_is_made_for_as_many_pods_as_mount_it() -> None:
    said = verdict(wanted(), ABSENT)
    assert (said.refusals, said.said) == ((), '"data" will be made (5Gi, ReadWriteMany)')
    said = verdict(wanted(most=1), ABSENT)
    assert said.said == '"data" will be made (5Gi, ReadWriteOnce)'


def test_several_pods_and_a_volume_for_one_machine_are_told() -> None:
    (note,) = verdict(wanted(access="once"), ABSENT).notes
    assert "the 2 pods that mount it have to be on one machine" in note


@pytest.mark.parametrize(
    ("more", "answer", "fault"),
    [
        ({}, there("1Gi"), "has 1Gi, not 5Gi"),
        ({}, there("5Gi", "standard", "ReadWriteOnce"), "is ReadWriteOnce, not ReadWriteMany"),
        ({"class": "fast"}, there(), 'is of class "standard", not "fast"'),
    ],
)
def test_one_that_is_there_otherwise_is_never_changed(
    more: dict[str, str], answer: Answer, fault: str
) -> None:
    (text,) = texts(verdict(wanted(**more), answer))
    assert text == f'the volume "data" is there already, and {fault}'


def test_one_that_has_more_than_was_asked_for_will_do() -> None:
    assert verdict(wanted(access="once"), there("9Gi")) == Verdict(said='"data" there')


def test_what_may_not_be_read_is_not_checked() -> None:
    (said,) = verdict(wanted(), FORBIDDEN).unchecked
    assert said == '"data" (may not get persistentvolumeclaims)'


@pytest.mark.parametrize("more", [{}, {"class": "usual"}])
def test_many_writers_of_a_class_for_one_machine_are_refused(more: dict[str, str]) -> None:
    known = classes(usual="rancher.io/local-path", files="nfs.csi.k8s.io")
    (one,) = verdict(wanted(**more), ABSENT, known).refusals
    assert 'StorageClass "usual" makes folders of one machine' in one.text
    assert "access: once" in one.remedy
    assert "(class: files)" in one.remedy


@pytest.mark.parametrize(
    ("more", "answer"), [({"class": "files"}, ABSENT), ({"access": "once"}, ABSENT), ({}, there())]
)
def test_other_classes_other_modes_and_those_that_are_there_pass(
    more: dict[str, str], answer: Answer
) -> None:
    known = classes(usual="ebs.csi.aws.com", files="nfs.csi.k8s.io")
    assert verdict(wanted(**more), answer, known).refusals == ()


def test_an_operators_namespace_hides_no_provisioner() -> None:
    assert one_machine("rook-ceph.rbd.csi.ceph.com")
    assert not one_machine("rook-ceph.cephfs.csi.ceph.com")


def test_one_that_is_there_takes_nothing_of_a_quota_and_its_dry_run_is_no_fault() -> None:
    asked = wanted()
    full = listed(
        {
            "metadata": {"name": "team"},
            "spec": {"hard": {"persistentvolumeclaims": "1"}},
            "status": {"used": {"persistentvolumeclaims": "1"}},
        }
    )
    answers = {quota.quotas(asked.namespace): full, claims.itself(asked, "data"): there()}
    assert judged(quota, asked, answers).refusals == ()
    answers[claims.itself(asked, "data")] = ABSENT
    assert len(judged(quota, asked, answers).refusals) == 1

    (made,) = asked.objects
    taken = {dry_run.of(asked, made): refused('"data" already exists', 409)}
    assert judged(dry_run, asked, taken).refusals == ()
