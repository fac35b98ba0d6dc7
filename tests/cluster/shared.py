"""A namespace for all tests of a module that only look: a run in it costs more than they do."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .lab import users
from .lab.shell import until
from .lab.target import Cluster
from .rights import ABLE
from .team import Team


class Shared:
    """The namespace, and command lines of users who have different rights there."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path) -> None:
        self._cluster, self._namespace, self._folder = cluster, namespace, folder
        self.teams: list[Team] = []

    def member(self, role: Mapping[str, Any] = ABLE) -> Team:
        """One more user; the image has Python only."""
        name = f"user-{len(self.teams)}"
        config = self._folder / f"{name}.kubeconfig"
        users.user(self._cluster.kubectl, self._namespace, role, config, name)
        admin = self._cluster.kubectl.within(self._namespace)
        self.teams.append(Team(self._folder / name, config, admin, self._cluster.python))
        return self.teams[-1]


@contextlib.contextmanager
def shared(cluster: Cluster, folder: Path) -> Iterator[Shared]:
    """For the length of a `with`; its runs are ended in order, for a Job whose pods are taken
    away while they run needs minutes to notice."""
    name = f"rz-test-{secrets.token_hex(4)}"
    meta = {"name": name, "labels": {}}
    cluster.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    account = ("get", "serviceaccount", "default")
    until(f"{name}'s account", lambda: cluster.kubectl.within(name).succeeds(*account))
    made = Shared(cluster, name, folder)
    try:
        yield made
        made.member().call("delete", "--all", "--force")
    finally:
        for team in made.teams:
            team.close()
        cluster.kubectl("delete", "namespace", name, "--wait=false")
