"""`rankzero pipeline wait`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option
from rankzero.cli.pipeline.options import NAMING, chosen, progress_of, runs_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@runs_argument
@click.option("--timeout", metavar="TIME", help="Wait no longer than this: 90s, 5m, 2h.")
@look_options
@output_option
def command(runs: tuple[str, ...], timeout: str | None, output: str, where: Where) -> int:
    """Wait until a pipeline is over.

    Of several, all are waited for. Ctrl-C leaves, and they go on.
    Exit code: 0 all succeeded, 1 one did not, 3 one goes on after the timeout.

    JSON: `results`, a list with the keys of `pipeline status`.
    """
    from rankzero.cli.moments import span
    from rankzero.cli.pipeline.follow import exit_code
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.pipelines import result_json
    from rankzero.cli.show.steps import say_end
    from rankzero.errors import Refused

    results, code = [], 0
    end = None if timeout is None else time.monotonic() + span(timeout, "--timeout")
    for folder in chosen(runs, where):
        if not folder.wait(None if end is None else max(0.0, end - time.monotonic())):
            raise Refused(
                f"{folder.run} is not over after {timeout}; it goes on.",
                f"See where it stands: rankzero pipeline status {folder.run}",
            )
        progress = progress_of(folder)
        code = max(code, exit_code(progress))
        if output == "json":
            results.append(result_json(folder, progress))
        else:
            say_end(terminal.out(), folder, progress)
    if output == "json":
        programs.print_json({"results": results})
    return code
