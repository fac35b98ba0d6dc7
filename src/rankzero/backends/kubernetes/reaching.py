"""From a place in a run to the pod that is there now."""

from __future__ import annotations

import json
from typing import NamedTuple

from rankzero.agent.roster import Roster
from rankzero.backends.kubernetes import looking, runs, state
from rankzero.backends.kubernetes.cluster import Cluster, Object
from rankzero.backends.kubernetes.entering import answer, config
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.spot import Spot
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused
from rankzero.plan.kubernetes import names


class Reached(NamedTuple):
    """A node of a run, and the pod that it is."""

    found: Found
    node: str
    pod: Object

    @property
    def name(self) -> str:
        """The pod's."""
        return str(self.pod["metadata"]["name"])


def reach(cluster: Cluster, run: str, spot: Spot) -> Reached:
    """Errors: BadRequest for what the run has not, Refused where it is not there at present."""
    found = runs.one(cluster, run)
    node = spot.known(run, looking.nodes(found))
    if node is None:
        node = spot.among(run, roster(cluster, found))
    return Reached(found, node, _running(cluster, found, node))


def roster(cluster: Cluster, found: Found) -> Roster | None:
    """The present generation, as the coordinator's node knows it; None where there is none."""
    if not found.listening:
        return None
    assert found.pod is not None
    try:
        said = json.loads(answer(cluster, found, found.pod, ["roster", config(found.pod)]))
    except (Lost, TimeoutError, ValueError):
        return None
    return None if said is None else Roster.from_json(said)


def _running(cluster: Cluster, found: Found, node: str) -> Object:
    role, _, index = node.rpartition("/")
    selector = f"{names.RUN}={found.run},{names.ROLE}={role},{names.INDEX}={index}"
    pods = cluster.every("Pod", selector)["items"]
    newest = max(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), default=None)
    if newest is not None and state.phase(newest) == "Running":
        return dict(newest)
    ended = state.ending(found)
    if ended is not None:
        raise Refused(
            f"{found.run} has ended ({ended['state']}): {node} is not there any more.",
            f"What it left: rankzero logs {found.run}, rankzero outputs {found.run}",
        )
    there = "it has no pod" if newest is None else f"its pod is {state.phase(newest)}"
    raise Refused(
        f"{node} of {found.run} is not there at present: {there}.",
        f"Why: rankzero why {found.run}",
    )
