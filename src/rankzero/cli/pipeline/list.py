"""`rankzero pipeline list`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option
from rankzero.cli.pipeline.options import all_of, progress_of

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.pipelines.kept import Kept
    from rankzero.pipelines.progress import Progress

HEADS = ("RUN", "STATE", "STEPS", "AGE", "NOTE")


@click.command()
@look_options
@output_option
def command(output: str, where: Where) -> int:
    """List the runs of pipelines.

    Newest first.

    JSON: `pipelines`, a list of runs as `pipeline status` gives them.
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.pipelines import pipeline_json
    from rankzero.cli.show.table import say_table

    found = [(folder, _progress(folder)) for folder in all_of(where)]
    if output == "json":
        known = [pipeline_json(folder, one) for folder, one in found if one is not None]
        programs.print_json({"pipelines": known})
    elif not found:
        terminal.out().say("No pipelines. Start one: rankzero pipeline run pipeline.yaml")
    else:
        rows = [_row(folder, progress, time.time()) for folder, progress in found]
        say_table(terminal.out(), HEADS, rows)
    return 0


def _progress(folder: Kept) -> Progress | None:
    """None for one that a crash of the machine tore: the others are there all the same."""
    from rankzero.errors import Refused

    try:
        return progress_of(folder)
    except Refused:
        return None


def _row(folder: Kept, progress: Progress | None, now: float) -> tuple[str, ...]:
    from rankzero.cli.show.amounts import age
    from rankzero.cli.show.steps import over, run_note

    if progress is None:
        return folder.run, "torn", "-", "-", f"delete it: rankzero pipeline delete {folder.run}"
    steps = progress.steps()
    old = age(now - (progress.began or folder.created))
    note = run_note(folder, progress)
    return folder.run, progress.state, f"{over(steps)}/{len(steps)}", old, note
