"""`rankzero exec`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import NAMING, look_options, run_argument, spot_of, spot_options

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD...]")
@spot_options
@look_options
def command(
    run: str, command: tuple[str, ...], rank: int | None, node: str | None, where: Where
) -> int:
    """Run a command, or a shell, beside a rank of a run.

    In the rank's working folder, with the rank's environment: rank 0's, unless another one or a
    node is named. Ends with the command's exit code. Input, output and errors pass unchanged, also
    through pipes; a terminal is passed on as one.
    """
    from rankzero import backends

    spot = spot_of(rank, node)
    backend, info = backends.find(run, where)
    return backend.execute(info.run, spot, command)
