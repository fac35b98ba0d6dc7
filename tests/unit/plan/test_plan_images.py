"""The default image, by what is installed."""

from __future__ import annotations

import pytest

from rankzero.plan.kubernetes.images import default_image

CHOSEN = [
    ("torch", "2.9.1", "pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime", "matches your torch 2.9.1"),
    ("torch", "2.9.1+cpu", "pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime", "matches your"),
    ("torch", "2.9.1+cu130", "pytorch/pytorch:2.9.1-cuda13.0-cudnn9-runtime", "matches your"),
    ("torch", "2.3.0+cu118", "pytorch/pytorch:2.3.0-cuda11.8-cudnn8-runtime", "matches your"),
    ("torch", "2.9.2", "pytorch/pytorch:2.9.1-cuda12.8", "the nearest known; your torch is 2.9.2"),
    (
        "torch",
        "2.4.9a0",
        "pytorch/pytorch:2.4.1-cuda12.4",
        "the nearest known; your torch is 2.4.9",
    ),
    ("torch", "2.99.0", "pytorch/pytorch:2.10.0-", "the newest known; your torch is 2.99.0"),
    ("torch", None, "pytorch/pytorch:2.10.0-", "the newest known; no torch is installed here"),
    ("tensorflow", "2.19.1", "tensorflow/tensorflow:2.19.1", "matches your TensorFlow 2.19.1"),
    ("tensorflow", "2.20.0rc0", "tensorflow/tensorflow:2.20.0rc0", "matches your TensorFlow"),
    ("tensorflow", None, "tensorflow/tensorflow:2.19.0", "no TensorFlow is installed here"),
    ("plain", None, "python:3.12-slim", "matches your Python 3.12"),
]


@pytest.mark.parametrize(("framework", "version", "image", "why"), CHOSEN)
def test_chosen(framework: str, version: str | None, image: str, why: str) -> None:
    found = default_image(framework, version, "3.12", gpus=False)
    assert found.image.startswith(image)
    assert found.why.startswith(why)


def test_tensorflow_with_gpus_has_its_own_images() -> None:
    for version, shown in (("2.19.1", "2.19.1"), (None, "2.19.0")):
        found = default_image("tensorflow", version, "3.12", gpus=True)
        assert found.image == f"tensorflow/tensorflow:{shown}-gpu"


@pytest.mark.parametrize(
    ("framework", "version", "reason"),
    [
        ("torch", "1.8.0", "torch 1.8.0 is older than any image that is known"),
        ("torch", "unknown", "torch unknown is older than any image that is known"),
        ("tensorflow", "1.15.5", "TensorFlow 1.15.5 is no release of TensorFlow 2"),
        ("tensorflow", "2.22.0.dev2026", "TensorFlow 2.22.0.dev2026 is no release"),
        ("jax", "0.10.2", "JAX is not published as images by version"),
    ],
)
def test_refused(framework: str, version: str, reason: str) -> None:
    with pytest.raises(LookupError, match=reason):
        default_image(framework, version, "3.12", gpus=False)
