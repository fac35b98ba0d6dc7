"""`rankzero serve unexpose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve.options import cluster_of, name_argument, place_options

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@name_argument
@place_options
@output_option
def command(name: str, output: str, where: Where) -> int:
    """Take a service's address away, and keep its pods.

    `rankzero serve open` still reaches them; `rankzero serve expose` gives them an address again,
    which is another one in the cluster, with the same name.

    JSON: service.
    """
    from rankzero.backends.kubernetes.services.changing import unexpose
    from rankzero.cli.show import programs, terminal

    cluster = cluster_of(where, name)
    unexpose(cluster, name)
    if output == "json":
        programs.print_json({"service": name})
    else:
        again = f"rankzero serve expose {cluster.called(name)}"
        terminal.out().say(f"{name} has no address any more; its pods go on. Again: {again}")
    return 0
