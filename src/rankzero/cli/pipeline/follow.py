"""A pipeline watched to its end: its facts and its lines on the screen as they come."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from rankzero.agent import exits
from rankzero.backends.base import LogBlock, LogQuery, Note
from rankzero.cli.show import pipelines as as_json
from rankzero.cli.show import programs, steps, terminal
from rankzero.cli.show.lines import Lines, visible
from rankzero.cli.show.live import Live
from rankzero.driver import facts
from rankzero.pipelines.watch import in_order

if TYPE_CHECKING:
    from rankzero.agent.events import Event
    from rankzero.pipelines.kept import Kept
    from rankzero.pipelines.progress import Progress


class View(Protocol):
    """Shows a pipeline as it goes."""

    def block(self, block: LogBlock) -> None:
        """Lines of a part."""

    def event(self, event: Event) -> None:
        """What has just come to be so; it is taken into the progress."""

    def note(self, note: Note) -> None:
        """What is no part of its history."""

    def aside(self) -> AbstractContextManager[None]:
        """Room for something else on the screen."""

    def left(self) -> None:
        """Somebody else writes from here on."""

    def end(self) -> None:
        """It is over, or nobody drives it any more."""


class People:
    """Lines marked with their step on stdout, what happens on stderr; on a terminal the graph
    stands below, redrawn in place."""

    def __init__(self, folder: Kept, progress: Progress) -> None:
        self._folder, self._progress = folder, progress
        self._screen = terminal.err()
        self._lines = Lines(terminal.out(), name=progress.name_of)
        self._live = Live(self._screen, lambda: steps.graph_lines(self._screen, progress))

    def block(self, block: LogBlock) -> None:
        with self._live.aside():
            self._lines.write(block)

    def event(self, event: Event) -> None:
        with self._live.aside():
            fact = self._progress.take(event)
            said = steps.fact_line(self._screen, fact, self._progress)
            if said:
                self._screen.say("  " + said)

    def note(self, note: Note) -> None:
        with self._live.aside():
            text = visible(f"note: {note.text}")
            self._screen.say("  " + self._screen.paint(text, terminal.YELLOW))

    def aside(self) -> AbstractContextManager[None]:
        return self._live.aside()

    def left(self) -> None:
        self._live.close()

    def end(self) -> None:
        steps.say_end(self._screen, self._folder, self._progress)


class Programs:
    """One object a line on stdout: facts as they are, `log` for lines, at the end `result`."""

    def __init__(self, folder: Kept, progress: Progress) -> None:
        self._folder, self._progress = folder, progress

    def block(self, block: LogBlock) -> None:
        for line in as_json.lines_json(self._folder.run, block, self._progress):
            programs.print_line(line)

    def event(self, event: Event) -> None:
        self._progress.take(event)
        programs.print_line(programs.event_json(event))

    def note(self, note: Note) -> None:
        programs.print_line({"kind": "note", "run": self._folder.run, "text": note.text})

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def left(self) -> None:
        pass

    def end(self) -> None:
        programs.print_line(as_json.result_json(self._folder, self._progress))


def view_of(output: str, folder: Kept, progress: Progress) -> View:
    """The view that `--output` asks for."""
    return Programs(folder, progress) if output == "json" else People(folder, progress)


def follow(folder: Kept, progress: Progress, view: View, query: LogQuery) -> int:
    """Show all that comes until it is over; returns the exit code. What `progress` knows already
    is not said again."""
    items = folder.watch(query, progress.last + 1)
    try:
        for item in in_order(items, progress.knows):
            if isinstance(item, LogBlock):
                view.block(item)
            elif isinstance(item, Note):
                view.note(item)
            else:
                view.event(item)
    finally:
        view.left()
    view.end()
    return exit_code(progress)


def exit_code(progress: Progress) -> int:
    return exits.DONE if progress.state == facts.SUCCEEDED else exits.JOB_FAILED
