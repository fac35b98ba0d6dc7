"""`rankzero rerun`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import (
    NAMING,
    look_options,
    output_option,
    preflight_option,
    ranks_of,
    ranks_option,
    run_argument,
    wait_for_nodes_option,
)

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@click.option("--detach", "-d", is_flag=True, help="Start it, print its id, and leave.")
@click.option("--dry-run", is_flag=True, help="Print the plan and create nothing.")
@preflight_option
@wait_for_nodes_option
@ranks_option
@look_options
@output_option
def command(
    run: str,
    detach: bool,
    dry_run: bool,
    preflight: bool,
    wait_for_nodes: bool,
    ranks: tuple[str, ...],
    output: str,
    where: Where,
) -> int:
    """Submit a run's job once more.

    The same job in the same place, under a new id, with the code as it is now; says so where
    that has changed since. Exit codes as those of `run`.

    JSON: as that of `run`.
    """
    from rankzero import backends
    from rankzero.cli.show import terminal
    from rankzero.cli.show.bar import on_its_way
    from rankzero.cli.submit import Way, go
    from rankzero.errors import Refused
    from rankzero.spec import again

    backend, info = backends.find(run, where)
    before = backend.submitted(info.run)
    try:
        job = again(before["job"])
    except ValueError as error:
        message = f"the job of {info.run} was kept by another version of rankzero: {error}"
        raise Refused(message, "Start it from its script or job file: rankzero run") from error
    with on_its_way() as tell:
        plan = backend.plan(job, preflight=preflight, wait_for_nodes=wait_for_nodes, tell=tell)
    if plan.code.digest != before["code"]["digest"]:
        screen = terminal.err()
        text = f"the code in {plan.code.folder} has changed since {info.run}"
        screen.say(screen.paint(text, terminal.YELLOW))
    return go(backend, plan, Way(detach, dry_run, output, ranks_of(ranks)))
