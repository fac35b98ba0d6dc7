"""JobSet's own controller, for tests that ask for it: there for as long as they run.

It runs in the control plane's network, and ends with whoever started it. Its webhooks look at
JobSets only: those of pods are for placements that nobody here asks for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import cluster, compile, guests
from .controllers import Controller, teach, webhooks
from .kubectl import admin

_GROUP = "jobset.x-k8s.io"
_OWN = Controller("jobset", f"config.{_GROUP}/v1alpha1", webhooks=9444, health=8082)


@contextlib.contextmanager
def standing() -> Iterator[None]:
    """A JobSet in the lab, within the block; nothing of it stays. Errors: LabError."""
    with cluster.alone():
        program, manifests = compile.jobset()
    kinds = manifests / "crd" / "bases"
    hooks = list(_webhooks(manifests / "webhook" / "manifests.yaml"))
    _take_away(hooks)  # what one left that was killed
    try:
        teach(kinds)
        words = ("--config", _OWN.prepared(), "--metrics-bind-address", "0")
        with guests.running("jobset", program, *words, ready=_OWN.ready):
            admin.apply(*hooks)
            yield
    finally:
        _take_away(hooks)
        admin("delete", "--ignore-not-found", "-f", kinds)


def _webhooks(manifests: Path) -> Iterator[dict[str, Any]]:
    for found in webhooks(manifests):
        kept = [hook for hook in found["webhooks"] if hook["rules"][0]["apiGroups"] == [_GROUP]]
        meta = {"name": f"jobset-{found['metadata']['name']}"}
        yield {**found, "metadata": meta, "webhooks": [_OWN.reached(hook) for hook in kept]}


def _take_away(hooks: list[dict[str, Any]]) -> None:
    """Its webhooks first: they keep others from writing where it does not answer."""
    for one in hooks:
        admin("delete", one["kind"], one["metadata"]["name"], "--ignore-not-found")
