"""`rankzero serve unexpose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve.options import having, look_options, name_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@name_argument
@look_options
@output_option
def command(name: str, output: str, where: Where) -> int:
    """Take a service's address away, and keep its pods.

    `rankzero serve open` still reaches them; `rankzero serve expose` gives them an address again,
    which is another one in the cluster, with the same name.

    JSON: service.
    """
    from rankzero.cli.show import programs, terminal

    place = having(name, where)
    place.unexpose(name)
    if output == "json":
        programs.print_json({"service": name})
    else:
        again = f"rankzero serve expose {place.called(name)}"
        terminal.out().say(f"{name} has no address any more; its pods go on. Again: {again}")
    return 0
