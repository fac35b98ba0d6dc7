"""`rankzero pipeline logs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option, tail_option
from rankzero.cli.pipeline.options import (
    NAMING,
    check_steps,
    progress_of,
    run_argument,
    step_option,
)

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@step_option
@click.option("--follow", "-f", is_flag=True, help="Go on as lines come, until it is over.")
@click.option("--since", metavar="WHEN", help="Only lines since 90s, 5m, 2h, 1d ago, or a time.")
@tail_option("Only the last N of each step.")
@click.option("--raw", is_flag=True, help="Without marks: the bytes as the step wrote them.")
@look_options
@output_option
def command(
    run: str,
    steps: tuple[str, ...],
    follow: bool,
    since: str | None,
    tail: int | None,
    raw: bool,
    output: str,
    where: Where,
) -> int:
    """Print what the steps wrote, each line marked with its step.

    Of every attempt, in the order in which the lines came.

    JSON: a stream with kind `log`, run, time, step, at, attempt, text.
    """
    from rankzero.agent.events import Event
    from rankzero.backends.base import LogBlock, LogQuery
    from rankzero.cli.moments import moment
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.lines import Lines
    from rankzero.cli.show.pipelines import lines_json
    from rankzero.pipelines.finding import find
    from rankzero.pipelines.watch import in_order

    folder = find(run, where)
    check_steps(folder, steps)
    progress = progress_of(folder)
    lines = Lines(terminal.out(), marked=not raw, name=progress.name_of)
    query = LogQuery(since=moment(since), tail=tail)
    items = folder.watch(query, progress.last + 1) if follow else folder.lines(query)
    for item in in_order(items, progress.knows):
        if isinstance(item, Event):
            progress.take(item)
        if not isinstance(item, LogBlock) or (
            steps and progress.attempts[item.rank].part.step not in steps
        ):
            continue
        if output == "json":
            for line in lines_json(folder.run, item, progress):
                programs.print_line(line)
        else:
            lines.write(item)
    return 0
