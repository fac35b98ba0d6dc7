"""A cluster as the suite's place: a namespace of the test's own, and a user with a Role in it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
from pathlib import Path

import pytest

from cluster.lab import target, users
from cluster.team import ROLE
from rankzero.backends.kubernetes import KubernetesBackend
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.errors import UnknownRun
from support.pods import KILL_RANK


def _of_node(run: str, node: str) -> str:
    """Selects the pod of a node."""
    role, _, index = node.partition("/")
    number = f"batch.kubernetes.io/job-completion-index={index}"
    return f"rankzero/run={run},rankzero/role={role},{number}"


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _is_agent(pid: int) -> bool:
    words = _words(pid, "cmdline")
    return b"/rankzero/agent/agent.zip" in words and b"pod" in words


def _environment(pid: int) -> list[bytes]:
    return _words(pid, "environ")


def _words(pid: int, file: str) -> list[bytes]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/{file}").read_bytes().split(b"\0")
    return []


class KubernetesPlace:
    """Pods of a cluster. Its image needs Python and nothing else."""

    takes_along = True

    def __init__(self, folder: Path) -> None:
        self.folder, self._outputs = folder / "work", folder / "outputs"
        self.folder.mkdir()
        try:
            cluster = target.find()
        except target.NoCluster as reason:
            pytest.skip(str(reason))
        self._namespace = f"rz-contract-{secrets.token_hex(3)}"
        self._kubectl = cluster.kubectl.within(self._namespace)
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self._namespace}}
        self._kubectl.apply(made)
        config = users.user(cluster.kubectl, self._namespace, ROLE, folder / "kubeconfig")
        os.environ["KUBECONFIG"] = str(config)
        os.environ["RANKZERO_IMAGE"] = cluster.python
        self.backend = self.elsewhere()

    def elsewhere(self) -> KubernetesBackend:
        return KubernetesBackend(Cluster(), self._outputs)

    def kill_node(self, run: str, node: str) -> None:
        """SIGKILL for the pod's first process, and with it for all: only who shares the machine
        with the pod can send it, for a pod that is deleted gets to say goodbye."""
        host = f"HOSTNAME={run}-{node.replace('/', '-')}".encode()
        found = [pid for pid in _processes() if _is_agent(pid) and host in _environment(pid)]
        if not found:
            pytest.skip("the pods of this cluster run on other machines")
        os.kill(found[0], signal.SIGKILL)

    def kill_rank(self, run: str, rank: int, number: int = signal.SIGKILL) -> None:
        node = next(
            state.node
            for state in self.backend.run(run).history.nodes.values()
            if rank in state.ranks
        )
        selector = _of_node(run, node)
        pod = self._kubectl("get", "pod", "-l", selector, "-o", "name").split()[0]
        self._kubectl("exec", pod, "--", "python3", "-c", KILL_RANK, str(rank), str(int(number)))

    def left(self, run: str) -> list[str]:
        """Pods, unless the run has ended and they only keep what it left for whoever fetches it."""
        with contextlib.suppress(UnknownRun):  # deleted: what is left of it must go
            if self.backend.run(run).finished:
                return []
        pods = self._kubectl.get("pods", "-l", f"rankzero/run={run}")
        return [
            pod["metadata"]["name"]
            for pod in pods["items"]
            if pod["status"]["phase"] in ("Pending", "Running")
        ]

    def close(self) -> None:
        # Before the namespace: a Job keeps a failed pod until it is replaced, which a namespace on
        # its way out forbids, and then neither would ever go.
        self._kubectl("delete", "jobs", "--all", "--wait=false")
        self._kubectl("delete", "namespace", self._namespace, "--wait=false")
