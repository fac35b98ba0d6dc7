"""The lab's commands: who cannot host it is told why, and what is passed on arrives."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .lab.places import ROOT
from .lab.target import KUBECONFIG_VARIABLE, Cluster

LAB = (sys.executable, "-m", "tests.cluster.lab")


def without_programs(**more: str) -> dict[str, str]:
    """An environment in which nothing that the lab needs is installed, or can be."""
    left = {
        name: value for name, value in os.environ.items() if name not in ("CI", "PYTEST_ADDOPTS")
    }
    left.pop(KUBECONFIG_VARIABLE, None)
    return {**left, "PATH": "/nonexistent", **more}


def suite(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """One test that needs a cluster, as `make test-cluster` runs it."""
    command = [*LAB, "test", "-rs", "-k", "test_a_quota_refuses"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=170)


def test_a_machine_that_cannot_host_it_says_why_and_skips() -> None:
    done = suite(without_programs())

    (reason,) = done.stderr.splitlines()
    assert reason.startswith("lab: this machine cannot host the lab: it needs ") or (
        "is missing, and there is no apt-get" in reason
    )
    assert "1 skipped" in done.stdout
    assert done.returncode == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="about root's machines")
def test_under_ci_that_is_a_failure() -> None:
    done = suite(without_programs(CI="true"))

    assert "Under CI that is a failure" in done.stderr
    assert done.returncode == 1


def test_kubectl_is_given_its_options(lab: Cluster) -> None:
    assert lab.is_lab
    asked = [*LAB, "kubectl", "--namespace", "kube-system", "get", "serviceaccounts", "-o", "name"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=170)

    assert "serviceaccount/default" in done.stdout
    assert done.returncode == 0


def test_an_unknown_node_is_refused(lab: Cluster) -> None:
    assert lab.is_lab
    asked = [*LAB, "power-off", "7"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=170)

    assert (done.returncode, done.stderr) == (1, "lab: the lab has no node7\n")


def test_a_command_finds_the_lab_as_its_cluster(lab: Cluster) -> None:
    asked = [*LAB, "with", "sh", "-c", 'echo "$KUBECONFIG $RANKZERO_IMAGE"; exit 7']
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=170)

    assert done.stdout.split() == [str(lab.kubeconfig), lab.torch]
    assert done.returncode == 7


def test_with_wants_a_command(lab: Cluster) -> None:
    assert lab.is_lab
    done = subprocess.run([*LAB, "with"], cwd=ROOT, capture_output=True, text=True, timeout=170)

    assert (done.returncode, done.stderr) == (1, "lab: with: which command?\n")
