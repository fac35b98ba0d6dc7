"""`rankzero serve logs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve.options import cluster_of, name_argument, place_options

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@name_argument
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, also of new pods.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only each pod's last lines.")
@click.option("--pod", metavar="POD", help="Only this pod's.")
@click.option("--previous", is_flag=True, help="What it said before it was started again.")
@place_options
@output_option
def command(
    name: str,
    follow: bool,
    tail: int | None,
    pod: str | None,
    previous: bool,
    output: str,
    where: Where,
) -> int:
    """Print what the pods of a service wrote.

    Pod by pod, each line marked with its pod; with --follow as it comes.

    JSON: a stream with service, pod and text, an object a line.
    """
    from rankzero.backends.kubernetes.services.looking import deployment
    from rankzero.backends.kubernetes.services.saying import Asked, lines
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.lines import visible

    cluster = cluster_of(where, name)
    deployment(cluster, name)
    screen = terminal.out()
    for of, text in lines(cluster, name, Asked(follow, tail, pod, previous)):
        if output == "json":
            programs.print_line({"service": name, "pod": of, "text": text})
        else:
            mark = screen.paint(f"[{of.removeprefix(name + '-')}]", terminal.DIM)
            screen.say(f"{mark} {visible(text)}")
    return 0
