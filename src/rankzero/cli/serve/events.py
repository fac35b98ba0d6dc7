"""`rankzero serve events`."""

from __future__ import annotations

import time
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
    """Print what the cluster says of a service.

    Of its Deployment, its versions and its pods, the newest last. A cluster keeps that for an hour.

    JSON: service and `events` (time, count, type, reason, of, message).
    """
    from rankzero.backends.kubernetes.happenings import together
    from rankzero.backends.kubernetes.services.looking import deployment
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.amounts import age
    from rankzero.cli.show.table import say_table

    cluster = cluster_of(where, name)
    deployment(cluster, name)
    said = cluster.every("Event")["items"]
    found = together(said, lambda of: f"{of}-".startswith(f"{name}-"))
    if output == "json":
        programs.print_json({"service": name, "events": [vars(one) for one in found]})
        return 0
    now = time.time()
    rows = [
        (age(now - one.time), str(one.count), one.reason, ", ".join(one.of), one.message)
        for one in found
    ]
    if rows:
        say_table(terminal.out(), ("AGE", "TIMES", "REASON", "OF", "MESSAGE"), rows)
    else:
        terminal.out().say(f"The cluster says nothing of {name}, or no longer.")
    return 0
