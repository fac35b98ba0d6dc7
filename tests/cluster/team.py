"""A user with rights in one namespace, and the real command line with these rights."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from support.home import Home, Said
from support.waiting import until

from .lab.kubectl import Kubectl


def _printed() -> dict[str, Any]:
    command = [sys.executable, "-m", "rankzero", "doctor", "--rbac"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    role: dict[str, Any] = yaml.safe_load(said)
    return role


#: How long a command may take (seconds).
_PATIENCE = 90.0
#: What a user of rankzero may do in a namespace, and nothing else: as an administrator is told.
ROLE = _printed()


class Team(Home):
    """A work folder and a command line that knows one namespace. admin: kubectl with all rights
    there, for what a test does to the cluster."""

    def __init__(self, folder: Path, kubeconfig: Path, admin: Kubectl, image: str) -> None:
        super().__init__(folder)
        self._kubeconfig, self._image = kubeconfig, image
        self.admin, self.namespace = admin, admin.namespace

    @property
    def env(self) -> dict[str, str]:
        named = {"KUBECONFIG": str(self._kubeconfig), "RANKZERO_IMAGE": self._image}
        return {**super().env, **named, "RANKZERO_ON": "kubernetes"}

    def call(self, *argv: str, env: dict[str, str] | None = None, **how: Any) -> Said:
        """As a home's. A cluster that has much to do takes its time."""
        return self.start(*argv, env=env, **how).wait(_PATIENCE)

    def running(self, text: str, *options: str, ranks: int = 1) -> str:
        """Submit a script that says `up` on each rank, and goes on; its run, once all have."""
        started = self.call("run", self.script(text), *options, "--detach")
        assert started.code == 0, started
        run = started.out.strip()
        self.until_logged(run, "up\n", ranks)
        return run

    def until_logged(self, run: str, text: str, times: int) -> None:
        """Wait until a run's ranks have written it so often."""
        following = self.start("logs", run, "--follow")
        try:
            until(lambda: following.out.count(text) >= times, f"{times} times {text!r} of {run}")
        finally:
            following.end()
