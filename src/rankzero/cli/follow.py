"""A run followed on the screen, or as a stream of objects, until it has ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rankzero.agent import events as ev
from rankzero.agent import exits
from rankzero.agent.history import History, fold
from rankzero.backends.base import Fetching, LogBlock, LogQuery, Note
from rankzero.cli.show import ending, happenings, programs, terminal
from rankzero.cli.show.bar import Bar
from rankzero.cli.show.lines import Lines, visible
from rankzero.why import Facts

if TYPE_CHECKING:
    from rankzero.backends.base import Backend


class View(Protocol):
    """Who is told what a watched run yields."""

    def block(self, block: LogBlock) -> None: ...
    def event(self, event: ev.Event, before: History) -> None: ...
    def note(self, note: Note) -> None: ...
    def fetching(self, told: Fetching) -> None: ...
    def end(self, facts: Facts, outputs: Path | None, logs: Path | None) -> None: ...


class People:
    """The ranks' lines on stdout; rankzero's own words on stderr, so that a pipe is clean."""

    def __init__(self) -> None:
        self._lines = Lines(terminal.out())
        self._screen = terminal.err()
        self._bar = Bar(self._screen)

    def block(self, block: LogBlock) -> None:
        self._lines.write(block)

    def event(self, event: ev.Event, before: History) -> None:
        told = happenings.tell(event, before)
        if told is not None:
            self._screen.say("  " + self._screen.paint(visible(told), terminal.YELLOW))

    def note(self, note: Note) -> None:
        text = visible(f"note: {note.text}")
        self._screen.say("  " + self._screen.paint(text, terminal.YELLOW))

    def fetching(self, told: Fetching) -> None:
        self._bar.show(told)

    def end(self, facts: Facts, outputs: Path | None, logs: Path | None) -> None:
        self._bar.clear()
        ending.say_end(self._screen, facts, outputs, logs)


class Programs:
    """One object a line on stdout: events as they are, `log` for lines, and at the end `result`."""

    def __init__(self, run: str) -> None:
        self._run = run

    def block(self, block: LogBlock) -> None:
        for line in programs.log_json(block, self._run):
            programs.print_line(line)

    def event(self, event: ev.Event, before: History) -> None:
        programs.print_line(programs.event_json(event))

    def note(self, note: Note) -> None:
        programs.print_line({"kind": "note", "run": self._run, "text": note.text})

    def fetching(self, told: Fetching) -> None:
        pass  # for people: the result says where everything is

    def end(self, facts: Facts, outputs: Path | None, logs: Path | None) -> None:
        programs.print_line(programs.result_json(facts, outputs, logs))


def view_of(output: str, run: str) -> View:
    """The view that `--output` asks for."""
    return Programs(run) if output == "json" else People()


def follow(
    backend: Backend, run: str, view: View, query: LogQuery, history: History | None = None
) -> History:
    """Show what comes until the run has ended; returns its history.

    history: what is known already and is not shown again.
    """
    history = history or History()
    for item in backend.watch(run, query, events_from=history.last_seq + 1, fetch=True):
        if isinstance(item, LogBlock):
            view.block(item)
        elif isinstance(item, Note):
            view.note(item)
        elif isinstance(item, Fetching):
            view.fetching(item)
        else:
            view.event(item, history)
            history = fold([item], history)
    # Only the backend can tell that a run without an end was cut off.
    return history if history.final else backend.run(run).history


def exit_code(history: History) -> int:
    """0 for a run that succeeded, 3 for one that its environment refused, else 1."""
    if history.state == ev.SUCCEEDED:
        return exits.DONE
    return history.exit_code or exits.JOB_FAILED
