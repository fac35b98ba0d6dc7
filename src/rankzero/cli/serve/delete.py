"""`rankzero serve delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option, selector_option
from rankzero.cli.serve.options import having, look_options, turn

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.backends.services.kept import Kept


@click.command()
@click.argument("services", nargs=-1, metavar="NAME...")
@selector_option
@look_options
@output_option
def command(services: tuple[str, ...], labels: tuple[str, ...], output: str, where: Where) -> int:
    """Delete services.

    With their pods, addresses and versions; those named, or those that labels select. Requests that
    are under way are answered. Volumes stay.

    JSON: `deleted`, a list of names.
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.errors import BadRequest

    if bool(services) == bool(labels):
        raise BadRequest(
            "Which service? Name them, or select them with -l.", "See them: rankzero serve list"
        )
    found = [(name, having(name, where)) for name in services] or _selected(labels, where)
    for name, place in found:  # all are known before anything is deleted
        place.known(name)
    for name, place in found:
        with turn(place, name):
            place.delete(name)
    if output == "json":
        programs.print_json({"deleted": [name for name, _ in found]})
    for name, _ in found if output == "text" else ():
        terminal.out().say(f"deleted {name}")
    return 0


def _selected(labels: tuple[str, ...], where: Where) -> list[tuple[str, Kept]]:
    """Of the place that is meant where nothing is named: labels are to delete nothing elsewhere."""
    from rankzero.backends.services.finding import meant
    from rankzero.cli.select import matches

    place = meant(where)
    return [(one.name, place) for one in place.all() if matches(one.labels, labels)]
