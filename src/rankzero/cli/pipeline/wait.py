"""`rankzero pipeline wait`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option
from rankzero.cli.pipeline.options import NAMING, chosen, progress_of, runs_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@runs_argument
@look_options
@output_option
def command(runs: tuple[str, ...], output: str, where: Where) -> int:
    """Wait until a pipeline is over.

    Of several, all are waited for. Ctrl-C leaves, and they go on.
    Exit code: 0 all succeeded, 1 one did not.

    JSON: `results`, a list with the keys of `pipeline status`.
    """
    from rankzero.cli.pipeline.follow import exit_code
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.pipelines import result_json
    from rankzero.cli.show.steps import say_end

    results, code = [], 0
    for folder in chosen(runs, where):
        folder.wait()
        progress = progress_of(folder)
        code = max(code, exit_code(progress))
        if output == "json":
            results.append(result_json(folder, progress))
        else:
            say_end(terminal.out(), folder, progress)
    if output == "json":
        programs.print_json({"results": results})
    return code
