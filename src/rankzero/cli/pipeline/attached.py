"""A pipeline that ends with the command that started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero.backends.base import LogQuery
from rankzero.cli.interrupts import Detached, Interrupts
from rankzero.cli.pipeline.follow import follow, view_of
from rankzero.cli.show import terminal
from rankzero.driver import facts
from rankzero.pipelines.progress import Progress
from rankzero.pipelines.stopping import stop

if TYPE_CHECKING:
    from rankzero.backends.local.lifeline import Lifeline
    from rankzero.pipelines.folder import PipelineFolder


class Driven:
    """What Ctrl-C can do to it, see `cli.interrupts`."""

    ends_with_caller = True

    def __init__(self, folder: PipelineFolder, lifeline: Lifeline) -> None:
        self._folder, self._lifeline = folder, lifeline

    def stop(self, run: str, *, grace: float | None = None) -> None:
        stop(self._folder, "Ctrl-C", now=grace == 0.0)

    def release(self, run: str) -> None:
        self._lifeline.release()


def attached(folder: PipelineFolder, lifeline: Lifeline, output: str) -> int:
    """Follow it to its end, which is also its end when this process dies; the exit code."""
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


def detached(folder: PipelineFolder, output: str) -> int:
    """The id alone on stdout: `id=$(rankzero pipeline run -d ...)`."""
    if output == "json":
        from rankzero.cli.show import programs

        programs.print_json({"run": folder.run, **folder.plan()})
        return 0
    terminal.out().say(folder.run)
    terminal.err().say(f"  detached; follow it: rankzero pipeline attach {folder.run}")
    return 0
