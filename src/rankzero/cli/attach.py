"""`rankzero attach`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from rankzero.cli.options import (
    NAMING,
    begin_option,
    look_options,
    output_option,
    ranks_of,
    ranks_option,
    run_argument,
)

if TYPE_CHECKING:
    from rankzero.backends.base import Backend, LogQuery
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@ranks_option
@begin_option("rank")
@look_options
@output_option
def command(run: str, ranks: tuple[str, ...], tail: int, output: str, where: Where) -> int:
    """Follow a run as if it had been started here.

    Ctrl-C leaves, and the run goes on. Exit code: 0 it succeeded, 1 it did not, 130 left.

    JSON: a stream as that of `run`: every later event, every line, at the end the result.
    """
    from rankzero import backends
    from rankzero.agent.history import fold
    from rankzero.backends.base import LogQuery, Unfetched
    from rankzero.backends.facts import facts
    from rankzero.cli.follow import exit_code, follow, view_of
    from rankzero.cli.select import check_ranks
    from rankzero.cli.show import terminal
    from rankzero.cli.show.table import run_line
    from rankzero.cli.until import outputs_there

    backend, info = backends.find(run, where)
    view = view_of(output, info.run)
    history = fold(backend.events(info.run))
    query = LogQuery(ranks=ranks_of(ranks), tail=tail)
    check_ranks([(backend, info)], query.ranks)
    if output == "text":
        terminal.err().say(run_line(info))
        if skips(backend, info.run, query):
            option = "".join(f" --rank {text}" for text in ranks)
            every = f"  earlier lines are not shown; all of them: rankzero logs {info.run}{option}"
            terminal.err().say(terminal.err().paint(every, terminal.DIM))
    try:
        history, seen = follow(backend, info.run, view, query, history)
    except Unfetched:
        view.end(facts(backend, info.run, backend.run(info.run).history), None, None)
        raise
    except KeyboardInterrupt:
        terminal.err().say(f"  {info.run} goes on; follow it: rankzero attach {info.run}")
        raise
    known = facts(backend, info.run, history, seen=seen)
    view.end(known, outputs_there(backend, info.run), None)
    return exit_code(history)


def skips(backend: Backend, run: str, query: LogQuery) -> bool:
    """Whether a rank has written more lines than the query's tail shows."""
    assert query.tail is not None
    lines: dict[int, int] = {}
    for block in backend.logs(run, replace(query, tail=query.tail + 1)):
        ended = block.data.removesuffix(b"\n")  # a last line may lack its end
        lines[block.rank] = lines.get(block.rank, 0) + ended.count(b"\n") + 1
    return any(count > query.tail for count in lines.values())
