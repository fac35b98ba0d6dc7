"""Which image a job's roles get, and what a command says of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rankzero.backends.kubernetes.images import with_images
from rankzero.errors import BadRequest
from rankzero.spec import build
from rankzero.spec.model import Job

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An active virtual environment beside rankzero's own, and no default image."""
    monkeypatch.delenv("RANKZERO_IMAGE", raising=False)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "venv"))
    packages = tmp_path / "venv" / "lib" / "python3.12" / "site-packages"
    packages.mkdir(parents=True)
    return packages


def installed(packages: Path, name: str, version: str) -> None:
    folder = packages / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def job(**roles: dict[str, object]) -> Job:
    return build({"run": {"module": "train"}, "roles": roles or {"worker": {}}})


def test_the_version_in_the_active_environment_counts(environment: Path) -> None:
    installed(environment, "torch", "2.8.0+cu126")
    made, said = with_images(job(), "torch")
    image = "pytorch/pytorch:2.8.0-cuda12.6-cudnn9-runtime"
    assert made.roles["worker"].image == image
    assert said == f"{image} (matches your torch 2.8.0)"


def test_tensorflow_may_have_come_as_its_smaller_package(environment: Path) -> None:
    installed(environment, "tensorflow-cpu", "2.19.0")
    roles = {"ps": {}, "worker": {"gpus": 1}}
    made, said = with_images(job(**roles), "tensorflow")
    assert [role.image for role in made.roles.values()] == [
        "tensorflow/tensorflow:2.19.0",
        "tensorflow/tensorflow:2.19.0-gpu",
    ]
    why = "(matches your TensorFlow 2.19.0)"
    assert said == (f"tensorflow/tensorflow:2.19.0 {why}, tensorflow/tensorflow:2.19.0-gpu {why}")


def test_what_is_named_wins_and_needs_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANKZERO_IMAGE", "everybodys:1")
    made, said = with_images(job(ps={"image": "mine:1"}, worker={}), "jax")
    assert [role.image for role in made.roles.values()] == ["mine:1", "everybodys:1"]
    assert said == "mine:1, everybodys:1 (from RANKZERO_IMAGE)"


def test_a_plain_job_gets_this_python() -> None:
    assert with_images(job(), "plain")[1] == f"python:{PYTHON}-slim (matches your Python {PYTHON})"


def test_where_none_can_be_chosen_the_role_is_named() -> None:
    with pytest.raises(BadRequest) as wrong:
        with_images(job(ps={"image": "mine:1"}, worker={}), "jax")
    assert str(wrong.value).splitlines() == [
        "image: a cluster needs one for worker, and none can be chosen: "
        "JAX is not published as images by version.",
        "Name it: --image REGISTRY/NAME:TAG, or for all runs: export RANKZERO_IMAGE=...",
    ]
