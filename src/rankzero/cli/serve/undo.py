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
@of.place_options
@output_option
def command(name: str, to: int | None, detach: bool, output: str, where: Where) -> int:
    """Go back to an earlier version of a service.

    By default to the one before; `rankzero serve history` names them. How many pods there are, and
    where they are reached, stays as it is.

    Exit code: 0 that version serves, 1 it does not.

    JSON: as `serve deploy`.
    """
    from rankzero.backends.kubernetes.services.changing import requested, undo
    from rankzero.backends.kubernetes.services.looking import beside
    from rankzero.cli.serve import follow
    from rankzero.cli.show import programs, terminal

    cluster = of.cluster_of(where, name)
    changed = undo(cluster, name, to)
    if output == "text":
        terminal.err().say(f"{name}: {', '.join(changed.what)}")
    if detach:
        if output == "json":
            programs.print_json({"service": name})
        return 0
    wait = requested(cluster, changed.deployment).wait
    generation = int(changed.deployment["metadata"]["generation"])
    outcome = follow.until_ready(cluster, name, generation, wait, quiet=output == "json")
    if output == "json":
        follow.print_outcome(outcome, wait)
    elif outcome.ready:
        follow.say_ready(beside(cluster, outcome.service))
    else:
        follow.say_failed(name, outcome, wait)
    return follow.code(outcome)
