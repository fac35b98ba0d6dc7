"""`rankzero volume create`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.volume.options import source_options, there_options

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@click.argument("name")
@source_options(None)
@there_options
@output_option
def command(
    name: str, size: str | None, access: str | None, kind: str | None, output: str, where: Where
) -> int:
    """Make a volume, where it is not there yet.

    One that is there is never changed: where it has less than was asked for, this says so.

    JSON: volume, made (false: it was there).
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.volume.options import volumes_of
    from rankzero.errors import BadRequest
    from rankzero.spec.sources import source

    if size is None:
        raise BadRequest(f"How large? rankzero volume create {name} --size 5Gi")
    wanted = source(name, {"size": size, "access": access, "class": kind})
    made = volumes_of(where).make(name, wanted)
    if output == "json":
        programs.print_json({"volume": name, "made": made})
    else:
        terminal.out().say(f"{'made' if made else 'there already:'} {name}")
    return 0
