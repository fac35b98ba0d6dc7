"""Waiting until a cluster's objects are as a test wants them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .kubectl import Kubectl
from .shell import LabError, until

SECONDS = 90


def phase(kubectl: Kubectl, pod: str, *wanted: str, seconds: float = SECONDS) -> dict[str, Any]:
    """Wait until a pod is in one of these phases; the pod. Errors: LabError with its state."""
    seen: dict[str, Any] = {}

    def there() -> bool:
        seen.update(kubectl.get("pod", pod))
        return seen["status"]["phase"] in wanted

    try:
        until(f"pod {pod} to be {' or '.join(wanted)}", there, seconds)
    except LabError as error:
        logs = kubectl("logs", pod) if kubectl.succeeds("logs", pod) else "none"
        raise LabError(f"{error}\n{json.dumps(seen, indent=1)}\nlogs: {logs}") from None
    return seen


def succeeded(kubectl: Kubectl, pod: str, seconds: float = SECONDS) -> str:
    """Wait until a pod has ended, and well; what it printed."""
    ended = phase(kubectl, pod, "Succeeded", "Failed", seconds=seconds)
    said = kubectl("logs", pod)
    if ended["status"]["phase"] == "Failed":
        raise LabError(f"pod {pod} failed: {said}\n{json.dumps(ended['status'], indent=1)}")
    return said


def waiting_reason(pod: dict[str, Any]) -> str:
    """Why a pod's container does not run, in Kubernetes' word; empty where it has none."""
    for status in pod["status"].get("containerStatuses", []):
        return str(status["state"].get("waiting", {}).get("reason", ""))
    return ""


def event(kubectl: Kubectl, about: str, reason: str, seconds: float = SECONDS) -> str:
    """Wait for an event of a reason about an object of this name; its message."""
    found: list[str] = []

    def there() -> bool:
        fields = f"involvedObject.name={about},reason={reason}"
        items = kubectl.get("events", "--field-selector", fields)["items"]
        found.extend(item["message"] for item in items)
        return bool(found)

    until(f"an event {reason} about {about}", there, seconds)
    return found[0]


def holds(what: str, test: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until a test holds, whatever a single try says of the cluster meanwhile."""

    def tried() -> bool:
        try:
            return bool(test())
        except LabError:
            return False

    until(what, tried, seconds)
