"""A description for people: a line, then a table for each kind of row that there is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rankzero.cli.show.amounts import age, size
from rankzero.cli.show.lines import visible
from rankzero.cli.show.table import say_table
from rankzero.cli.show.terminal import BOLD

if TYPE_CHECKING:
    from rankzero.backends.description import Description
    from rankzero.cli.show.terminal import Screen

Rows = list[tuple[str, ...]]


def say_description(screen: Screen, found: Description) -> None:
    """Tables that would be empty are left out."""
    screen.say(
        screen.paint(visible(found.name), BOLD) + visible(f" · {found.state} · {found.where}")
    )
    for key, value in found.facts.items():
        screen.say(visible(f"  {key}: {value}"))
    now = time.time()
    for heads, rows in _tables(found, now):
        if rows:
            screen.say("")
            say_table(screen, heads, rows)
    if found.not_shown:
        screen.say("")
        for text in found.not_shown:
            screen.say(visible(f"not shown: {text}"))


def _tables(found: Description, now: float) -> Iterator[tuple[tuple[str, ...], Rows]]:
    def since(when: float | None) -> str:
        return "-" if when is None else age(now - when)

    pod = "PID" if found.where == "local" else "POD"
    yield (
        ("OBJECT", "NAME", "AGE", "SIZE", "NOTE"),
        [_row(o.kind, o.name, since(o.created), _size(o.size), o.note) for o in found.objects],
    )
    yield (
        ("NODE", pod, "STATE", "WHERE", "ADDRESS", "AGE", "NOTE"),
        [
            _row(n.node, n.name, n.state, n.machine, n.address, since(n.created), n.note)
            for n in found.nodes
        ],
    )
    yield (
        ("RANK", "NODE", "NAME", "PORT", "PID", "NAMED PORTS"),
        [_row(r.rank, r.node, r.name, r.port, r.pid, _ports(r.ports)) for r in found.ranks],
    )
    yield (
        ("SERVICE", "KIND", "ADDRESS", "PORTS"),
        [_row(s.name, s.kind, s.address, _ports(s.ports)) for s in found.services],
    )
    yield (
        ("CONDITION", "OF", "STATUS", "SINCE", "WHY"),
        [
            _row(c.type, c.of, c.status, since(c.since), _why(c.reason, c.message))
            for c in found.conditions
        ],
    )
    yield (
        ("EVENT", "AGE", "TIMES", "OF", "MESSAGE"),
        [_row(e.reason, since(e.time), e.count, _listed(e.of), e.message) for e in found.events],
    )


def _row(*cells: object) -> tuple[str, ...]:
    """What is not known, or empty, is a dash."""
    return tuple("-" if cell in (None, "") else str(cell) for cell in cells)


def _size(count: int | None) -> str | None:
    return None if count is None else size(count)


def _why(*words: str) -> str:
    return ": ".join(filter(None, words))


def _ports(ports: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in ports.items())


def _listed(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{words[0]} and {len(words) - 1} more"
