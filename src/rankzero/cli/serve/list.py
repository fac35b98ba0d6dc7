"""`rankzero serve list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option, selector_option
from rankzero.cli.serve.options import look_options

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@selector_option
@look_options
@output_option
def command(labels: tuple[str, ...], output: str, where: Where) -> int:
    """List the services of this machine and of a namespace.

    Newest first, those of this machine before the cluster's; with how many pods are ready, where
    each is reached, and what the first of those that are not ready wait for.

    JSON: `services`, a list of services as `serve status` gives them.
    """
    from rankzero.backends.services.finding import everything
    from rankzero.cli.select import matches
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.services import say_list, service_json

    every, silent = everything(where)
    for refused in silent:
        terminal.err().say(f"  note: {refused.args[0]}")
    found = [one for one in every if matches(one.labels, labels)]
    if output == "json":
        programs.print_json({"services": [service_json(one) for one in found]})
    else:
        say_list(terminal.out(), found)
    return 0
