"""`rankzero pipeline resume`."""

from __future__ import annotations

import click

from rankzero.cli.options import output_option
from rankzero.cli.pipeline.options import NAMING, progress_of, run_argument


@click.command(epilog=NAMING)
@run_argument
@click.option("--detach", "-d", is_flag=True, help="Start it, print its id, and leave.")
@output_option
def command(run: str, detach: bool, output: str) -> int:
    """Go on with a pipeline that nobody drives any more.

    As after a reboot: what was committed stays, what was under way is done again. One that has
    failed is over: run its file again, and what succeeded is taken from there.

    JSON: as that of `pipeline run`.
    """
    from rankzero.cli.pipeline.attached import attached, detached
    from rankzero.errors import BadRequest
    from rankzero.pipelines.finding import find
    from rankzero.pipelines.launch import resume

    folder = find(run)
    progress = progress_of(folder)
    if progress.ended is not None:
        raise BadRequest(
            f"{folder.run} is over: it has {progress.state}.",
            "Run its file again: steps that succeeded are taken from there, as long as nothing "
            "that they depend on has changed.",
        )
    lifeline = resume(folder, detach=detach)
    return detached(folder, output) if lifeline is None else attached(folder, lifeline, output)
