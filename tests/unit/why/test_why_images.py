"""Images that cannot be had, in the words of containerd, CRI-O and Docker."""

from __future__ import annotations

import pytest

from rankzero.why import pulling
from rankzero.why.seen import ABSENT, Ended, Machine, Pod, Said

from .looks import IMAGE, failed, pod, waits

_CONTAINERD = (
    f'rpc error: code = NotFound desc = failed to pull and unpack image "{IMAGE}": '
    f'failed to resolve reference "{IMAGE}": {IMAGE}: not found'
)
_UNAUTHORIZED = (
    f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": '
    "pulling from host 10.245.0.1:5001 failed with status code [manifests 1]: 401 Unauthorized"
)


def not_pulled(detail: str, word: str = "ErrImagePull", **fields):
    return waits(pod(waiting=word, detail=detail, **fields))


@pytest.mark.parametrize(
    ("detail", "cause"),
    [
        (_CONTAINERD, "image-not-found"),
        ("Error response from daemon: manifest unknown: manifest unknown", "image-not-found"),
        ("reading manifest 1 in registry/x: name unknown: repository", "image-not-found"),
        (_UNAUTHORIZED, "image-denied"),
        (
            "pull access denied for me/x, repository does not exist or may require 'docker login': "
            "denied: requested access to the resource is denied",
            "image-denied",
        ),
        ("authorization failed: no basic auth credentials", "image-denied"),
        ("server message: insufficient_scope: authorization failed", "image-denied"),
        ("unexpected status: 429 Too Many Requests: toomanyrequests", "image-not-pulled"),
        ("write /var/lib/containerd/x: no space left on device", "image-not-pulled"),
        ("dial tcp: lookup registry.example on 10.0.0.1:53: i/o timeout", "image-not-pulled"),
        ("dial tcp 10.0.0.9:443: connect: connection refused", "image-not-pulled"),
        ("no match for platform in manifest: not found", "wrong-architecture"),
        (
            "no matching manifest for linux/arm64/v8 in the manifest list entries",
            "wrong-architecture",
        ),
    ],
)
def test_words_of_registries(detail, cause):
    assert not_pulled(detail).cause == cause


def test_an_image_that_is_not_there_is_named_with_its_registry():
    found = not_pulled(_CONTAINERD)
    assert found.title == f"worker/0: image {IMAGE} is not there"
    assert found.evidence == (f"{IMAGE}: not found",)
    assert "at 10.245.0.1:5000;" in found.remedy


def test_while_the_machine_backs_off_its_reason_stays_known():
    since_1_31 = f'Back-off pulling image "{IMAGE}": ErrImagePull: {_CONTAINERD}'
    assert not_pulled(since_1_31, "ImagePullBackOff").cause == "image-not-found"
    before = Said("Failed", f'Failed to pull image "{IMAGE}": {_CONTAINERD}', 1.0)
    bare = f'Back-off pulling image "{IMAGE}"'
    assert not_pulled(bare, "ImagePullBackOff", said=(before,)).cause == "image-not-found"
    assert not_pulled(bare, "ImagePullBackOff").cause == "image-not-pulled"


def test_a_password_is_asked_for_by_the_registry_in_the_name():
    found = not_pulled(_UNAUTHORIZED)
    assert found.title == f"worker/0: 10.245.0.1:5000 refuses image {IMAGE} to this cluster"
    assert "--docker-server=10.245.0.1:5000" in found.remedy


def test_a_number_in_a_name_is_no_refusal():
    image = "registry:5000/x:401"
    said = f'failed to resolve reference "{image}": {image}: not found'
    assert not_pulled(said, image=image).cause == "image-not-found"


def test_a_name_that_is_none():
    said = 'couldn\'t parse image name "UPPER:1": invalid reference format: must be lowercase'
    found = not_pulled(said, "InvalidImageName", image="UPPER:1")
    assert (found.cause, found.title) == (
        "image-not-found",
        'worker/0: "UPPER:1" is no name of an image',
    )


def test_an_image_that_may_not_be_pulled():
    found = not_pulled("is not present with pull policy of Never", "ErrImageNeverPull")
    assert (
        found.title
        == f"worker/0: image {IMAGE} is not on gpu-01, and may not be pulled (pull: Never)"
    )


def test_the_processor_of_the_machine_is_told_where_machines_can_be_read():
    broken = Ended("Error", 255, "exec /usr/bin/sh: exec format error")
    dead = pod(phase="Failed", ended=broken)
    assert waits(dead).title == f"worker/0: image {IMAGE} is for another processor than gpu-01 has"
    arm = Machine("gpu-01", labels={"kubernetes.io/arch": "arm64"})
    found = waits(dead, machines=(arm,))
    assert found.title.endswith("than gpu-01 (arm64) has")
    assert found.evidence == ("exec /usr/bin/sh: exec format error",)


def test_of_a_pod_that_is_gone_its_events_still_tell():
    said = Said("Failed", f'Failed to pull image "{IMAGE}": {_CONTAINERD}', 1.0)
    gone = Pod("worker/1", phase=ABSENT, said=(said,))
    found = failed({"kind": "nodes-missing", "message": "worker/1 did not come"}, gone)
    assert found.title == f"worker/1: image {IMAGE} is not there"
    started = gone._replace(said=(said, Said("Started", "Started container rank", 2.0)))
    found = failed({"kind": "nodes-missing", "message": "worker/1 did not come"}, started)
    assert found.cause == "nodes-missing"


def test_several_nodes_with_one_trouble_are_told_together():
    pods = [pod(f"worker/{at}", waiting="ErrImagePull", detail=_CONTAINERD) for at in range(6)]
    assert waits(*pods).title.startswith("worker/0, worker/1, worker/2, worker/3 and 2 more: image")


def test_who_has_come_is_not_blamed():
    late = pod("worker/1", waiting="ErrImagePull", detail=_CONTAINERD)
    early = pod("worker/0", waiting="ErrImagePull", detail=_CONTAINERD)
    assert waits(early, late, here=("worker/0",)).title.startswith("worker/1: ")


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("python:3.11", "docker.io"),
        ("me/train:1", "docker.io"),
        ("ghcr.io/me/train", "ghcr.io"),
        ("localhost/train", "localhost"),
        ("10.0.0.1:5000/train", "10.0.0.1:5000"),
    ],
)
def test_the_registry_of_a_name(image, host):
    assert pulling.host(image) == host


def test_the_chain_of_errors_is_cut_to_its_end():
    assert pulling.core(_CONTAINERD) == f"{IMAGE}: not found"
    assert len(pulling.core("x" * 5000)) == 240
