"""A pipeline that ends with the command that started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero.backends.base import LogQuery
from rankzero.cli.interrupts import QUESTION, Detached, Interrupts
from rankzero.cli.pipeline.follow import follow, view_of
from rankzero.cli.show import terminal
from rankzero.driver import facts
from rankzero.errors import BadRequest
from rankzero.pipelines.progress import Progress

if TYPE_CHECKING:
    from rankzero.backends.local.lifeline import Lifeline
    from rankzero.pipelines.kept import Kept


LEAVES = (
    "\nstop the pipeline, or detach: what runs goes on, and nothing more begins until it is "
    "resumed? [s/d, then Enter] "
)


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


def check_stays(detach: bool) -> None:
    """Errors: BadRequest."""
    if detach:
        raise BadRequest(
            "--detach: where a client drives a pipeline, nothing more begins once the command has "
            "left.",
            "Let it stay, with nohup or in tmux. Without --driver client, a driver in the cluster "
            "goes on by itself.",
        )


def followed(folder: Kept, output: str) -> int:
    """Follow one that goes on by itself; the exit code."""
    return attached(folder, None, output)


def driven(folder: Kept, output: str) -> int:
    """Follow one that this process drives while it does; the exit code."""
    left = f"what runs of {folder.run} goes on. The rest: rankzero pipeline resume {folder.run}"
    return _attached(folder, None, output, left, LEAVES)


def attached(folder: Kept, lifeline: Lifeline | None, output: str) -> int:
    """Follow it to its end, which, with a lifeline, is also its end when this process dies; the
    exit code."""
    left = f"{folder.run} goes on: rankzero pipeline attach {folder.run}"
    return _attached(folder, lifeline, output, left, QUESTION)


def _attached(
    folder: Kept, lifeline: Lifeline | None, output: str, left: str, question: str
) -> int:
    progress = Progress(folder.graph())
    view = view_of(output, folder, progress)
    interrupts = Interrupts(Driven(folder, lifeline), folder.run, view.aside, question)
    try:
        with interrupts:
            code = follow(folder, progress, view, LogQuery())
    except Detached as detached:
        terminal.err().say(f"  {left}")
        return detached.code
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
