"""`rankzero why`."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from rankzero.cli.options import NAMING, look_options, output_option, run_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.cli.show.silence import LastWord


@click.command(epilog=NAMING)
@run_argument
@look_options
@output_option
def command(run: str, output: str, where: Where) -> int:
    """Say why a run failed, waits or stopped.

    Prints the cause, its evidence, what to do about it, the traceback or the last lines in
    full, and what the other nodes were doing. Of a run that goes on, the ranks that have been
    silent for longest, with what they said last.

    JSON: run, state, cause (a stable word), title, evidence, remedy, detail, others (ranks that
    were stopped by it), nodes (as in `status`), failure (as recorded, or null), silent (of a run
    that goes on: rank, node, time, line).
    """
    from rankzero import backends
    from rankzero.backends.base import LogQuery
    from rankzero.backends.facts import facts
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.explained import say_why
    from rankzero.cli.show.silence import last_words, say_silent
    from rankzero.errors import Refused
    from rankzero.why import explain

    backend, info = backends.find(run, where)
    known = facts(backend, info.run, info.history)
    silent: list[LastWord] = []
    if not info.finished:
        with suppress(Refused):  # what is known without them is better than nothing
            silent = last_words(backend.logs(info.run, LogQuery(tail=1)))
    if output == "text":
        say_why(terminal.out(), known)
        say_silent(terminal.out(), silent, time.time())
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
            "silent": [word._asdict() for word in silent],
        }
    )
    return 0
