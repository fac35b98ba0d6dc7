"""Which of several failures was the first cause. Pure."""

import signal
from typing import Any, Dict, Iterable, Optional, Tuple

from rankzero.agent.membership.events import NOTHING, Record

#: The loss of a node is noticed by the ranks of the others at about the same time as by the
#: coordinator; within this many seconds the loss is taken for the cause, not for the effect.
LOSS_LEAD = 1.0
#: Whoever dies of a pipe that nobody reads any more was told so by another one's end; and where a
#: world of MPI was ended, those who die of it may be dead first (`leads`). Within this many seconds
#: the one is not taken for the cause, and the other is.
ECHO = 1.0


def lost(
    key: str, time: float, reason: str, ranks: Iterable[int], usage: Record = NOTHING
) -> Dict[str, Any]:
    """A node that vanished while it was needed. usage: as it told last."""
    ranks = list(ranks)
    memory = {name: value for name, value in usage.items() if name != "cpu"}
    return {
        "kind": "node-lost",
        "node": key,
        "rank": ranks[0] if ranks else None,
        "time": time,
        "message": reason,
        **({"memory": memory} if memory else {}),
    }


def missing(keys: Iterable[str], waited: float, time: float) -> Dict[str, Any]:
    """Nodes that did not come within the waiting time."""
    names = list(keys)
    return {
        "kind": "nodes-missing",
        "node": names[0] if names else None,
        "nodes": names,
        "time": time,
        "message": "%s did not come within %g s" % (", ".join(names[:8]), waited),
    }


def stuck(keys: Iterable[str], waited: float, time: float) -> Dict[str, Any]:
    """Nodes on which ranks live on after SIGKILL: the kernel does not let them go."""
    names = list(keys)
    return {
        "kind": "stuck",
        "node": names[0],
        "nodes": names,
        "time": time,
        "message": "ranks on %s did not end within %g s after SIGKILL"
        % (", ".join(names[:8]), waited),
    }


def root(failures: Tuple[Record, ...], unfinished: Iterable[int] = ()) -> Optional[Record]:
    """The first by time; a node's loss leads the failures of other nodes that it explains, and a
    death by SIGPIPE comes after those of others.

    unfinished: the ranks that have not exited 0; those beside the first one died of it, or were
    stopped because of it, and are counted in `others`.
    """
    if not failures:
        return None
    first = min(failures, key=_when)
    return dict(first, others=len(set(unfinished) - {first["rank"]}))


def _when(failure: Record) -> float:
    lead = LOSS_LEAD if failure["kind"] == "node-lost" else 0.0
    if failure.get("leads"):
        lead = ECHO
    elif failure.get("signal") == signal.SIGPIPE:
        lead = -ECHO
    return float(failure["time"]) - lead
