"""`rankzero why`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import NAMING, look_options, output_option, run_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@look_options
@output_option
def command(run: str, output: str, where: Where) -> int:
    """Say why a run failed, waits or stopped.

    Prints the cause, its evidence, what to do about it, the traceback or the last lines in
    full, and what the other nodes were doing.

    JSON: run, state, cause (a stable word), title, evidence, remedy, detail, others (ranks that
    were stopped by it), nodes (as in `status`), failure (as recorded, or null).
    """
    from rankzero import backends
    from rankzero.backends.facts import facts
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.explained import say_why
    from rankzero.why import explain

    backend, info = backends.find(run, where)
    known = facts(backend, info.run, info.history)
    if output == "text":
        say_why(terminal.out(), known)
        return 0
    failure = known.failure
    programs.print_json(
        {
            "run": info.run,
            "state": info.state,
            **explain(known).to_json(),
            "others": failure.others if failure else 0,
            "nodes": programs.nodes_json(info.history),
            "failure": dict(info.history.cause) if info.history.cause else None,
        }
    )
    return 0
