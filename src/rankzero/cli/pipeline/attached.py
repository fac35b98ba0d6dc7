"""A pipeline that ends with the command that started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero.backends.base import LogQuery
from rankzero.cli.interrupts import Detached, Interrupts
from rankzero.cli.pipeline.follow import follow, view_of
from rankzero.cli.show import terminal
from rankzero.driver import facts
from rankzero.pipelines.progress import Progress

if TYPE_CHECKING:
    from rankzero.backends.local.lifeline import Lifeline
    from rankzero.pipelines.kept import Kept


class Driven:
    """What Ctrl-C can do to it, see `cli.interrupts`."""

    def __init__(self, folder: Kept, lifeline: Lifeline | None) -> None:
        """lifeline: of one that ends with this command."""
        self._folder, self._lifeline = folder, lifeline
        self.ends_with_caller = lifeline is not None

    def stop(self, run: str, *, grace: float | None = None) -> None:
        self._folder.stop("Ctrl-C", now=grace == 0.0)

    def release(self, run: str) -> None:
        if self._lifeline is not None:
            self._lifeline.release()


def followed(folder: Kept, output: str) -> int:
    """Follow one that goes on by itself; the exit code."""
    return attached(folder, None, output)


def attached(folder: Kept, lifeline: Lifeline | None, output: str) -> int:
    """Follow it to its end, which, with a lifeline, is also its end when this process dies; the
    exit code."""
    progress = Progress(folder.graph())
    view = view_of(output, folder, progress)
    interrupts = Interrupts(Driven(folder, lifeline), folder.run, view.aside)
    try:
        with interrupts:
            code = follow(folder, progress, view, LogQuery())
    except Detached as left:
        terminal.err().say(f"  {folder.run} goes on: rankzero pipeline attach {folder.run}")
        return left.code
    if progress.state == facts.STOPPED and interrupts.code is not None:
        return interrupts.code
    return code


def detached(folder: Kept, output: str) -> int:
    """The id alone on stdout: `id=$(rankzero pipeline run -d ...)`."""
    if output == "json":
        from rankzero.cli.show import programs

        programs.print_json({"run": folder.run, **folder.plan()})
        return 0
    terminal.out().say(folder.run)
    terminal.err().say(f"  detached; follow it: rankzero pipeline attach {folder.run}")
    return 0
