"""A run followed on the screen, or as a stream of objects, until it has ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rankzero.agent import events as ev
from rankzero.agent import exits
from rankzero.agent.history import History, fold
from rankzero.backends.base import Awaited, Fetching, LogBlock, LogQuery, Note
from rankzero.cli.show import ending, happenings, programs, terminal
from rankzero.cli.show.bar import Bar
from rankzero.cli.show.lines import Lines, visible
from rankzero.cli.show.waiting import Waiting, distinct
from rankzero.why import Facts
from rankzero.why.seen import Seen

if TYPE_CHECKING:
    from rankzero.backends.base import Backend
    from rankzero.why.standing import Standing


class View(Protocol):
    """Who is told what a watched run yields."""

    def block(self, block: LogBlock) -> None: ...
    def event(self, event: ev.Event, before: History) -> None: ...
    def standing(self, standing: Standing) -> None: ...
    def note(self, note: Note) -> None: ...
    def fetching(self, told: Fetching) -> None: ...
    def left(self) -> None: ...
    def end(self, facts: Facts, outputs: Path | None, logs: Path | None) -> None: ...


class People:
    """The ranks' lines on stdout; rankzero's own words on stderr, so that a pipe is clean."""

    def __init__(self) -> None:
        self._lines = Lines(terminal.out())
        self._screen = terminal.err()
        self._bar = Bar(self._screen)
        self._waiting = Waiting(self._screen)

    def block(self, block: LogBlock) -> None:
        self._waiting.clear()
        self._lines.write(block)

    def event(self, event: ev.Event, before: History) -> None:
        told = happenings.tell(event, before)
        if event.kind == ev.RUNNING:
            self._waiting.over()
        if told is not None and not self._waiting.says(event.kind):
            self._waiting.clear()
            self._screen.say("  " + self._screen.paint(visible(told), terminal.YELLOW))

    def standing(self, standing: Standing) -> None:
        self._waiting.show(standing)

    def note(self, note: Note) -> None:
        self._waiting.clear()
        text = visible(f"note: {note.text}")
        self._screen.say("  " + self._screen.paint(text, terminal.YELLOW))

    def fetching(self, told: Fetching) -> None:
        self._bar.show(told)

    def left(self) -> None:
        """Somebody else writes from here on."""
        self._waiting.clear()
        self._bar.clear()

    def end(self, facts: Facts, outputs: Path | None, logs: Path | None) -> None:
        self.left()
        ending.say_end(self._screen, facts, outputs, logs)


class Programs:
    """One object a line on stdout: events as they are, `log` for lines, and at the end `result`."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._standing: object = None

    def block(self, block: LogBlock) -> None:
        for line in programs.log_json(block, self._run):
            programs.print_line(line)

    def event(self, event: ev.Event, before: History) -> None:
        programs.print_line(programs.event_json(event))

    def standing(self, standing: Standing) -> None:
        if distinct(standing) != self._standing:
            self._standing = distinct(standing)
            programs.print_line(programs.standing_json(standing))

    def note(self, note: Note) -> None:
        programs.print_line({"kind": "note", "run": self._run, "text": note.text})

    def fetching(self, told: Fetching) -> None:
        pass  # for people: the result says where everything is

    def left(self) -> None:
        pass

    def end(self, facts: Facts, outputs: Path | None, logs: Path | None) -> None:
        programs.print_line(programs.result_json(facts, outputs, logs))


def view_of(output: str, run: str) -> View:
    """The view that `--output` asks for."""
    return Programs(run) if output == "json" else People()


class Followed(NamedTuple):
    """How a run ended. seen: what its nodes looked like when it waited for them last."""

    history: History
    seen: Seen


def follow(
    backend: Backend, run: str, view: View, query: LogQuery, history: History | None = None
) -> Followed:
    """Show what comes until the run has ended.

    history: what is known already and is not shown again.
    """
    history, seen = history or History(), Seen()
    try:
        for item in backend.watch(run, query, events_from=history.last_seq + 1, fetch=True):
            if isinstance(item, Awaited):
                seen = item.standing.seen
            if isinstance(item, ev.Event):
                view.event(item, history)
                history = fold([item], history)
            else:
                _show(view, item)
    finally:
        view.left()
    # Only the backend can tell that a run without an end was cut off.
    return Followed(history if history.final else backend.run(run).history, seen)


def _show(view: View, item: LogBlock | Awaited | Note | Fetching) -> None:
    if isinstance(item, LogBlock):
        view.block(item)
    elif isinstance(item, Awaited):
        view.standing(item.standing)
    elif isinstance(item, Note):
        view.note(item)
    else:
        view.fetching(item)


def exit_code(history: History) -> int:
    """0 for a run that succeeded, 3 for one that its environment refused, else 1."""
    if history.state == ev.SUCCEEDED:
        return exits.DONE
    return history.exit_code or exits.JOB_FAILED
