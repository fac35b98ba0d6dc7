"""`rankzero events`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import NAMING, look_options, output_option, run_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@click.option("--follow", "-f", is_flag=True, help="Go on as they come, until the run has ended.")
@look_options
@output_option
def command(run: str, follow: bool, output: str, where: Where) -> int:
    """Print a run's history.

    JSON: a stream of events: seq, time, kind, and the event's own keys.
    """
    from rankzero import backends
    from rankzero.agent.events import Event
    from rankzero.backends.base import LogQuery
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.chronicle import event_line

    backend, info = backends.find(run, where)
    screen = terminal.out()
    if follow:
        items = backend.watch(info.run, LogQuery(ranks=frozenset()))
    else:
        items = iter(backend.events(info.run))
    for item in items:
        if not isinstance(item, Event):
            continue
        if output == "json":
            programs.print_line(programs.event_json(item))
        else:
            screen.say(event_line(item))
    return 0
