"""`rankzero pipeline why`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option
from rankzero.cli.pipeline.options import NAMING, progress_of, run_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@look_options
@output_option
def command(run: str, output: str, where: Where) -> int:
    """Say why a pipeline failed, waits or stopped.

    Each step that failed, the first one first: its cause, its last lines, or, of a job, what
    `rankzero why` says of its run. Then what could not begin for that.

    JSON: run, state, and account: a list of label and text.
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.steps import run_line, say_account
    from rankzero.pipelines.finding import find
    from rankzero.pipelines.why import account

    folder = find(run, where)
    progress = progress_of(folder)
    if output == "json":
        said = [{"label": label, "text": text} for label, text in account(folder, progress)]
        document = {"run": folder.run, "state": progress.state, "account": said}
        programs.print_json(document)
        return 0
    terminal.out().say(run_line(folder, progress))
    say_account(terminal.out(), folder, progress)
    return 0
