"""A plan made real on a cluster, so that a crash at any point leaves nothing behind.

The first Job comes first, suspended; it owns all the rest, so the garbage collector removes with it
whatever there is; then it is resumed, or put into its queue, which resumes it.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rankzero.backends.kubernetes import provisioning
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.trouble import Taken, Unreachable
from rankzero.driver.cluster import jobs
from rankzero.errors import Refused
from rankzero.plan.kubernetes import claims, sending
from rankzero.plan.model import Plan


def submit(cluster: Cluster, plan: Plan) -> None:
    """Create everything. Errors: Refused; nothing is left then, or it is said."""

    def others(owner: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        return (filled(manifest, plan.blobs, owner) for manifest in plan.manifests[1:])

    first = sending.first(plan, time.time())
    submit_all(cluster, first, others, sending.start(plan), plan.run, "rankzero delete")


def submit_all(
    cluster: Cluster,
    job: Mapping[str, Any],
    others: Callable[[Mapping[str, str]], Iterable[Mapping[str, Any]]],
    start: Mapping[str, Any] | None,
    run: str,
    remedy: str,
) -> None:
    """Create the first Job, then the others that it owns, then let it begin. others: told of the
    reference to their owner. start: the change to the first Job; None for one that never begins.
    remedy: what deletes the run.
    Errors: as of `submit`."""
    name = job["metadata"]["name"]
    owner: dict[str, Any] | None = None
    volumes: list[Mapping[str, Any]] = []
    try:
        owner = sending.owner_of(cluster.create(job))
        for manifest in others(owner):
            if _create(cluster, manifest) and manifest["kind"] == claims.KIND:
                volumes.append(manifest)
        provisioning.check(cluster, volumes)
        if start is not None:
            cluster.patch("Job", name, start)
    except BaseException as error:
        # What is refused in so many words is not there. Else it may be, also without an answer.
        unsure = not isinstance(error, Refused) or isinstance(error, Unreachable)
        if owner is not None or unsure:
            undo(cluster, "Job", name, f"{remedy} {run}", error)
            _take_back(cluster, volumes)
        raise


def _create(cluster: Cluster, made: Mapping[str, Any]) -> bool:
    """Whether it was not there; what may be there is taken as it is."""
    try:
        cluster.create(made)
    except Taken:
        if not jobs.may_be_there(made):
            raise
        return False
    return True


def _take_back(cluster: Cluster, volumes: Iterable[Mapping[str, Any]]) -> None:
    """Nothing was written to them yet; the run owns the others."""
    for made in filter(claims.stays, volumes):
        with contextlib.suppress(Refused):
            cluster.delete(claims.KIND, made["metadata"]["name"])


def undo(cluster: Cluster, kind: str, name: str, remedy: str, why: BaseException) -> None:
    """Delete what owns the rest. remedy: the command that deletes it. why: it is undone for.

    Errors: Refused where that fails, too, beside why it is done.
    """
    try:
        cluster.delete(kind, name)
    except Refused as error:
        if isinstance(why, Refused):
            left = "what there is of it could not be deleted"
            raise Refused(f"{why.args[0]}; {left}", remedy) from error


def filled(
    manifest: Mapping[str, Any], blobs: Mapping[str, bytes], owner: Mapping[str, str]
) -> dict[str, Any]:
    """The object itself: owned, with blobs for their digests, and with the token."""
    made = dict(manifest)
    if not claims.stays(made):
        made["metadata"] = {**made["metadata"], "ownerReferences": [owner]}
    if made["kind"] == "Secret":
        made["data"] = {"token": base64.b64encode(secrets.token_hex(32).encode()).decode()}
    if "binaryData" in made:
        made["binaryData"] = {
            key: base64.b64encode(blobs[digest]).decode()
            for key, digest in made["binaryData"].items()
        }
    return made
