"""`rankzero version`."""

from __future__ import annotations

import platform

import click

from rankzero import __version__
from rankzero.cli.options import output_option
from rankzero.cli.show.programs import print_json


def text() -> str:
    """rankzero's own version and the interpreter's."""
    return f"rankzero {__version__} (Python {platform.python_version()})"


@click.command()
@output_option
def command(output: str) -> None:
    """Print the version.

    JSON: `{"version": "1.2.3", "python": "3.11.4"}`.
    """
    if output == "json":
        print_json({"version": __version__, "python": platform.python_version()})
    else:
        click.echo(text())
