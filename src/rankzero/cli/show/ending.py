"""How a run ended, as the last lines of its screen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rankzero.agent import events as ev
from rankzero.agent import exits
from rankzero.agent.history import History
from rankzero.backends.base import output_place, output_volume
from rankzero.cli.show.amounts import duration
from rankzero.cli.show.lines import visible
from rankzero.cli.show.terminal import BOLD, GREEN, RED, YELLOW
from rankzero.why import Facts
from rankzero.why.words import count

if TYPE_CHECKING:
    from pathlib import Path

    from rankzero.cli.show.terminal import Screen

_SIGNS = {ev.SUCCEEDED: ("✓", GREEN), ev.FAILED: ("✗", RED), ev.STOPPED: ("■", YELLOW)}


def say_end(
    screen: Screen, facts: Facts, outputs: Path | None, logs: Path | None, *, name: bool = False
) -> None:
    """The summary: one line where all is well; with the cause and what to do next where not."""
    sign, colour = _SIGNS.get(facts.history.state, ("·", YELLOW))
    there = home(outputs) if outputs else _volume(facts)
    state, _, rest = end_line(facts.history, there, home(logs) if logs else "").partition(" ")
    start = f"{facts.run}  " if name else ""
    screen.say(f"{start}{screen.paint(f'{sign} {state}', colour)} {rest}")
    if facts.history.state == ev.FAILED:
        say_account(screen, facts)


def say_account(screen: Screen, facts: Facts) -> None:
    """The cause, what it took with it, the remedy, and the next command."""
    from rankzero.why import account

    for label, text in account(facts):
        screen.say(f"  {screen.paint(f'{label:<7}', BOLD)} {visible(text)}")


def _volume(facts: Facts) -> str:
    """Where outputs stay that do not come here."""
    volume = output_volume(facts.plan)
    if volume is None:
        return ""
    where = output_place(facts.plan, facts.run)  # as `rankzero serve deploy --model` takes it
    there = f"volume:{where}" if where else f"on volume {volume}"
    return f"{there}; fetch: rankzero outputs {facts.run}"


def end_line(history: History, outputs: str = "", logs: str = "") -> str:
    """`succeeded in 11.2 s · outputs: ...`; of a failure the cause is worth more than places."""
    parts = [f"{history.state} {times(history)}".rstrip()]
    if history.state != ev.FAILED:
        parts += [f"outputs: {outputs}"] if outputs else []
        parts += [f"logs: {logs}"] if logs else []
    return " · ".join(parts)


def times(history: History) -> str:
    """`in 11.2 s (first step after 2.1 s, 1 restart)`; `after 41 s (exit 1)` for a failure."""
    if history.finished is None or history.submitted is None:
        return ""
    remarks = []
    if history.state == ev.FAILED:
        remarks.append(f"exit {history.exit_code or exits.JOB_FAILED}")
    elif history.first_step is not None:
        remarks.append(f"first step after {duration(history.first_step - history.submitted)}")
    if history.restarts:
        remarks.append(count(history.restarts, "restart"))
    word = "in" if history.state == ev.SUCCEEDED else "after"
    text = f"{word} {duration(history.finished - history.submitted)}"
    return f"{text} ({', '.join(remarks)})" if remarks else text


def home(path: Path) -> str:
    """A path with ~ for the home folder."""
    text, start = str(path), os.path.expanduser("~")  # noqa: PTH111
    return "~" + text[len(start) :] if text.startswith(start + "/") else text
