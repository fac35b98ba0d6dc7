"""`rankzero serve undo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve import options as of

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@of.name_argument
@click.option("--to", type=click.IntRange(min=1), metavar="VERSION", help="Not the one before.")
@of.detach_option
@of.look_options
@output_option
def command(name: str, to: int | None, detach: bool, output: str, where: Where) -> int:
    """Go back to an earlier version of a service.

    By default to the one before that has served; `rankzero serve history` names them. How many pods
    there are, and where they are reached, stays as it is.

    Exit code: 0 that version serves, 1 it does not.

    JSON: as `serve deploy`.
    """
    from rankzero.cli.serve import follow
    from rankzero.cli.show import programs, terminal

    place = of.having(name, where)
    with of.turn(place, name):
        changed = place.undo(name, to)
        if output == "text":
            terminal.err().say(f"{name}: {', '.join(changed.what)}")
        if detach:
            if output == "json":
                programs.print_json({"service": name})
            return 0
        outcome = follow.until_ready(place, name, changed, quiet=output == "json")
    if output == "json":
        follow.print_outcome(outcome, changed.wait)
    elif outcome.ready:
        follow.say_ready(outcome.service)
    else:
        follow.say_failed(name, outcome, changed.wait)
    return follow.code(outcome)
