"""Fixtures for tests on a cluster; `lab` says which cluster that is."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from .lab import target, users
from .lab.kubectl import Kubectl
from .lab.manifests import claim
from .lab.shell import until
from .lab.target import Cluster
from .piping import rules
from .team import ROLE, Team

#: How long a cluster may take to clean a namespace away, in seconds.
CLEANING = 180


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster that tests run on; without one they are skipped."""
    try:
        return target.find()
    except target.NoCluster as reason:
        pytest.skip(str(reason))


@pytest.fixture
def lab(cluster: Cluster) -> Cluster:
    """The lab: for tests of what only it has (nodes to switch off, a registry, ...)."""
    if not cluster.is_lab:
        pytest.skip("this is about the lab, and the cluster is another")
    return cluster


def _image(cluster: Cluster, what: str) -> str:
    try:
        return target.image(cluster, what)
    except target.NoCluster as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def tensorflow(cluster: Cluster) -> str:
    """An image with TensorFlow, tf_keras and scikit-learn. Whoever is first may wait some minutes
    for it to be built: `pytest.mark.timeout`; so with those that follow."""
    return _image(cluster, "tensorflow")


@pytest.fixture(scope="session")
def jax(cluster: Cluster) -> str:
    return _image(cluster, "jax")


@pytest.fixture(scope="session")
def mpi(cluster: Cluster) -> str:
    """An image with Open MPI, mpi4py for it, and MPICH."""
    return _image(cluster, "mpi")


@pytest.fixture(scope="session")
def _namespaces(cluster: Cluster) -> Iterator[list[str]]:
    """All namespaces that tests were given: gone when the session ends."""
    made: list[str] = []
    yield made
    for name in made:
        cluster.kubectl("delete", "namespace", name, "--ignore-not-found", seconds=CLEANING)


@pytest.fixture
def new_namespace(cluster: Cluster, _namespaces: list[str]) -> Iterator[Callable[..., str]]:
    """Makes namespaces of the test's own, with labels; what is in them ends with the test."""
    mine: list[str] = []

    def make(labels: Mapping[str, str] | None = None) -> str:
        name = f"rz-test-{secrets.token_hex(4)}"
        meta = {"name": name, "labels": dict(labels or {})}
        cluster.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        mine.append(name)
        _namespaces.append(name)
        # Until then the cluster refuses pods.
        account = ("get", "serviceaccount", "default")
        until(f"{name}'s account", lambda: cluster.kubectl.within(name).succeeds(*account))
        return name

    yield make
    for name in mine:
        if not cluster.kubectl.succeeds("get", "namespace", name):
            continue  # the test has deleted it
        # Kubernetes 1.34 deletes a namespace's pods first, and a Job keeps a failed one until it
        # is replaced, which nothing can be there any more: the Jobs have to go before.
        cluster.kubectl.within(name)("delete", "jobs", "--all", "--wait=false")
        cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def namespace(new_namespace: Callable[..., str]) -> str:
    """A fresh namespace, removed afterwards."""
    return new_namespace()


@pytest.fixture
def kubectl(cluster: Cluster, namespace: str) -> Kubectl:
    """kubectl with all rights, in the test's namespace."""
    return cluster.kubectl.within(namespace)


@pytest.fixture
def user(cluster: Cluster, tmp_path: Path) -> Callable[[str, Mapping[str, Any]], Kubectl]:
    """Makes users who may do in a namespace what a Role says: user(namespace, role) -> kubectl."""

    def make(namespace: str, role: Mapping[str, Any]) -> Kubectl:
        path = tmp_path / f"{namespace}.kubeconfig"
        made = users.user(cluster.kubectl, namespace, role, path)
        return cluster.kubectl.of(made).within(namespace)

    return make


@pytest.fixture
def team(
    cluster: Cluster, namespace: str, user: Callable[..., Kubectl], tmp_path: Path
) -> Iterator[Team]:
    """The command line of one who has a Role in a fresh namespace; the image has Python only."""
    config = user(namespace, ROLE).kubeconfig
    made = Team(tmp_path / "team", config, cluster.kubectl.within(namespace), cluster.python)
    yield made
    made.close()


@pytest.fixture
def piping(
    cluster: Cluster, namespace: str, user: Callable[..., Kubectl], tmp_path: Path
) -> Iterator[Team]:
    """A team that may run pipelines, and a claim for what steps hand on."""
    config = user(namespace, {"rules": rules("--pipelines")}).kubeconfig
    made = Team(tmp_path / "team", config, cluster.kubectl.within(namespace), cluster.python)
    made.admin.apply(claim("shared"))
    yield made
    made.close()


@pytest.fixture
def marked(cluster: Cluster) -> Iterator[tuple[str, list[str]]]:
    """A label of the test's own, and two machines: the first has it as `b`, the second as `a`."""
    key = f"rz-test-{secrets.token_hex(4)}"
    machines = [one["metadata"]["name"] for one in cluster.kubectl.get("nodes")["items"]][:2]
    if len(machines) < 2:
        pytest.skip("this takes two machines")
    for machine, value in zip(machines, "ba", strict=True):
        cluster.kubectl("label", "node", machine, f"{key}={value}")
    yield key, machines
    for machine in machines:
        cluster.kubectl("label", "node", machine, f"{key}-")
