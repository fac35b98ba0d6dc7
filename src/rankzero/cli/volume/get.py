"""`rankzero volume get`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.volume.options import helper_options, there_options

if TYPE_CHECKING:
    from rankzero.backends.base import Helper
    from rankzero.backends.places import Where


@click.command()
@click.argument("source", metavar="NAME:/PATH")
@click.argument("target", type=click.Path(), metavar="DST")
@there_options
@helper_options
@output_option
def command(source: str, target: str, output: str, where: Where, helper: Helper) -> int:
    """Bring a file, or what is in a folder, from a volume.

    A folder's content goes into the folder that is named; a file becomes the file that is named, or
    goes into it where that is a folder, or ends in `/`. What is here with the same size and time
    is not fetched again, and a large file goes on where it was cut off. Every file is checked.
    Links that lead out of the folder are left out.

    JSON: volume, files, bytes, to, skipped (a list of what was left out).
    """
    from rankzero.cli.show import terminal
    from rankzero.cli.show.bar import Bar
    from rankzero.cli.volume.options import no_spot, say_moved, spot, volumes_of

    at = spot(source)
    if at is None:
        raise no_spot(source, "get mnist:/train data/")
    if target.endswith("/"):
        Path(target).mkdir(parents=True, exist_ok=True)
    bar = Bar(terminal.err(), at.name)
    try:
        moved = volumes_of(where).get(at.name, at.path, Path(target), bar.show, helper)
    finally:
        bar.clear()
    say_moved(moved, at.name, output)
    return 0
