"""One run, node by node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero.agent import events as ev
from rankzero.agent.history import NodeState
from rankzero.cli.show.lines import visible
from rankzero.cli.show.nodes import by_place
from rankzero.cli.show.programs import place_json
from rankzero.cli.show.table import run_line, say_table
from rankzero.cli.show.terminal import BOLD
from rankzero.why.standing import Place, place

if TYPE_CHECKING:
    from rankzero.backends.base import RunInfo
    from rankzero.cli.show.terminal import Screen
    from rankzero.why.seen import Seen

_MIB, _GIB = 1024**2, 1024**3


class NodeRow(NamedTuple):
    """What is known of a node: by the run's history, and by its pod."""

    node: NodeState
    place: Place

    @property
    def state(self) -> str:
        """A node that its pod keeps waiting is that; else what the history says."""
        return self.place.state if self.place.text else self.node.state

    @property
    def where(self) -> str:
        return self.place.machine or self.node.address or "-"


def node_rows(info: RunInfo, seen: Seen) -> list[NodeRow]:
    """A row a node, also for those that have not come."""
    history, newest = info.history, seen.newest()
    here = {name for name, node in history.nodes.items() if node.state != "lost"}
    names = sorted(history.nodes.keys() | newest.keys(), key=by_place)
    rows = []
    for name in names:
        node = history.nodes.get(name, NodeState(name, "waiting"))
        pod = newest.get(name)
        where = Place(name)
        if pod is not None:
            waits = not history.final and name not in here
            where = place(pod, seen, here) if waits else Place(name, pod.machine, "running")
        rows.append(NodeRow(node, where))
    return rows


def nodes_json(rows: list[NodeRow]) -> list[dict[str, Any]]:
    """As in `programs.nodes_json`, and: machine, reason, since, cause, remedy (`place_json`)."""
    return [
        {
            **row.node._asdict(),
            **place_json(row.place),
            "state": row.state,
            "ranks": list(row.node.ranks),
            "usage": dict(row.node.usage),
        }
        for row in rows
    ]


def say_status(screen: Screen, info: RunInfo, rows: list[NodeRow], last: dict[str, str]) -> None:
    """A run's line and a row a node. last: the last line of each node."""
    line = run_line(info)
    screen.say(screen.paint(info.run, BOLD) + visible(line[len(info.run) :]))
    if info.labels:
        screen.say("  " + " ".join(f"{key}={value}" for key, value in info.labels.items()))
    if info.state == ev.WAITING_STATE and rows:
        ready = sum(not row.place.text and row.node.state != "waiting" for row in rows)
        screen.say(f"  {ready}/{len(rows)} ready")
    if not rows:
        return
    used = not info.finished and any(row.node.usage for row in rows)
    heads = ("NODE", "WHERE", "STATE", "RANKS", "RESTARTS", *(("CPU", "MEMORY") if used else ()))
    say_table(screen, (*heads, "LAST LINE"), [_cells(row, last, used) for row in rows])


def _cells(row: NodeRow, last: Mapping[str, str], used: bool) -> tuple[str, ...]:
    return (
        row.node.node,
        row.where,
        row.state,
        ",".join(map(str, row.node.ranks)) or "-",
        str(row.node.restarts),
        *((processors(row.node.usage), memory(row.node.usage)) if used else ()),
        row.place.text or last.get(row.node.node, ""),
    )


def processors(usage: Mapping[str, float]) -> str:
    """`98%` of one processor, `350%` of several; `-` where it is not known."""
    return f"{usage['cpu'] * 100:.0f}%" if "cpu" in usage else "-"


def memory(usage: Mapping[str, float]) -> str:
    """`2.1/8.0 GiB`, `20/256 MiB`; `2.1 GiB` without a limit."""
    if "used" not in usage:
        return "-"
    used, limit = usage["used"], usage.get("limit")
    unit, size, digits = ("GiB", _GIB, 1) if max(used, limit or 0) >= _GIB else ("MiB", _MIB, 0)
    most = "" if limit is None else f"/{limit / size:.{digits}f}"
    return f"{used / size:.{digits}f}{most} {unit}"
