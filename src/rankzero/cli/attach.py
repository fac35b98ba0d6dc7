"""`rankzero attach`."""

from __future__ import annotations

import click

from rankzero.cli.options import output_option, ranks_of, ranks_option, run_argument


@click.command()
@run_argument
@ranks_option
@click.option(
    "--tail",
    "-t",
    type=click.IntRange(min=0),
    default=10,
    metavar="N",
    help="Begin with the last N lines of each rank (default: 10).",
)
@output_option
def command(run: str, ranks: tuple[str, ...], tail: int, output: str) -> int:
    """Follow a run as if it had been started here.

    Ctrl-C leaves, and the run goes on. Exit code: 0 it succeeded, 1 it did not, 130 left.

    JSON: a stream as that of `run`: every later event, every line, at the end the result.
    """
    from rankzero import backends
    from rankzero.agent.history import fold
    from rankzero.backends.base import LogQuery
    from rankzero.cli.follow import exit_code, follow, view_of
    from rankzero.cli.show import terminal
    from rankzero.cli.show.table import run_line
    from rankzero.why import Facts

    backend, info = backends.find(run)
    view = view_of(output, info.run)
    history = fold(backend.events(info.run))
    if output == "text":
        terminal.err().say(run_line(info))
    query = LogQuery(ranks=ranks_of(ranks), tail=tail)
    try:
        history = follow(backend, info.run, view, query, history)
    except KeyboardInterrupt:
        terminal.err().say(f"  {info.run} goes on; follow it: rankzero attach {info.run}")
        raise
    facts = Facts(info.run, history, backend.submitted(info.run))
    view.end(facts, backend.outputs(info.run), None)
    return exit_code(history)
