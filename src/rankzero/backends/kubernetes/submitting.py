"""A plan made real on a cluster, so that a crash at any point leaves nothing behind.

The first Job comes first, suspended; it owns all the rest, so the garbage collector removes with it
whatever there is; then it is resumed, or put into its queue, which resumes it.
"""

from __future__ import annotations

import base64
import copy
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from rankzero.agent.pod import SUBMITTED
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.trouble import Unreachable
from rankzero.errors import Refused
from rankzero.plan.kubernetes import names, pod
from rankzero.plan.model import Plan


def submit(cluster: Cluster, plan: Plan) -> None:
    """Create everything. Errors: Refused; nothing is left then, or it is said."""
    job = first(plan)
    name = job["metadata"]["name"]
    owner: dict[str, Any] | None = None
    try:
        owner = owner_of(cluster.create(job))
        for manifest in plan.manifests[1:]:
            cluster.create(_filled(manifest, plan.blobs, owner))
        cluster.patch("Job", name, _go(plan))
    except BaseException as error:
        # What is refused in so many words is not there. Else it may be, also without an answer.
        unsure = not isinstance(error, Refused) or isinstance(error, Unreachable)
        if owner is not None or unsure:
            _undo(cluster, name, plan.run, error)
        raise


def _undo(cluster: Cluster, name: str, run: str, why: BaseException) -> None:
    """Errors: Refused where that fails, too, beside why it is done."""
    try:
        cluster.delete("Job", name)
    except Refused as error:
        if isinstance(why, Refused):
            left = f"what there is of {run} could not be deleted"
            raise Refused(f"{why.args[0]}; {left}", f"rankzero delete {run}") from error


def _go(plan: Plan) -> dict[str, Any]:
    """The change to the first Job that lets it begin. It enters a queue only now: what the queue
    starts must have all that its pods need."""
    queue = plan.manifests[0]["metadata"]["labels"].get(names.QUEUE)
    if queue is None:
        return {"spec": {"suspend": False}}
    return {"metadata": {"labels": {names.QUEUE: queue}}}


def first(plan: Plan) -> dict[str, Any]:
    """The first Job with what was asked for, for whoever looks at the run from elsewhere."""
    first = copy.deepcopy(dict(plan.manifests[0]))
    said = plan.to_json()
    said["manifests"] = []  # they are there to be looked at
    said["checks"] = []  # they were true before the run
    said["code"]["largest"] = []
    # An object's annotations hold 256 KiB, and what a node is told is the same for all of its role.
    said["nodes"] = [node if node["index"] == 0 else _short(node) for node in said["nodes"]]
    notes = {names.PLAN: json.dumps(said), names.CREATED: repr(time.time())}
    first["metadata"]["annotations"] = notes
    first["metadata"]["labels"].pop(names.QUEUE, None)
    environment = pod.rank(first["spec"]["template"]["spec"])["env"]
    environment.append({"name": SUBMITTED, "value": notes[names.CREATED]})
    return first


def _short(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: node[key] for key in ("role", "index", "nproc")}


def owner_of(job: Mapping[str, Any]) -> dict[str, str]:
    """The reference with which a Job owns what it takes along when it goes."""
    # Neither `controller` (a queue would take the others for children) nor `blockOwnerDeletion`
    # (which needs a right that users may lack).
    return {
        "apiVersion": "batch/v1",  # which a list's items leave out
        "kind": "Job",
        "name": job["metadata"]["name"],
        "uid": job["metadata"]["uid"],
    }


def _filled(
    manifest: Mapping[str, Any], blobs: Mapping[str, bytes], owner: Mapping[str, str]
) -> dict[str, Any]:
    """The object itself: owned, with blobs for their digests, and with the token."""
    made = dict(manifest)
    made["metadata"] = {**made["metadata"], "ownerReferences": [owner]}
    if made["kind"] == "Secret":
        made["data"] = {"token": base64.b64encode(secrets.token_hex(32).encode()).decode()}
    if "binaryData" in made:
        made["binaryData"] = {
            key: base64.b64encode(blobs[digest]).decode()
            for key, digest in made["binaryData"].items()
        }
    return made
