"""`rankzero list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import LOOK, JobName, output_option, selector_option, where_options

STATES = ("waiting", "running", "restarting", "stopping", "succeeded", "failed", "stopped")

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@selector_option
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these.")
@click.option("--name", metavar="NAME", type=JobName(), help="Only runs of jobs of this name.")
@where_options(LOOK, all_namespaces=True)
@output_option
def command(
    labels: tuple[str, ...], states: tuple[str, ...], name: str | None, output: str, where: Where
) -> int:
    """List the runs that can be seen from here.

    Newest first.

    The note of a run that waits says for what.

    JSON: `runs`, a list of runs as `status` gives them; `nodes` and `waits` (where the nodes of a
    run that is not complete are) as far as they are known without asking each run.
    """
    from rankzero.cli.select import selected
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.table import say_runs

    infos = [
        info
        for _, info in selected(labels, where)
        if (not states or info.state in states) and name in (None, info.name)
    ]
    if output == "json":
        programs.print_json({"runs": [programs.run_json(info) for info in infos]})
    else:
        say_runs(terminal.out(), infos, filtered=bool(labels or states or name))
    return 0
