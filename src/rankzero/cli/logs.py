"""`rankzero logs`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import click

from rankzero.cli.options import (
    NAMING,
    helper_options,
    look_options,
    output_option,
    ranks_of,
    ranks_option,
    runs_argument,
    selector_option,
    tail_option,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rankzero.backends.base import Backend, Helper, Item, LogBlock, LogQuery
    from rankzero.backends.places import Where


class Source(NamedTuple):
    """A run, where its lines go, and whether it has ended."""

    backend: Backend
    run: str
    write: Callable[[LogBlock], None]
    over: bool


@click.command(epilog=NAMING)
@runs_argument
@selector_option
@ranks_option
@click.option("--node", "nodes", multiple=True, metavar="NODE", help="Only this node: worker/0.")
@click.option("--follow", "-f", is_flag=True, help="Go on as lines come, until the run has ended.")
@click.option("--since", metavar="WHEN", help="Only lines since 90s, 5m, 2h, 1d ago, or a time.")
@tail_option("Only the last N of each rank.")
@helper_options("--log-volume", "lines")
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
    helper: Helper,
) -> int:
    """Print what the ranks wrote, each line marked with its rank.

    In a pipe the script's bytes pass unchanged; a terminal gets colours but no other control
    sequences. Lines of several runs are marked with the run too.

    A job with `log_volume` has the lines of nodes that died, too, and those of a run that is gone:
    `--log-volume CLAIM` with the run's whole id finds them.

    JSON: a stream with kind `log`, run, time, rank, node, generation, text; and dropped (bytes
    lost before the line) where `log_keep` was exceeded.
    """
    from rankzero.backends.base import LogQuery
    from rankzero.cli.moments import moment
    from rankzero.cli.select import check_nodes, check_ranks, chosen

    query = LogQuery(
        ranks=ranks_of(ranks),
        nodes=frozenset(nodes) or None,
        since=moment(since),
        tail=tail,
    )
    if helper.volume is not None:
        return _left(runs, query, helper, where, output, raw=raw)
    found = chosen(runs, labels, where=where)
    check_ranks(found, query.ranks)
    check_nodes(found, query.nodes)
    sources = [
        Source(backend, info.run, _writer(info.run, output, not raw, len(found) > 1), info.finished)
        for backend, info in found
    ]
    if follow and len(sources) > 1:
        _together(sources, query)
    else:
        for source in sources:
            _pour(source, query, helper, follow=follow)
    return 0


def _left(
    runs: tuple[str, ...], query: LogQuery, helper: Helper, where: Where, output: str, *, raw: bool
) -> int:
    """Of runs of which nothing is left but a volume."""
    from rankzero.cli.select import named_place

    backend = named_place(runs, where)
    for run in runs:
        source = Source(backend, run, _writer(run, output, not raw, len(runs) > 1), True)
        _pour(source, query, helper, follow=False)
    return 0


def _writer(run: str, output: str, marked: bool, several: bool) -> Callable[[LogBlock], None]:
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.lines import Lines

    def as_objects(block: LogBlock) -> None:
        for line in programs.log_json(block, run):
            programs.print_line(line)

    if output == "json":
        return as_objects
    prefix = f"{run} " if several else ""
    return Lines(terminal.out(), marked=marked, prefix=prefix).write


def _pour(source: Source, query: LogQuery, helper: Helper | None, *, follow: bool) -> None:
    """Of a run that has ended nothing more comes."""
    from rankzero.backends.base import LogBlock

    backend, run = source.backend, source.run
    if follow and not source.over:
        items: Iterable[Item] = backend.watch(run, query)
    else:
        items = backend.logs(run, query, helper)
    for item in items:
        if isinstance(item, LogBlock):
            source.write(item)


def _together(sources: list[Source], query: LogQuery) -> None:
    """Follow several runs at once: a thread a run, one block at a time on the screen."""
    turn, trouble = threading.Lock(), list[BaseException]()

    def pour(source: Source) -> None:
        def in_turn(block: LogBlock) -> None:
            with turn:
                source.write(block)

        try:
            _pour(source._replace(write=in_turn), query, None, follow=True)
        except BaseException as error:  # raised below, where the command sees it
            trouble.append(error)

    threads = [threading.Thread(target=pour, args=(one,), daemon=True) for one in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if trouble:
        raise trouble[0]
