"""`rankzero outputs`."""

from __future__ import annotations

from pathlib import Path

import click

from rankzero.cli.options import NAMING, output_option, run_argument


@click.command(epilog=NAMING)
@run_argument
@click.option(
    "--to", type=click.Path(path_type=Path), metavar="DIR", help="Copy them into this folder."
)
@output_option
def command(run: str, to: Path | None, output: str) -> int:
    """Print the folder with what a run produced, or copy it.

    JSON: run, outputs (the folder: the copy, where one was asked for).
    """
    from rankzero import backends
    from rankzero.cli.show import programs, terminal

    backend, info = backends.find(run)
    folder = backend.outputs(info.run, to)
    if output == "json":
        programs.print_json({"run": info.run, "outputs": str(folder)})
    else:
        terminal.out().say(str(folder))
    return 0
