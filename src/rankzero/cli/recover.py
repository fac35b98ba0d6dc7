"""`rankzero recover`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from rankzero.cli.options import NAMING, look_options, output_option, run_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.backends.recovery import Held


@click.command(epilog=NAMING)
@run_argument
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@look_options
@output_option
def command(run: str, dry_run: bool, output: str, where: Where) -> int:
    """Replace the nodes that a dead machine holds.

    A cluster waits for ever for a machine that does not answer to end its pods. What such a machine
    holds is deleted here without waiting, as soon as it is certain, so that its node can start
    elsewhere. A machine that comes back later does no harm: its agent is refused, and ends itself.

    JSON: run, held (a list with node, name, machine, why, lost, when, deleted).
    """
    from rankzero import backends
    from rankzero.cli.show import programs, terminal

    backend, info = backends.find(run, where)
    held = backend.recover(info.run, dry_run=dry_run)
    if output == "json":
        programs.print_json({"run": info.run, "held": [one._asdict() for one in held]})
        return 0
    screen = terminal.out()
    for one in held:
        screen.say(f"{one.node}  {one.name}: {one.why}")
        screen.say(f"  {_done(one, info.run, dry_run)}")
    if not held:
        screen.say(f"No machine holds a node of {info.run}; nothing was done.")
    return 0


def _done(held: Held, run: str, dry_run: bool) -> str:
    if held.deleted:
        return "deleted; its node starts elsewhere"
    if held.lost:
        return "would be deleted" if dry_run else "was not deleted"
    if held.when is None:
        return f"nothing to do yet; try again in half a minute: rankzero recover {run}"
    left = max(1, round(held.when - time.time()))
    return f"not certain yet; try again in {left} s: rankzero recover {run}"
