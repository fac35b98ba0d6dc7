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
    max_restarts, world_size, nodes (node, state, address, ranks, losses, pid), waiting_for,
    submitted, running, first_step, finished, report, cause.
    """
    from rankzero.cli.select import chosen
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.table import say_status

    found = chosen(runs, labels, where.all_namespaces and not runs, where)
    if output == "json":
        programs.print_json({"runs": [programs.run_json(info) for _, info in found]})
        return 0
    screen = terminal.out()
    for number, (backend, info) in enumerate(found):
        if number:
            screen.say("")
        say_status(screen, info, last_lines(backend, info))
    return 0


def last_lines(backend: Backend, info: RunInfo) -> dict[str, str]:
    """The last line that each node's ranks wrote."""
    from rankzero.backends.base import LogQuery

    last: dict[str, str] = {}
    for node in list(info.history.nodes)[:_MANY]:
        for block in backend.logs(info.run, LogQuery(nodes=frozenset((node,)), tail=1)):
            line = block.data.rstrip(b"\r\n").rpartition(b"\n")[2]
            last[node] = line.decode("utf-8", "backslashreplace")
    return last
