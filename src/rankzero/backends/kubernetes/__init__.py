"""Runs as pods of a cluster."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.backend import KubernetesBackend as KubernetesBackend

__all__ = ["KubernetesBackend", "ids", "remember", "used"]


def used() -> bool:
    """Whether there may be runs of this user: who never sent one to a cluster waits for none, and
    needs no kubeconfig. On another machine RANKZERO_ON says it."""
    return os.environ.get("RANKZERO_ON") == "kubernetes" or _mark().exists()


def remember() -> None:
    """A run was sent to a cluster from here."""
    with contextlib.suppress(OSError):  # then RANKZERO_ON has to say it
        _mark().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _mark().touch()


def _mark() -> Path:
    from rankzero.backends.home import state_home

    return state_home() / "kubernetes"


def ids() -> list[str]:
    """None for Tab: to ask a cluster takes longer than anybody waits for a completion."""
    return []


def __getattr__(name: str) -> object:
    if name == "KubernetesBackend":
        from rankzero.backends.kubernetes.backend import KubernetesBackend

        return KubernetesBackend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
