"""`rankzero volume put`."""

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
@click.argument("source", type=click.Path(path_type=Path), metavar="SRC")
@click.argument("target", metavar="NAME:/PATH")
@there_options
@helper_options
@output_option
def command(source: Path, target: str, output: str, where: Where, helper: Helper) -> int:
    """Send a file, or what is in a folder, to a volume.

    A folder's content goes into the folder that is named, which is made; a file becomes the file
    that is named, or goes into it where that is a folder, or ends in `/`. What is there with the
    same size and time is not sent again, and a large file goes on where it was cut off. Every file
    is checked. Links that lead out of the folder are left out.

    JSON: volume, files, bytes, to, skipped (a list of what was left out).
    """
    from rankzero.cli.show import terminal
    from rankzero.cli.show.bar import Bar
    from rankzero.cli.volume.options import no_spot, say_moved, spot, volumes_of

    at = spot(target)
    if at is None:
        raise no_spot(target, "put data/ mnist:/train")
    bar = Bar(terminal.err(), at.name)
    try:
        moved = volumes_of(where).put(source, at.name, at.path, bar.show, helper)
    finally:
        bar.clear()
    say_moved(moved, at.name, output)
    return 0
