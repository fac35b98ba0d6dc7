"""Users of a cluster who may do in one namespace what a Role says, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .kubectl import Kubectl

RBAC = "rbac.authorization.k8s.io"
DAY = 86400


def user(
    kubectl: Kubectl, namespace: str, role: Mapping[str, Any], path: Path, name: str = "someone"
) -> Path:
    """Make a user with the rights of a Role in a namespace; its kubeconfig is written to path.

    kubectl is the administrator's. Of the Role's manifest only the rules count: it is created in
    the namespace under the user's name. It works on any cluster, because the user is a
    ServiceAccount with a token (for a day). Errors: LabError where the cluster refuses.
    """
    meta = {"name": name, "namespace": namespace}
    binding = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": meta,
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", **meta}],
    }
    kubectl.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {**role, "apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": meta},
        binding,
    )
    token = kubectl.within(namespace).token(name, DAY)
    path.write_text(json.dumps(_with_token(kubectl.config(), token, namespace)))
    path.chmod(0o600)
    return path


def _with_token(config: dict[str, Any], token: str, namespace: str) -> dict[str, Any]:
    """The administrator's kubeconfig with another user in it."""
    cluster = config["clusters"][0]["name"]
    context = {"cluster": cluster, "user": "user", "namespace": namespace}
    return {
        **config,
        "users": [{"name": "user", "user": {"token": token}}],
        "contexts": [{"name": "user", "context": context}],
        "current-context": "user",
    }
