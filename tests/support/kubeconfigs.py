"""Kubeconfigs and plugins of a test's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rankzero.backends.kubernetes.access.model import Context, Server, User

V1 = "client.authentication.k8s.io/v1"


def context(user: User | None = None, server: str = "https://lab:6443", **more: Any) -> Context:
    return Context("lab", "team", Server(server, **more), user or User())


def kubeconfig(
    path: Path,
    names: str,
    server: str = "https://one:6443",
    user: dict[str, Any] | None = None,
    current: str | None = None,
) -> Path:
    """Contexts of these names, each with a cluster and a user of the same name."""
    several = names.split()
    config = {
        "clusters": [{"name": name, "cluster": {"server": server}} for name in several],
        "users": [{"name": name, "user": user or {"token": "t"}} for name in several],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name}} for name in several
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**config, "current-context": current or several[0]}))
    return path


def program(folder: Path, body: str, name: str = "plugin") -> Path:
    """A shell script that counts its calls in `calls` beside it."""
    path = folder / name
    path.write_text(f'#!/bin/sh\necho called >> "{folder}/calls"\n{body}\n')
    path.chmod(0o755)
    return path


def calls(folder: Path) -> int:
    path = folder / "calls"
    return len(path.read_text().splitlines()) if path.exists() else 0


def printed(version: str = V1, **status: str) -> str:
    """The line of a shell script that prints an ExecCredential."""
    said = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    return f"cat <<'END'\n{json.dumps(said)}\nEND"
