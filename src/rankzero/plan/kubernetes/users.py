"""Who a pod's processes are."""

from __future__ import annotations

from typing import Any

from rankzero.spec.units import ids

#: Any user but root does, and this one shares nothing with the image's.
USER = 1000


def pod_security(user: int | str | None, assigns_ids: bool) -> dict[str, Any]:
    """A pod's security context for a user as the job names it.

    assigns_ids: the cluster chooses the numbers where the job does not (OpenShift gives each
    namespace a range, and refuses others).
    """
    found: dict[str, Any] = {}
    if user == "image":
        # Files of the run's own are for this group, whoever the image's user is.
        found["fsGroup"] = USER
    elif user is not None or not assigns_ids:
        name, group = ids(USER if user is None else user)
        found = {"runAsUser": name, "runAsGroup": group, "fsGroup": group}
    return {
        **({} if user == "image" else {"runAsNonRoot": found.get("runAsUser") != 0}),
        **found,
        # A volume whose folder has the group already is not walked through: a million files of
        # a dataset would take minutes at each start.
        **({"fsGroupChangePolicy": "OnRootMismatch"} if "fsGroup" in found else {}),
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """A container's security context, whoever runs in it."""
    return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
