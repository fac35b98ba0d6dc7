"""The default image, by what is installed."""

from __future__ import annotations

import pytest

from rankzero.backends.kubernetes.preflight.image import wrong
from rankzero.plan.kubernetes.images import TENSORFLOW, TORCH, default_image

CHOSEN = [
    ("torch", "2.9.1", "pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime", "matches your torch 2.9.1"),
    ("torch", "2.9.1+cpu", "pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime", "matches your"),
    ("torch", "2.9.1+cu130", "pytorch/pytorch:2.9.1-cuda13.0-cudnn9-runtime", "matches your"),
    ("torch", "2.3.0+cu118", "pytorch/pytorch:2.3.0-cuda11.8-cudnn8-runtime", "matches your"),
    ("torch", "2.14.1", "pytorch/pytorch:2.14.1-cuda13.0-cudnn9-runtime", "matches your"),
    ("torch", "2.14.1+cu126", "pytorch/pytorch:2.14.1-cuda12.6-cudnn9-runtime", "matches your"),
    # There is no image for CUDA 12.8 of this one: the wheel's own is not made up.
    ("torch", "2.12.0+cu128", "pytorch/pytorch:2.12.0-cuda13.0-cudnn9-runtime", "matches your"),
    ("torch", "2.9.2", "pytorch/pytorch:2.9.1-cuda12.8", "the nearest known; your torch is 2.9.2"),
    ("torch", "2.4.9a0", "pytorch/pytorch:2.4.1-cuda12.1", "the nearest known; your torch is 2.4"),
    ("torch", "2.99.0", "pytorch/pytorch:2.14.1-", "the newest known; your torch is 2.99.0"),
    ("torch", None, "pytorch/pytorch:2.14.1-", "the newest known; no torch is installed here"),
    ("tensorflow", "2.19.0", "tensorflow/tensorflow:2.19.0", "matches your TensorFlow 2.19.0"),
    ("tensorflow", "2.15.0.post1", "tensorflow/tensorflow:2.15.0.post1", "matches your"),
    ("tensorflow", "2.20.0rc0", "tensorflow/tensorflow:2.20.0", "the nearest known; your"),
    ("tensorflow", "2.99.0", "tensorflow/tensorflow:2.21.0", "the newest known; your"),
    ("tensorflow", None, "tensorflow/tensorflow:2.21.0", "the newest known; no TensorFlow is"),
    ("plain", None, "python:3.12-slim", "matches your Python 3.12"),
]


@pytest.mark.parametrize(("framework", "version", "image", "why"), CHOSEN)
def test_chosen(framework: str, version: str | None, image: str, why: str) -> None:
    found = default_image(framework, version, "3.12", gpus=False)
    assert found.image.startswith(image)
    assert found.why.startswith(why)


@pytest.mark.parametrize(
    ("version", "taken"),
    [
        *(("2.19.1", "2.19.0"), ("2.18.1", "2.18.0"), ("2.17.1", "2.17.0"), ("2.14.1", "2.14.0")),
        *(("2.15.1", "2.15.0.post1"), ("2.13.1", "2.13.0"), ("2.12.1", "2.12.0")),
    ],
)
@pytest.mark.parametrize("gpus", [False, True])
def test_a_release_without_an_image_gets_the_one_before_and_is_told(
    version: str, taken: str, gpus: bool
) -> None:
    found = default_image("tensorflow", version, "3.12", gpus=gpus)
    assert found.image == f"tensorflow/tensorflow:{taken}{'-gpu' if gpus else ''}"
    assert found.why == f"the nearest known; your TensorFlow is {version}"


def test_tensorflow_with_gpus_has_its_own_images() -> None:
    for version, shown in (("2.19.0", "2.19.0"), (None, "2.21.0")):
        found = default_image("tensorflow", version, "3.12", gpus=True)
        assert found.image == f"tensorflow/tensorflow:{shown}-gpu"


@pytest.mark.parametrize(
    ("framework", "table"), [("torch", list(TORCH)), ("tensorflow", list(TENSORFLOW))]
)
def test_a_table_has_the_newest_first_and_names_that_a_registry_takes(
    framework: str, table: list[str]
) -> None:
    numbers = [[int(part) for part in release.split(".")[:3]] for release in table]
    assert numbers == sorted(numbers, reverse=True)
    for release in table:
        found = default_image(framework, release, "3.12", gpus=False)
        assert f":{release}" in found.image
        assert wrong(found.image) == ""


@pytest.mark.parametrize(
    ("framework", "version", "reason"),
    [
        ("torch", "1.8.0", "torch 1.8.0 is older than any image that is known"),
        ("torch", "unknown", "torch unknown is older than any image that is known"),
        ("tensorflow", "1.15.5", "TensorFlow 1.15.5 is older than any image that is known"),
        ("torch", "2.9.1+rocm6.4", r"torch 2.9.1\+rocm6.4 is not made for CUDA"),
        ("jax", "0.10.2", "JAX is not published as images by version"),
        ("mpi", None, "MPI is not published as images that all would take"),
    ],
)
def test_refused(framework: str, version: str, reason: str) -> None:
    with pytest.raises(LookupError, match=reason):
        default_image(framework, version, "3.12", gpus=False)
