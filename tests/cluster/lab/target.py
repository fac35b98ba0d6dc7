"""The cluster that tests run on: the one that the environment names, or the lab."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import NamedTuple

from . import cluster, images, kueue, metrics, registry
from .kubectl import Kubectl, admin
from .places import BIN

#: A kubeconfig of any cluster; its current context has all rights in it.
KUBECONFIG_VARIABLE = "RANKZERO_TEST_KUBECONFIG"
#: Images that it can pull: with python3, and with torch, numpy, scikit-learn and safetensors.
PYTHON_VARIABLE, TORCH_VARIABLE = "RANKZERO_TEST_IMAGE_PYTHON", "RANKZERO_TEST_IMAGE_TORCH"
#: And what those begin with that name others: with TensorFlow, tf_keras and scikit-learn; with
#: JAX; with Open MPI, mpi4py and MPICH.
IMAGE_VARIABLE = "RANKZERO_TEST_IMAGE"
#: 1 where tests may have Kueue: compiled for the lab, or in the cluster that is named.
KUEUE_VARIABLE = "RANKZERO_TEST_KUEUE"
#: Where the contract suite's runs happen (`tests/contract/conftest.py`).
PLACE_VARIABLE = "RANKZERO_TEST_PLACE"
#: Why there is no lab here; set by `suite`.
NO_LAB_VARIABLE = "RANKZERO_TEST_NO_LAB"


class NoCluster(Exception):
    """There is no cluster to test on; the text says why, and what to do."""


class Cluster(NamedTuple):
    """A cluster, with its administrator's rights. python and torch are images that it can pull;
    torch may be None where the cluster is not the lab."""

    kubectl: Kubectl
    python: str
    torch: str | None
    is_lab: bool

    @property
    def kubeconfig(self) -> Path:
        return self.kubectl.kubeconfig


def find() -> Cluster:
    """The cluster to test on. Errors: NoCluster."""
    if given := os.environ.get(KUBECONFIG_VARIABLE):
        program = shutil.which("kubectl") or str(BIN / "kubectl")
        python = os.environ.get(PYTHON_VARIABLE, "python:3.11-slim")
        kubectl = Kubectl(Path(given).resolve(), program=program)
        return Cluster(kubectl, python, os.environ.get(TORCH_VARIABLE), is_lab=False)
    if reason := os.environ.get(NO_LAB_VARIABLE):
        raise NoCluster(f"no cluster: {KUBECONFIG_VARIABLE} is not set, and for a lab {reason}")
    if not cluster.is_up():
        raise NoCluster("no cluster: the lab is not up; `make test-cluster` brings it up")
    python, torch = registry.full_name("lab/python"), registry.full_name("lab/torch")
    return Cluster(admin, python, torch, is_lab=True)


def image(found: Cluster, what: str) -> str:
    """One of those that are built where a test asks for them (`tensorflow`, `jax`, `mpi`), to be
    pulled by the cluster. Errors: NoCluster where the cluster is another and no image is named."""
    if found.is_lab:
        name = f"lab/{what}"
        return images.ensure(name, images.ON_DEMAND[name])
    variable = f"{IMAGE_VARIABLE}_{what.upper()}"
    if given := os.environ.get(variable):
        return given
    raise NoCluster(f"no image for {what}: {variable} is not set")


def queues(found: Cluster) -> contextlib.AbstractContextManager[None]:
    """Kueue, within a block. Errors: NoCluster where nobody asks for it: it takes minutes."""
    if os.environ.get(KUEUE_VARIABLE) != "1":
        raise NoCluster(f"no Kueue: {KUEUE_VARIABLE}=1 has it compiled, or says that it is there")
    return kueue.standing() if found.is_lab else contextlib.nullcontext()


def loads(found: Cluster) -> contextlib.AbstractContextManager[None]:
    """What measures the load of pods, within a block: a metrics-server. Errors: NoCluster where
    the cluster is another and has none."""
    if found.is_lab:
        return metrics.standing()
    if not found.kubectl.succeeds("get", "apiservice", metrics.API):
        raise NoCluster("the cluster has no metrics-server")
    return contextlib.nullcontext()
