"""`rankzero pipeline delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option
from rankzero.cli.pipeline.options import NAMING, chosen, runs_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


#: How long a driver on a cluster may take to end what it drives (seconds).
_PATIENCE = 60.0


@click.command(epilog=NAMING)
@runs_argument
@click.option("--all", "every", is_flag=True, help="All that are over.")
@click.option("--force", is_flag=True, help="Stop first what goes on.")
@look_options
@output_option
def command(runs: tuple[str, ...], every: bool, force: bool, output: str, where: Where) -> int:
    """Remove all that is left of pipelines that are over.

    With their history, their lines, and the artifacts that no other one has: later runs cannot
    take those from the cache any more. Refuses, before anything is removed, while one of them goes
    on; --force stops it first.

    JSON: `deleted`, a list of ids, and `freed` (bytes of artifacts).
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.amounts import size
    from rankzero.errors import BadRequest
    from rankzero.pipelines.removing import remove

    found = chosen(runs, where, every=every)
    if every and not force:
        found = [one for one in found if not one.driven()]
    going = [one for one in found if one.driven()]
    if going and not force:
        names = " ".join(one.run for one in going)
        raise BadRequest(
            f"Not over yet: {names}. Nothing was deleted.",
            f"Stop first: rankzero pipeline stop {names}  (or --force)",
        )
    for folder in going:
        folder.stop("rankzero pipeline delete")
        # On a cluster a driver that cannot run ends with what it owns.
        folder.wait(None if folder.where == "local" else _PATIENCE)
    freed = remove(found)
    if output == "json":
        programs.print_json({"deleted": [one.run for one in found], "freed": freed})
        return 0
    for folder in found:
        terminal.out().say(f"deleted {folder.run}")
    if freed:
        terminal.err().say(f"  {size(freed)} of artifacts went with them")
    if not found:
        terminal.out().say("No pipeline is over; nothing was deleted.")
    return 0
