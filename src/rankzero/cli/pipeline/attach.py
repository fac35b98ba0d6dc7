"""`rankzero pipeline attach`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import begin_option, look_options, output_option
from rankzero.cli.pipeline.options import NAMING, progress_of, run_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@begin_option("step")
@look_options
@output_option
def command(run: str, tail: int, output: str, where: Where) -> int:
    """Follow a pipeline as if it had been started here.

    Ctrl-C leaves, and it goes on. Exit code: 0 it succeeded, 1 it did not, 130 left.

    JSON: a stream as that of `pipeline run`: every later fact, every line, at the end the result.
    """
    from rankzero.backends.base import LogQuery
    from rankzero.cli.pipeline.follow import follow, view_of
    from rankzero.cli.show import terminal
    from rankzero.cli.show.steps import run_line
    from rankzero.pipelines.finding import find

    folder = find(run, where)
    progress = progress_of(folder)
    if output == "text":
        terminal.err().say(run_line(folder, progress))
    try:
        return follow(folder, progress, view_of(output, folder, progress), LogQuery(tail=tail))
    except KeyboardInterrupt:
        terminal.err().say(f"  {folder.run} goes on: rankzero pipeline attach {folder.run}")
        raise
