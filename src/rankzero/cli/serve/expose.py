"""`rankzero serve expose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve import options as of

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@of.name_argument
@click.option(
    "--as",
    "kind",
    default=None,
    metavar="KIND",
    help="ClusterIP, NodePort or LoadBalancer (default: as it was deployed).",
)
@click.option("--node-port", metavar="PORT", help="The port on every node, with NodePort.")
@of.place_options
@output_option
def command(name: str, kind: str | None, node_port: str | None, output: str, where: Where) -> int:
    """Give a service its address, or another kind of one.

    ClusterIP is reached from inside the cluster, NodePort at a port of every node, LoadBalancer at
    an address that the cluster's provider gives.

    JSON: as `serve status`.
    """
    from rankzero.backends.kubernetes.services.changing import expose
    from rankzero.backends.kubernetes.services.looking import one
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.services import say_reach, service_json
    from rankzero.spec.services.making import change

    cluster = of.cluster_of(where, name)
    options = {"expose": kind, "node_port": node_port}
    expose(cluster, name, lambda before: change(before, options))
    found = one(cluster, name)
    if output == "json":
        programs.print_json(service_json(found))
    else:
        say_reach(terminal.out(), found)
    return 0
