"""`rankzero logs`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click

from rankzero.cli.options import (
    NAMING,
    look_options,
    output_option,
    ranks_of,
    ranks_option,
    runs_argument,
    selector_option,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rankzero.backends.base import Backend, LogBlock, LogQuery
    from rankzero.backends.places import Where

    Write = Callable[[LogBlock], None]


@click.command(epilog=NAMING)
@runs_argument
@selector_option
@ranks_option
@click.option("--node", "nodes", multiple=True, metavar="NODE", help="Only this node: worker/0.")
@click.option("--follow", "-f", is_flag=True, help="Go on as lines come, until the run has ended.")
@click.option("--since", metavar="WHEN", help="Only lines since 90s, 5m, 2h, 1d ago, or a time.")
@click.option(
    "--tail", "-t", type=click.IntRange(min=0), metavar="N", help="Only the last N of each rank."
)
@click.option("--raw", is_flag=True, help="Without marks: the bytes as the script wrote them.")
@look_options
@output_option
def command(
    runs: tuple[str, ...],
    labels: tuple[str, ...],
    ranks: tuple[str, ...],
    nodes: tuple[str, ...],
    follow: bool,
    since: str | None,
    tail: int | None,
    raw: bool,
    output: str,
    where: Where,
) -> int:
    """Print what the ranks wrote, each line marked with its rank.

    In a pipe the script's bytes pass unchanged; a terminal gets colours but no other control
    sequences. Lines of several runs are marked with the run too.

    JSON: a stream with kind `log`, run, time, rank, node, generation, text; and dropped (bytes
    lost before the line) where `log_keep` was exceeded.
    """
    from rankzero.backends.base import LogQuery
    from rankzero.cli.moments import moment
    from rankzero.cli.select import check_ranks, chosen

    query = LogQuery(
        ranks=ranks_of(ranks),
        nodes=frozenset(nodes) or None,
        since=moment(since),
        tail=tail,
    )
    found = chosen(runs, labels, where=where)
    check_ranks(found, query.ranks)
    sources = [
        (backend, info.run, _writer(info.run, output, not raw, len(found) > 1))
        for backend, info in found
    ]
    if follow and len(sources) > 1:
        _together(sources, query)
    else:
        for backend, run, write in sources:
            _pour(backend, run, write, query, follow)
    return 0


def _writer(run: str, output: str, marked: bool, several: bool) -> Write:
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.lines import Lines

    def as_objects(block: LogBlock) -> None:
        for line in programs.log_json(block, run):
            programs.print_line(line)

    if output == "json":
        return as_objects
    prefix = f"{run} " if several else ""
    return Lines(terminal.out(), marked=marked, prefix=prefix).write


def _pour(backend: Backend, run: str, write: Write, query: LogQuery, follow: bool) -> None:
    from rankzero.backends.base import LogBlock

    source = backend.watch if follow else backend.logs
    for item in source(run, query):
        if isinstance(item, LogBlock):
            write(item)


def _together(sources: list[tuple[Backend, str, Write]], query: LogQuery) -> None:
    """Follow several runs at once: a thread a run, one block at a time on the screen."""
    turn, trouble = threading.Lock(), list[BaseException]()

    def pour(backend: Backend, run: str, write: Write) -> None:
        def in_turn(block: LogBlock) -> None:
            with turn:
                write(block)

        try:
            _pour(backend, run, in_turn, query, follow=True)
        except BaseException as error:  # raised below, where the command sees it
            trouble.append(error)

    threads = [threading.Thread(target=pour, args=one, daemon=True) for one in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if trouble:
        raise trouble[0]
