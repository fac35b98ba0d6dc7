"""A plan's first Job as it is sent: it tells what was asked for, owns the rest, and starts last."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from rankzero.agent.pod import SUBMITTED
from rankzero.driver.cluster import jobs
from rankzero.driver.cluster.jobs import owner_of as owner_of
from rankzero.plan.kubernetes import names, pod
from rankzero.plan.model import Plan


def start(plan: Plan) -> dict[str, Any]:
    """The change to the first Job that lets it begin. It enters a queue only now: what the queue
    starts must have all that its pods need."""
    queue = plan.manifests[0]["metadata"]["labels"].get(names.QUEUE)
    return jobs.start(queue)


def first(plan: Plan, now: float) -> dict[str, Any]:
    """The first Job with what was asked for, for whoever looks at the run from elsewhere.

    now: seconds since the epoch.
    """
    first = copy.deepcopy(dict(plan.manifests[0]))
    said = plan.to_json()
    said["manifests"] = []  # they are there to be looked at
    said["checks"] = []  # they were true before the run
    said["code"]["largest"] = []
    # An object's annotations hold 256 KiB, and what a node is told is the same for all of its role.
    said["nodes"] = [node if node["index"] == 0 else _short(node) for node in said["nodes"]]
    notes = {names.PLAN: json.dumps(said), names.CREATED: repr(now)}
    first["metadata"]["annotations"] = notes
    first["metadata"]["labels"].pop(names.QUEUE, None)
    environment = pod.rank(first["spec"]["template"]["spec"])["env"]
    environment.append({"name": SUBMITTED, "value": notes[names.CREATED]})
    return first


def _short(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: node[key] for key in ("role", "index", "nproc")}
