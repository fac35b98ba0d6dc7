"""`rankzero volume delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.volume.options import there_options

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--force", is_flag=True, help="Also those that rankzero has not made.")
@there_options
@output_option
def command(names: tuple[str, ...], force: bool, output: str, where: Where) -> int:
    """Delete volumes, with all that is on them.

    Refuses what is in use.

    JSON: `deleted`, a list of names.
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.volume.options import volumes_of

    volumes = volumes_of(where)
    for name in names:
        volumes.remove(name, force=force)
        if output == "text":
            terminal.out().say(f"deleted {name}")
    if output == "json":
        programs.print_json({"deleted": list(names)})
    return 0
