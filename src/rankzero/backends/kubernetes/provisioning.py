"""Whether new volumes for many machines are refused: known a moment after they are asked for, and
before a pod waits for them.

Which provisioner can make them no field of a class says; one that cannot says so in an event.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from rankzero.backends.kubernetes import shapes
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.trouble import Gone
from rankzero.errors import Refused
from rankzero.why.unbound_volume import never

#: How long a provisioner may take to refuse (seconds); one that says nothing by then may do it.
_PATIENCE = 3.0
_MANY = "ReadWriteMany"


def check(cluster: Cluster, made: Iterable[Mapping[str, Any]]) -> None:
    """made: the claims that were not there before. Errors: Refused, for the first one that its
    class will never give."""
    names = {one["metadata"]["name"] for one in made if _MANY in one["spec"]["accessModes"]}
    if not names:
        return
    name = said = ""
    # Who may not read events, or reach the server just now, learns it from the run itself.
    with contextlib.suppress(asyncio.TimeoutError, Refused, Gone):
        name, said = asyncio.run(asyncio.wait_for(_complaint(cluster, names), _PATIENCE))
    if said:
        raise Refused(
            f'the volume "{name}" cannot be made {_MANY}, so nothing was started: {said}',
            "Say access: once (its pods then have to be on one machine), or another class.",
        )


async def _complaint(cluster: Cluster, names: Collection[str]) -> tuple[str, str]:
    """Of which claim what was said: a refusal for good, or nothing where one was made."""
    async with cluster.client() as client:
        listed = await cluster.ask(client, "Event", "", shapes.LISTS["Event"])
        for one in listed["items"]:
            if (told := _told(one, names)) is not None:
                return told
        version = str(listed["metadata"]["resourceVersion"])
        changes = cluster.follow(client, "Event", "", version, shapes.ONES["Event"])
        async with contextlib.aclosing(changes):
            async for _, one in changes:
                if (told := _told(one, names)) is not None:
                    return told
    return "", ""


def _told(event: Mapping[str, Any], names: Collection[str]) -> tuple[str, str] | None:
    about = event.get("involvedObject") or {}
    if about.get("kind") != "PersistentVolumeClaim" or about.get("name") not in names:
        return None
    message = str(event.get("message") or "")
    if event.get("reason") == "ProvisioningFailed" and never(message):
        return str(about["name"]), message
    return (str(about["name"]), "") if event.get("reason") == "ProvisioningSucceeded" else None
