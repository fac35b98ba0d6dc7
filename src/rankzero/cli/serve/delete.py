"""`rankzero serve delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option, selector_option
from rankzero.cli.serve.options import cluster_of, place_options

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.places import Where


@click.command()
@click.argument("services", nargs=-1, metavar="NAME...")
@selector_option
@place_options
@output_option
def command(services: tuple[str, ...], labels: tuple[str, ...], output: str, where: Where) -> int:
    """Delete services.

    With their pods, addresses and versions; those named, or those that labels select. Requests that
    are under way are answered. Volumes stay.

    JSON: `deleted`, a list of names.
    """
    from rankzero.backends.kubernetes.services.changing import delete
    from rankzero.backends.kubernetes.services.looking import deployment
    from rankzero.cli.show import programs, terminal
    from rankzero.errors import BadRequest

    if bool(services) == bool(labels):
        raise BadRequest(
            "Which service? Name them, or select them with -l.", "See them: rankzero serve list"
        )
    found = [(cluster_of(where, name), name) for name in services] or _selected(where, labels)
    for cluster, name in found:  # all are known before anything is deleted
        deployment(cluster, name)
    for cluster, name in found:
        delete(cluster, name)
    if output == "json":
        programs.print_json({"deleted": [name for _, name in found]})
    for _, name in found if output == "text" else ():
        terminal.out().say(f"deleted {name}")
    return 0


def _selected(where: Where, labels: tuple[str, ...]) -> list[tuple[Cluster, str]]:
    from rankzero.backends.kubernetes.services.looking import every
    from rankzero.cli.select import matches

    cluster = cluster_of(where)
    return [(cluster, one.name) for one in every(cluster) if matches(one.labels, labels)]
