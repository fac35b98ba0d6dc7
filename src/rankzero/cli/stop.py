"""`rankzero stop`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import (
    NAMING,
    look_options,
    output_option,
    runs_argument,
    selector_option,
)

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@runs_argument
@selector_option
@click.option("--all", "every", is_flag=True, help="All runs that have not ended.")
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Between SIGTERM and SIGKILL (default: the job's).",
)
@click.option("--no-wait", is_flag=True, help="Ask for the stop and leave.")
@look_options
@output_option
def command(
    runs: tuple[str, ...],
    labels: tuple[str, ...],
    every: bool,
    grace: float | None,
    no_wait: bool,
    output: str,
    where: Where,
) -> int:
    """Stop runs.

    Every rank gets SIGTERM, and SIGKILL after the grace period; returns when they have ended.
    A run that has ended already is left as it is. Exit code 3: some place could not be asked for
    what is selected.

    JSON: `runs`, a list of those that were stopped, as `status` gives them.
    """
    from rankzero.cli.select import chosen
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.table import run_line
    from rankzero.cli.until import until_end

    screen, stopped = terminal.out(), []
    found = chosen(runs, labels, every, where)
    for backend, info in found:
        if info.finished:
            if runs and output == "text":
                screen.say(f"{info.run} has already {_ended(info.state)}.")
            continue
        backend.stop(info.run, grace=grace)
        stopped.append((backend, info))
    for backend, info in stopped:
        if not no_wait:
            until_end(backend, info.run)
        if output == "text":
            screen.say(run_line(backend.run(info.run)))
    if output == "json":
        now = [programs.run_json(backend.run(info.run)) for backend, info in stopped]
        programs.print_json({"runs": now})
    elif not found:
        screen.say("No run is selected; nothing was stopped.")
    return found.code


def _ended(state: str) -> str:
    return "been stopped" if state == "stopped" else state
