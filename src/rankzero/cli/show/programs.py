"""`--output json`: one document a command, one object a line for streams.

Every key named here, and in the docstrings of the verbs, stays: keys are added, never renamed.
Times are seconds since the epoch, durations are seconds, paths are absolute.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rankzero.cli.show.nodes import ordered

if TYPE_CHECKING:
    from pathlib import Path

    from rankzero.agent.events import Event
    from rankzero.agent.history import History
    from rankzero.backends.base import LogBlock, RunInfo
    from rankzero.why import Facts
    from rankzero.why.standing import Place, Standing


def print_json(document: object) -> None:
    """One document, indented."""
    sys.stdout.write(_text(document, indent=2) + "\n")


def print_line(document: Mapping[str, Any]) -> None:
    """One object of a stream, on its own line and at once."""
    sys.stdout.write(_text(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _text(document: object, **how: Any) -> str:  # noqa: ANN401
    """What stdout's encoding lacks is spelt out, as JSON does that."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return json.dumps(document, ensure_ascii=encoding != "utf8", **how)


def run_json(info: RunInfo) -> dict[str, Any]:
    """One run, as `list`, `status`, `stop` and `delete` give it.

    run, name, where, created, labels; state: `waiting`, `running`, `restarting`, `stopping`,
    `succeeded`, `failed` or `stopped`; generation, restarts, max_restarts, world_size;
    nodes: each with node, state, address, ranks, losses, left, pid; waiting_for; submitted,
    running, first_step, finished; report: the last values that the script reported; cause: the
    first failure as recorded, or null; ready: how many nodes are there where the place counts
    them, else null; waits: where the nodes of a run that is not complete are (node and
    `place_json`).
    """
    history = info.history
    return {
        "run": info.run,
        "name": info.name,
        "where": info.where,
        "created": info.created,
        "labels": dict(info.labels),
        "state": history.state,
        "generation": history.generation,
        "restarts": history.restarts,
        "max_restarts": history.max_restarts,
        "world_size": history.world_size,
        "nodes": nodes_json(history),
        "waiting_for": list(history.waiting_for),
        "submitted": history.submitted,
        "running": history.running,
        "first_step": history.first_step,
        "finished": history.finished,
        "report": dict(history.report),
        "cause": None if history.cause is None else dict(history.cause),
        "ready": None if info.ready is None else info.ready[0],
        "waits": [] if info.standing is None else places_json(info.standing),
    }


def nodes_json(history: History) -> list[dict[str, Any]]:
    """The nodes of a run, by role and number."""
    return [
        dict(node._asdict(), ranks=list(node.ranks), usage=dict(node.usage))
        for node in ordered(history)
    ]


def event_json(event: Event) -> dict[str, Any]:
    """An event in a stream: seq, time, kind and the event's own keys, as in `events.jsonl`."""
    return {"seq": event.seq, "time": event.time, "kind": event.kind, **event.data}


def log_json(block: LogBlock, run: str) -> Iterator[dict[str, Any]]:
    """A line of a rank in a stream: kind `log`, run, time, rank, node, generation, text.

    Bytes that are no UTF-8 stand in text as `\\xff`. `dropped` is there where bytes of this rank
    were lost before the line because the run's `log_keep` was exceeded.
    """
    head = {
        "kind": "log",
        "run": run,
        "time": block.time,
        "rank": block.rank,
        "node": block.node,
        "generation": block.generation,
    }
    dropped = {"dropped": block.dropped} if block.dropped else {}
    for line in block.data.removesuffix(b"\n").split(b"\n"):
        yield {**head, **dropped, "text": line.decode("utf-8", "backslashreplace")}
        dropped = {}


def standing_json(standing: Standing) -> dict[str, Any]:
    """What a run waits for, whenever that changes: kind `standing`, run, since (when it was
    submitted), ready (how many nodes are), nodes: those of `place_json`."""
    return {
        "kind": "standing",
        "run": standing.run,
        "since": standing.since,
        "ready": standing.ready,
        "nodes": places_json(standing),
    }


def places_json(standing: Standing) -> list[dict[str, Any]]:
    return [{"node": place.node, **place_json(place)} for place in standing.places]


def place_json(place: Place) -> dict[str, Any]:
    """Where a node is: machine (null where it has none), state (`waiting`, `starting`, `running`
    or `ended`), reason (what it waits for, or null), since (or null), and where something is
    wrong its cause (a word of `why`) and remedy, else null."""
    trouble = place.trouble
    return {
        "machine": place.machine or None,
        "state": place.state,
        "reason": place.text or None,
        "since": place.since,
        "cause": None if trouble is None else trouble.cause,
        "remedy": None if trouble is None else trouble.remedy,
    }


def result_json(facts: Facts, outputs: Path | None, logs: Path | None) -> dict[str, Any]:
    """How a run ended: the last object of `run` and `attach`, and the document of `wait`.

    kind `result`, run, state, exit_code (that of the command), elapsed, first_step (seconds
    after the submission, or null), restarts, report, outputs, logs, and why: cause, title,
    evidence, remedy, detail.
    """
    from rankzero.why import explain

    history = facts.history
    return {
        "kind": "result",
        "run": facts.run,
        "state": history.state,
        "exit_code": 0 if history.state == "succeeded" else history.exit_code or 1,
        "elapsed": _between(history.submitted, history.finished),
        "first_step": _between(history.submitted, history.first_step),
        "restarts": history.restarts,
        "report": dict(history.report),
        "outputs": None if outputs is None else str(outputs),
        "logs": None if logs is None else str(logs),
        "why": explain(facts).to_json(),
    }


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 6)
