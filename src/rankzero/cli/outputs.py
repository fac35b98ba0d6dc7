"""`rankzero outputs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rankzero.cli.options import NAMING, helper_options, look_options, output_option, run_argument

if TYPE_CHECKING:
    from rankzero.backends.base import Helper
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@click.option(
    "--to", type=click.Path(path_type=Path), metavar="DIR", help="Copy them into this folder."
)
@helper_options("--output-volume", "outputs")
@look_options
@output_option
def command(run: str, to: Path | None, output: str, where: Where, helper: Helper) -> int:
    """Print the folder with what a run produced, or copy it.

    From a cluster they are fetched first, unless an attached run has brought them back. One that
    was cut off goes on where it was. What a job with `output_volume` has left on its volume is
    there also when the run is gone: `--output-volume CLAIM` with the run's whole id fetches it.

    JSON: run, outputs (the folder: the copy, where one was asked for).
    """
    from rankzero import backends
    from rankzero.cli.select import named_place
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.bar import Bar

    if helper.volume is not None:
        backend = named_place((run,), where)
    else:
        backend, info = backends.find(run, where)
        run = info.run
    bar = Bar(terminal.err())
    try:
        folder = backend.outputs(run, to, bar.show, helper)
    finally:
        bar.clear()
    if output == "json":
        programs.print_json({"run": run, "outputs": str(folder)})
    else:
        terminal.out().say(str(folder))
    return 0
