"""`rankzero serve history`."""

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
    """Print the versions of a service.

    Newest first: what was new in each, and when. Kubernetes keeps the last ten, and gives one that
    was gone back to a new number.

    JSON: service and `versions`, as `serve status` gives them.
    """
    from rankzero.backends.kubernetes.services.looking import one
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.services import say_versions, version_json

    found = one(cluster_of(where, name), name)
    if output == "json":
        versions = [version_json(version) for version in found.versions]
        programs.print_json({"service": name, "versions": versions})
    else:
        say_versions(terminal.out(), found)
    return 0
