"""`rankzero pipeline events`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option
from rankzero.cli.pipeline.options import NAMING, run_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@look_options
@output_option
def command(run: str, output: str, where: Where) -> int:
    """Print a pipeline's history.

    JSON: one object a line: seq, time, kind and the fact's own keys.
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.steps import event_line
    from rankzero.pipelines.finding import find

    events = find(run, where).events()
    for event in events:
        if output == "json":
            programs.print_line(programs.event_json(event))
        else:
            terminal.out().say(event_line(event, events[0].time))
    return 0
