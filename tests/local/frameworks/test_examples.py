"""The worked examples as a reader tries them first: bare, and by their job files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rankzero import spec

from .conftest import ROOT

EXAMPLES = sorted(path.parent.name for path in ROOT.glob("examples/*/job.yaml"))


def test_there_is_one_for_each_framework() -> None:
    jobs = [spec.load(ROOT / "examples" / name / "job.yaml") for name in EXAMPLES]

    assert {job.framework for job in jobs} == {"torch", "tensorflow", "jax", "plain"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_job_file_is_a_job_whose_script_is_there(name: str) -> None:
    job = spec.load(ROOT / "examples" / name / "job.yaml")

    assert job.run.script is not None
    assert (ROOT / "examples" / name / job.run.script).is_file()
    assert sum(role.nodes.maximum for role in job.roles.values()) >= 2


BARE = [
    pytest.param("hello-plain", "my share adds up to 499500", id="plain"),
    pytest.param("hello-jax", "hello from process 0 of 1", marks=pytest.mark.jax, id="jax"),
    pytest.param(
        "hello-tensorflow-ps", "worker 0 is done after 40", marks=pytest.mark.tensorflow, id="ps"
    ),
    pytest.param("digits", "test accuracy 0.9", marks=pytest.mark.torch, id="digits"),
]


@pytest.mark.parametrize(("name", "says"), BARE)
def test_bare(name: str, says: str, tmp_path: Path) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RANKZERO_", "MASTER_"))}

    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name / "train.py")],
        cwd=tmp_path,
        env={**clean, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert says in done.stdout
