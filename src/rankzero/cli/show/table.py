"""Runs as a table, and as a line."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rankzero.agent import events as ev
from rankzero.cli.show.amounts import age, duration
from rankzero.cli.show.lines import visible
from rankzero.why import Failure, phrase
from rankzero.why.blocked import listed
from rankzero.why.words import count

if TYPE_CHECKING:
    from rankzero.agent.history import History
    from rankzero.backends.base import RunInfo
    from rankzero.cli.show.terminal import Screen
    from rankzero.why.standing import Standing

#: A state's colour, by rich's names.
_STYLES = {
    ev.SUCCEEDED: "green",
    ev.FAILED: "red",
    ev.STOPPED: "yellow",
    ev.RUNNING_STATE: "cyan",
}
#: Wide enough for any row: a pipe is not cut.
_UNCUT = 100_000


def say_table(screen: Screen, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns two spaces apart. The last one may hold anybody's text: on a terminal it gets the
    room that the others leave, and is cut there; the others, and a pipe, are never cut."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(heads, *cells, strict=True)]
    room = screen.width() - sum(width + 2 for width in widths[:-1]) if screen.tty else _UNCUT
    console = Console(
        width=_UNCUT,
        force_terminal=screen.colour,
        color_system="standard" if screen.colour else None,
        legacy_windows=False,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in heads[:-1]:
        table.add_column(head, no_wrap=True)
    if room > 0:
        table.add_column(heads[-1], no_wrap=True, overflow="ellipsis", max_width=room)
    for row in cells:
        shown = row if room > 0 else row[:-1]
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in shown))
    with console.capture() as drawn:
        console.print(table)
    screen.say("\n".join(line.rstrip() for line in drawn.get().rstrip("\n").split("\n")))


RUN_HEADS = ("RUN", "STATE", "NODES", "RANKS", "WHERE", "AGE", "NOTE")


def run_row(info: RunInfo, now: float) -> tuple[str, ...]:
    """A run's line in `rankzero list`."""
    history = info.history
    here, total = info.ready or _counted(history)
    nodes = "-" if not total else str(total) if history.final else f"{here}/{total}"
    ranks = str(history.world_size or "-")
    said = waits(info.standing) if info.standing and not history.final else note(history)
    return (info.run, info.state, nodes, ranks, info.where, age(now - info.created), said)


def _counted(history: History) -> tuple[int, int]:
    """(nodes that are here, all that are known)."""
    here = sum(node.state in ("joined", "starting", "running") for node in history.nodes.values())
    return here, len(set(history.nodes) | set(history.waiting_for))


def waits(standing: Standing) -> str:
    """What a run waits for, in a few words: the first reason, and how many others there are."""
    groups = standing.grouped()
    if not groups:
        return ""
    (names, place), more = groups[0], len(groups) - 1
    others = f" (and {count(more, 'other reason')})" if more else ""
    return f"{listed(names, 2)}: {place.text}{others}"


def note(history: History) -> str:
    """What there is to say about a run in a few words."""
    if history.state == ev.FAILED:
        return phrase(Failure.read(history.cause)) if history.cause else "no cause recorded"
    if history.waiting_for:
        return "waits for " + ", ".join(history.waiting_for[:4])
    words = []
    if history.final and history.finished and history.submitted:
        words.append(duration(history.finished - history.submitted))
    if not history.final:
        words += values(history)
    if history.restarts:
        words.append(count(history.restarts, "restart"))
    return " · ".join(words)


def values(history: History) -> list[str]:
    """The last report: `step 410`, `loss 0.211`."""
    shown = []
    for key, value in list(history.report.items())[:4]:
        if isinstance(value, float):
            value = f"{value:.4g}"
        if isinstance(value, (int, str)):
            shown.append(f"{key} {value}")
    return shown


def run_line(info: RunInfo) -> str:
    """`digits-9c1e · running · generation 2 (1 restart: rank 1 was killed by signal 9)`"""
    history = info.history
    parts = [info.run, info.state]
    if history.generation:
        text = f"generation {history.generation}"
        if history.restarts:
            cause = f": {phrase(Failure.read(history.cause))}" if history.cause else ""
            text += f" ({count(history.restarts, 'restart')}{cause})"
        parts.append(text)
    parts.append(info.where)
    return " · ".join([*parts, *values(history)])


def say_runs(screen: Screen, infos: Sequence[RunInfo], *, filtered: bool = False) -> None:
    """The table of `list`, or a word where it is empty. filtered: not all runs were wanted."""
    if not infos:
        none, some = "No runs. Start one: rankzero run train.py", "No run matches. See them all:"
        screen.say(f"{some} rankzero list" if filtered else none)
        return
    now = time.time()
    say_table(screen, RUN_HEADS, [run_row(info, now) for info in infos])
