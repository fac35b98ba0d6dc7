"""`rankzero wait`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import (
    NAMING,
    look_options,
    output_option,
    runs_argument,
    selector_option,
)

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@runs_argument
@selector_option
@look_options
@output_option
def command(runs: tuple[str, ...], labels: tuple[str, ...], output: str, where: Where) -> int:
    """Wait until a run has ended.

    Of several runs, all are waited for. Ctrl-C leaves, and they go on.
    Exit code: 0 all succeeded, 1 one did not, 3 some place could not be asked for what is selected.

    JSON: `results`, a list of how each ended: the keys of the `result` that ends a stream.
    """
    from rankzero.backends.facts import facts
    from rankzero.cli.follow import exit_code
    from rankzero.cli.select import chosen
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.ending import say_end
    from rankzero.cli.until import outputs_there, until_end

    results: list[Any] = []
    found = chosen(runs, labels, where=where)
    code = found.code
    for backend, info in found:
        history = until_end(backend, info.run)
        known = facts(backend, info.run, history)
        outputs = outputs_there(backend, info.run)
        code = max(code, exit_code(history))
        if output == "json":
            results.append(programs.result_json(known, outputs, None))
        else:
            say_end(terminal.out(), known, outputs, None, name=len(runs) != 1)
    if output == "json":
        programs.print_json({"results": results})
    return code
