"""`rankzero pipeline stop`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option
from rankzero.cli.pipeline.options import NAMING, chosen, progress_of, runs_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@runs_argument
@click.option("--all", "every", is_flag=True, help="All that go on.")
@click.option("--no-wait", is_flag=True, help="Ask for the stop and leave.")
@look_options
@output_option
def command(runs: tuple[str, ...], every: bool, no_wait: bool, output: str, where: Where) -> int:
    """Stop pipelines.

    Every step that runs gets SIGTERM, and SIGKILL after ten seconds; returns when all have ended.
    One that is over already is left as it is.

    JSON: `pipelines`, a list of those that were stopped, as `pipeline status` gives them.
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.pipelines import pipeline_json
    from rankzero.cli.show.steps import run_line

    screen, stopped = terminal.out(), []
    for folder in chosen(runs, where, every=every):
        if folder.stop("rankzero pipeline stop"):
            stopped.append(folder)
        elif output == "text" and not every:
            screen.say(f"{folder.run} does not run.")
    rows = []
    for folder in stopped:
        if not no_wait:
            folder.wait()
        progress = progress_of(folder)
        rows.append(pipeline_json(folder, progress))
        if output == "text":
            screen.say(run_line(folder, progress))
    if output == "json":
        programs.print_json({"pipelines": rows})
    elif every and not stopped:
        screen.say("No pipeline runs; nothing was stopped.")
    return 0
