"""One line of a run's history, and its wire form: a JSON object a line in `events.jsonl`."""

import json
from typing import Any, Dict, Mapping, NamedTuple, Optional

# A run's life. Written by the client and the backend.
SUBMITTED = "submitted"  # name, backend, max_restarts
STOP_REQUESTED = "stop-requested"  # by, grace_s
# Membership. Written by the coordinator.
NODE_JOINED = "node-joined"  # node, address, ranks, pid
NODE_LOST = "node-lost"  # node, reason; left: true of one that said goodbye
WAITING = "waiting"  # nodes: those that are not here, until
ASSIGNED = "assigned"  # generation, restarts, world_size, nodes: {node: [rank, ...]}
RUNNING = "running"  # generation: every rank's process is started
RANK_EXITED = "rank-exited"  # generation, rank, node, code: by itself, with 0
RANK_FAILED = "rank-failed"  # generation, failure: {kind, rank, node, time, code, signal, ...}
RESTARTING = "restarting"  # generation, restarts, max_restarts, cause
ENDING = "ending"  # state, cause, exit_code, generation: decided; what still runs is told to end
FINISHED = "finished"  # state, cause, exit_code, generation
# Reports from inside the ranks, and about them.
FIRST_STEP = "first-step"  # generation, rank: the first optimizer step, or the first report
REPORT = "report"  # rank, values; thinned, the last one is always kept
LEFTOVERS = "leftovers"  # rank, processes: what a rank left running, ended by its agent
LOG_DROPPED = "log-dropped"  # node, rank, bytes: what exceeded log_keep
NOTICE = "notice"  # node, text: something a user should know that stopped nothing
USAGE = "usage"  # node, used, peak, limit, killed: of memory; told as the peak grows

#: States of a run, as `fold` derives them. The last three are final.
WAITING_STATE, RUNNING_STATE, RESTARTING_STATE, STOPPING_STATE = (
    "waiting",
    "running",
    "restarting",
    "stopping",
)
SUCCEEDED, FAILED, STOPPED = "succeeded", "failed", "stopped"
FINAL = frozenset((SUCCEEDED, FAILED, STOPPED))


class Event(NamedTuple):
    """seq counts from 1 within a run; time is in seconds since the epoch on the writer's clock."""

    seq: int
    time: float
    kind: str
    data: Mapping[str, Any]


def to_line(event: Event) -> str:
    """One line without its newline; the event's own keys come first."""
    head: Dict[str, Any] = {"seq": event.seq, "time": round(event.time, 6), "kind": event.kind}
    head.update(event.data)
    return json.dumps(head, separators=(",", ":"), ensure_ascii=False)


def from_line(line: str) -> Optional[Event]:
    """The event in a line, or None for one torn by a crash in mid-write."""
    try:
        data = json.loads(line)
        return Event(int(data.pop("seq")), float(data.pop("time")), str(data.pop("kind")), data)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
