"""`rankzero pipeline outputs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option
from rankzero.cli.pipeline.options import NAMING, check_steps, run_argument, step_option

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@step_option
@click.option("--to", type=click.Path(), metavar="DIR", help="Copy them into this folder.")
@look_options
@output_option
def command(run: str, steps: tuple[str, ...], to: str | None, output: str, where: Where) -> int:
    """Print where what the steps handed on lies, or copy it.

    A folder a step, with a file or a folder for each output's name.

    JSON: outputs: a list of step, at (its place in a list, or null), name, and where, value,
    digest, size.
    """
    from pathlib import Path

    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.ending import home
    from rankzero.cli.show.pipelines import output_json
    from rankzero.cli.show.steps import shown
    from rankzero.pipelines.finding import find
    from rankzero.pipelines.results import Handed, handed

    folder = find(run, where)
    check_steps(folder, steps)
    found: list[Handed] = [one for one in handed(folder) if not steps or one.part.step in steps]
    if to is not None:
        folder.copy(found, Path(to).absolute())
    if output == "json":
        rows = [
            {
                "step": one.part.step,
                "at": None if one.part.at < 0 else one.part.at,
                "name": one.name,
                **output_json(one.output),
            }
            for one in found
        ]
        programs.print_json({"outputs": rows})
        return 0
    if to is not None:
        terminal.out().say(home(Path(to).absolute()))
        return 0
    here = folder.results() is not None
    for one in found:
        place = one.place if here else None
        said = shown(one.output, place, folder, one.part.step)
        terminal.out().say(f"{one.part}.{one.name}  {said}")
    if not found:
        terminal.err().say(f"{folder.run} has handed on nothing.")
    return 0
