"""`rankzero describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import NAMING, RunId, look_options, output_option

if TYPE_CHECKING:
    from rankzero.backends.description import Description
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@click.argument("what", type=RunId(), metavar="RUN|POD|MACHINE")
@click.argument("node", required=False, metavar="[NODE]")
@look_options
@output_option
def command(what: str, node: str | None, output: str, where: Where) -> int:
    """Show all that is known of a run, a node or a machine.

    Of a run: its objects (on a laptop: folders and processes), its nodes and where they are, each
    rank's stable name and ports, its Services, what does not hold, and the events of Kubernetes.
    Of one node: `rankzero describe RUN worker/0`, or its pod's name. What you may not read is
    named, and the rest shown.

    JSON: kind (`run`, `node` or `machine`), name, where, state, facts (names and values for
    people); objects (kind, name, created, size, note), nodes (node, name, state, machine, address,
    created, note), ranks (rank, node, name, address, port, ports, pid, code), services (name, kind,
    address, ports), conditions (of, type, status, reason, message, since), events (time, count,
    type, reason, of, message), not_shown.
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.described import say_description

    found = _describe(what, node, where)
    if output == "json":
        programs.print_json(found.to_json())
    else:
        say_description(terminal.out(), found)
    return 0


def _describe(what: str, node: str | None, where: Where) -> Description:
    """A run by its name, as everywhere; else what a place calls so. Errors: UnknownRun."""
    from contextlib import suppress

    from rankzero import backends
    from rankzero.errors import UnknownRun

    try:
        backend, info = backends.find(what, where)
    except UnknownRun:
        for place in backends.every(where) if node is None else ():
            with suppress(UnknownRun):
                return backends.at(place).describe(what)
        raise
    return backend.describe(info.run, node)
