"""`rankzero status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import (
    LOOK,
    NAMING,
    output_option,
    runs_argument,
    selector_option,
    where_options,
)

if TYPE_CHECKING:
    from rankzero.backends.base import Backend, RunInfo
    from rankzero.backends.places import Where

#: Of more nodes than this, the last lines are not fetched: the table would say less, not more.
_MANY = 64


@click.command(epilog=NAMING)
@runs_argument
@selector_option
@where_options(LOOK, all_namespaces=True)
@output_option
def command(runs: tuple[str, ...], labels: tuple[str, ...], output: str, where: Where) -> int:
    """Show a run's state, node by node.

    JSON: `runs`, a list with run, name, where, created, labels, state, generation, restarts,
    max_restarts, world_size, nodes (node, state, address, ranks, restarts, losses, left, pid,
    usage; machine, reason, since, cause, remedy), waiting_for, submitted, running, first_step,
    finished, report, cause, ready.
    """
    from rankzero.cli.select import chosen
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.status import node_rows, nodes_json, say_status

    found = [
        (backend, info, node_rows(info, backend.observe(info.run, info.history)))
        for backend, info in map(
            whole, chosen(runs, labels, where.all_namespaces and not runs, where)
        )
    ]
    if output == "json":
        said = [{**programs.run_json(info), "nodes": nodes_json(rows)} for _, info, rows in found]
        programs.print_json({"runs": said})
        return 0
    screen = terminal.out()
    for number, (backend, info, rows) in enumerate(found):
        if number:
            screen.say("")
        say_status(screen, info, rows, last_lines(backend, info))
    return 0


def whole(listed: tuple[Backend, RunInfo]) -> tuple[Backend, RunInfo]:
    """A run that has ended with its nodes, which a list of many leaves out."""
    backend, info = listed
    return backend, info if info.history.nodes or not info.finished else backend.run(info.run)


def last_lines(backend: Backend, info: RunInfo) -> dict[str, str]:
    """The last line that each node's ranks wrote."""
    from rankzero.backends.base import LogQuery

    last: dict[str, str] = {}
    nodes = frozenset(list(info.history.nodes)[:_MANY])
    if not nodes:
        return last
    for block in backend.logs(info.run, LogQuery(nodes=nodes, tail=1)):
        last[block.node] = block.last_line
    return last
