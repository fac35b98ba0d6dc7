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

    One that is there is never changed: where it has less than was asked for, this says so. Where
    nobody would make it, such as by a class that is not there, nothing is created.

    JSON: volume, made (false: it was there), phase, note (what it waits for, or null).
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
        said = {"made": made.new, "phase": made.phase, "note": made.note or None}
        programs.print_json({"volume": name, **said})
    else:
        terminal.out().say(f"{'made' if made.new else 'there already:'} {name}")
        if made.note:
            terminal.err().say(f"  note: {made.note}")
    return 0
