"""Names of images: what a registry could have, and what none has."""

from __future__ import annotations

import pytest

from rankzero.backends.kubernetes.preflight import image

from .given import judged, pods, request

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    "name",
    [
        "python",
        "python:3.11-slim",
        "pytorch/pytorch:2.10.0-cuda12.8",
        "10.245.0.1:5000/lab/python:1",
        "localhost/mine",
        "localhost:5000/mine_x/a__b/c-d.e:TAG",
        "[2001:db8::1]:5000/mine:1",
        f"ghcr.io/a/b@{DIGEST}",
        f"ghcr.io/a/b:1@{DIGEST}",
        "Registry.example.com/a",
    ],
)
def test_possible_names(name: str) -> None:
    assert image.wrong(name) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "empty"),
        (" python", "spaces"),
        ("MyOrg/train:1", '"MyOrg" has capital letters'),
        ("ghcr.io/a/Train", '"Train" has capital letters'),
        ("train:", '"" after : is no tag'),
        ("train:-1", '"-1" after : is no tag'),
        (f"train:{'1' * 129}", "is no tag"),
        ("ghcr.io//train", "a part of it is empty"),
        ("train/", "a part of it is empty"),
        ("a b", '"a b" may have'),
        ("a..b", '"a..b" may have'),
        ("train@sha256:12", "is no digest"),
        ("train@", "is no digest"),
        ("ho_st.io:80x/train", "is no registry"),
        ("ghcr.io/" + "a" * 250, "more than 255"),
    ],
)
def test_impossible_names(name: str, said: str) -> None:
    assert said in image.wrong(name)


def test_a_container_without_an_image_is_a_wrong_request() -> None:
    (refusal,) = judged(image, request(pods(initContainers=[{"name": "first"}]))).refusals
    assert refusal.request
    assert refusal.text.startswith('"" is no image name: it is empty')


def test_each_wrong_image_is_told_once_as_a_wrong_request() -> None:
    preparing = {"initContainers": [{"name": "first", "image": "Other"}]}
    several = (pods(container={"image": "A"}), pods("ps", container={"image": "A"}, **preparing))
    verdict = judged(image, request(*several))

    assert [one.text.partition(" is")[0] for one in verdict.refusals] == ['"A"', '"Other"']
    assert all(one.request for one in verdict.refusals)
