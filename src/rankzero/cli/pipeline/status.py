"""`rankzero pipeline status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option
from rankzero.cli.pipeline.options import NAMING, chosen, progress_of, runs_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@runs_argument
@look_options
@output_option
def command(runs: tuple[str, ...], output: str, where: Where) -> int:
    """Show where a pipeline stands, step by step.

    JSON: `pipelines`, a list with run, name, where, state, driven, driver, began, ended, params,
    steps (step, state, done, total, failed, cached, attempts, started, ended, cause, outputs), why.
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.pipelines import pipeline_json
    from rankzero.cli.show.steps import run_line, say_steps

    found = [(one, progress_of(one)) for one in chosen(runs, where)]
    if output == "json":
        programs.print_json({"pipelines": [pipeline_json(*pair) for pair in found]})
        return 0
    screen = terminal.out()
    for number, (folder, progress) in enumerate(found):
        if number:
            screen.say("")
        screen.say(run_line(folder, progress))
        if progress.ended is None and (driver := folder.driver()):
            screen.say(f"driven by {driver}")
        say_steps(screen, progress, folder)
    return 0
