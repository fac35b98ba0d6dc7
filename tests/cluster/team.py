"""A user with rights in one namespace, and the real command line with these rights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.home import Home

from .lab.kubectl import Kubectl

#: What a user of rankzero may do in a namespace, and nothing else.
ROLE: dict[str, Any] = {
    "rules": [
        {
            "apiGroups": ["batch"],
            "resources": ["jobs"],
            "verbs": ["create", "get", "list", "watch", "patch", "delete"],
        },
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch", "delete"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]},
        {
            "apiGroups": [""],
            "resources": ["configmaps", "secrets", "services"],
            "verbs": ["create"],
        },
    ]
}


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
