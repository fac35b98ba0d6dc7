"""`rankzero cluster info`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.cluster.options import which_options
from rankzero.cli.options import output_option

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@which_options
@output_option
def command(output: str, where: Where) -> int:
    """Show a cluster: its version, machines, storage, and what is installed.

    What you may not read is named, and the rest shown.

    JSON: context, server, version, namespace, nodes (as `cluster nodes` gives them, null where they
    may not be read), classes (storage, the default one with a *), adds, not_shown.
    """
    from rankzero.backends.kubernetes.machines.looking import info
    from rankzero.cli.cluster.options import cluster_of
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.machines import say_cluster

    found = info(cluster_of(where))
    if output == "json":
        programs.print_json(found.to_json())
    else:
        say_cluster(terminal.out(), found)
    return 0
