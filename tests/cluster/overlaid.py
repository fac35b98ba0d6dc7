"""Runs whose pods a test has changed before they were submitted, as an overlay would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rankzero.backends.kubernetes import KubernetesBackend
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.spec import from_target

from .team import Team

Spec = dict[str, Any]
Change = Callable[[Spec], None]


def submit(
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
    change: Change,
    script: str = "print()",
    **options: Any,
) -> str:
    """Submit a script as the team's user would, with pods that `change` has changed; its id."""
    for name, value in team.env.items():
        monkeypatch.setenv(name, value)
    backend = KubernetesBackend(Cluster(namespace=team.namespace))
    job = from_target(team.script(script), options={"workdir": team.work, **options})
    plan = backend.plan(job, preflight=False)
    for manifest in plan.manifests:
        if manifest["kind"] == "Job":
            change(manifest["spec"]["template"]["spec"])
    return backend.submit(plan, detach=True).run


def container(**fields: Any) -> Change:
    """Changes fields of the rank's container."""

    def change(spec: Spec) -> None:
        spec["containers"][0].update(fields)

    return change


def pod(**fields: Any) -> Change:
    """Changes fields of the pod."""

    def change(spec: Spec) -> None:
        spec.update(fields)

    return change


def volume(source: Spec) -> Change:
    """Mounts one more volume."""

    def change(spec: Spec) -> None:
        spec["volumes"].append({"name": "data", **source})
        spec["containers"][0]["volumeMounts"].append({"name": "data", "mountPath": "/data"})

    return change
