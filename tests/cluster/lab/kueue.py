"""Kueue, for tests that ask for it: compiled then, and there for as long as they run.

It runs in the control plane's network, and ends with whoever started it. Its webhooks look at the
Jobs of namespaces with a label only, so that others can be created also where it is not there.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import cluster, compile, guests
from .controllers import Controller, teach, webhooks
from .kubectl import admin

#: The label of namespaces whose Jobs it looks at.
WATCHED = {"rankzero.lab/queues": "watched"}
_GROUP = "kueue.x-k8s.io"
_OWN = Controller("kueue", f"config.{_GROUP}/v1beta1", webhooks=9443, health=8081)
_HOOKS = ("mutatingwebhookconfiguration", "validatingwebhookconfiguration")


@contextlib.contextmanager
def standing() -> Iterator[None]:
    """A Kueue in the lab, within the block; nothing of it stays. Errors: LabError."""
    with cluster.alone():
        program, manifests = compile.kueue()
    _take_away()  # what one left that was killed
    try:
        teach(manifests / "crd" / "bases")
        settings = _OWN.prepared(
            namespace="kueue-system",
            metrics={"bindAddress": "0"},
            integrations={"frameworks": ["batch/job"]},
        )
        words = ("--config", settings, "--feature-gates=VisibilityOnDemand=false")
        with guests.running("kueue", program, *words, ready=_OWN.ready):
            admin.apply(*_webhooks(manifests / "webhook" / "manifests.yaml"))
            yield
    finally:
        _take_away()


def _webhooks(manifests: Path) -> list[dict[str, Any]]:
    """Those about its own objects and about Jobs, reached by address."""
    return [
        {**found, "webhooks": [_reached(hook) for hook in found["webhooks"] if _wanted(hook)]}
        for found in webhooks(manifests)
    ]


def _wanted(hook: dict[str, Any]) -> bool:
    groups = {group for rule in hook["rules"] for group in rule["apiGroups"]}
    return groups == {_GROUP} or groups == {"batch"}


def _reached(hook: dict[str, Any]) -> dict[str, Any]:
    made = _OWN.reached(hook)
    if hook["rules"][0]["apiGroups"] == ["batch"]:
        made["namespaceSelector"] = {"matchLabels": WATCHED}
    return made


def _take_away() -> None:
    """Its webhooks first: they keep others from writing where it does not answer."""
    for kind in _HOOKS:
        name = f"{kind.removesuffix('webhookconfiguration')}-webhook-configuration"
        admin("delete", kind, name, "--ignore-not-found")
    known = admin("get", "crd", "-o", "name").split()
    kinds = [name for name in known if name.endswith(f".{_GROUP}")]
    for kind in kinds:
        _release(kind.partition("/")[2])
    if kinds:
        admin("delete", *kinds)


def _release(kind: str) -> None:
    """Take from objects what only Kueue would: that it has to see them go."""
    for found in admin.get(kind, "--all-namespaces")["items"]:
        meta = found["metadata"]
        if meta.get("finalizers"):
            there = admin.within(meta.get("namespace", ""))
            change = json.dumps({"metadata": {"finalizers": None}})
            there("patch", kind, meta["name"], "--type=merge", "-p", change)
