"""The worked examples as a reader tries them first: bare, and by their job files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rankzero import spec

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent.name for path in ROOT.glob("examples/*/job.yaml"))


def test_there_is_one_for_each_framework() -> None:
    jobs = [spec.load(ROOT / "examples" / name / "job.yaml") for name in EXAMPLES]

    assert {job.framework for job in jobs} == {"torch", "tensorflow", "jax", "plain"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_job_file_is_a_job_whose_script_is_there(name: str) -> None:
    job = spec.load(ROOT / "examples" / name / "job.yaml")

    assert job.run.script is not None
    assert (ROOT / "examples" / name / job.run.script).is_file()
    nodes = sum(role.nodes.maximum for role in job.roles.values())
    assert nodes >= 2 or "nodes" in job.params


BARE = [
    pytest.param("hello-plain", "my share adds up to 499500", id="plain"),
    pytest.param("hello-jax", "hello from process 0 of 1", marks=pytest.mark.jax, id="jax"),
    pytest.param(
        "hello-tensorflow-ps", "worker 0 is done after 40", marks=pytest.mark.tensorflow, id="ps"
    ),
    pytest.param("digits", "test accuracy 0.9", marks=pytest.mark.torch, id="digits"),
    pytest.param("ddp", "epoch 3  loss here 0.0", marks=pytest.mark.torch, id="ddp"),
    pytest.param("benchmark", "20 steps after 5 of warm", marks=pytest.mark.torch, id="benchmark"),
    pytest.param("digits-ps", "global step 600  test accuracy 0.9", marks=pytest.mark.tensorflow),
]


def bare(name: str, folder: Path, *args: str) -> str:
    """What an example prints when its script is started by hand; it must end well."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RANKZERO_", "MASTER_"))}

    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name / "train.py"), *args],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("name", "says"), BARE)
def test_bare(name: str, says: str, tmp_path: Path) -> None:
    assert says in bare(name, tmp_path)


@pytest.mark.tensorflow
def test_parameter_servers_take_mnist_where_the_data_folder_has_it(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    images = numpy.zeros((70, 28, 28), "uint8")
    images[range(70), 0, numpy.arange(70) % 10] = 255  # a dot that says which digit it is
    labels = (numpy.arange(70) % 10).astype("uint8")
    parts = {"x_train": images[:60], "y_train": labels[:60]}
    (tmp_path / "here").mkdir()
    numpy.savez(tmp_path / "here/mnist.npz", **parts, x_test=images[60:], y_test=labels[60:])

    said = bare("digits-ps", tmp_path, "--data-dir", "here", "--steps", "150")

    assert "60 digits to learn, 10 to test" in said
    assert "global step 150  test accuracy 1.000" in said
