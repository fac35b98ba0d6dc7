"""`rankzero pipeline resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import look_options, output_option
from rankzero.cli.pipeline.options import NAMING, progress_of, run_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@run_argument
@click.option("--detach", "-d", is_flag=True, help="Start it, print its id, and leave.")
@look_options
@output_option
def command(run: str, detach: bool, output: str, where: Where) -> int:
    """Go on with a pipeline that nobody drives any more.

    As after a reboot: what was committed stays, what was under way is done again; on a cluster,
    where it went on meanwhile, it is found. One that a client drives (run --driver client) may be
    resumed from any machine, also while another client does: that one leaves then. One that has
    failed is over: run its file again, and what succeeded is taken from there.

    JSON: as that of `pipeline run`.
    """
    from rankzero.cli.pipeline.attached import attached, check_stays, detached, driven
    from rankzero.errors import BadRequest
    from rankzero.pipelines.finding import find
    from rankzero.pipelines.here import Here
    from rankzero.pipelines.launch import resume

    folder = find(run, where)
    progress = progress_of(folder)
    if progress.ended is not None:
        raise BadRequest(
            f"{folder.run} is over: it has {progress.state}.",
            "Run its file again: steps that succeeded are taken from there, as long as nothing "
            "that they depend on has changed.",
        )
    if not isinstance(folder, Here):
        from rankzero.pipelines.cluster.there import There

        assert isinstance(folder, There)
        driving = folder.drive()
        check_stays(detach)
        return driven(driving, output)
    lifeline = resume(folder.folder, detach=detach)
    return detached(folder, output) if lifeline is None else attached(folder, lifeline, output)
