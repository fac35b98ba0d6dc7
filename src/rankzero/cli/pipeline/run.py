"""`rankzero pipeline run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option, preflight_option, where_options

if TYPE_CHECKING:
    from rankzero.backends.places import Where

EXAMPLES = """\b
  rankzero pipeline run pipeline.yaml --set epochs=5
  rankzero pipeline run pipeline.py --from train
  rankzero pipeline run pipeline.yaml --rerun load --rerun train"""


@click.command(epilog=EXAMPLES)
@click.argument("file", type=click.Path())
@click.option("--set", "-s", "sets", multiple=True, metavar="K=V", help="A param's value.")
@click.option(
    "--slots",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="How many steps run at once (default: one a processor).",
)
@click.option(
    "--from",
    "since",
    metavar="STEP",
    help="Do this step and all after it; what comes before is as the newest run left it.",
)
@click.option(
    "--rerun",
    multiple=True,
    metavar="STEP",
    help="Do this step again, also where an earlier result would do. Repeat for more.",
)
@click.option("--no-cache", is_flag=True, help="Do all steps again.")
@click.option("--detach", "-d", is_flag=True, help="Start it, print its id, and leave.")
@click.option("--dry-run", is_flag=True, help="Print what would be done and start nothing.")
@click.option(
    "--driver",
    type=click.Choice(["cluster", "client"]),
    default="cluster",
    show_default=True,
    help="On a cluster: who walks the graph, a pod with an account, or this command.",
)
@click.option(
    "--service-account",
    metavar="NAME",
    help="On a cluster: whose rights the driver has (default: an account of its own).",
)
@click.option(
    "--output-volume",
    metavar="NAME",
    help="On a cluster: the claim on which what steps hand on lies.",
)
@preflight_option
@where_options("Where to run: a backend or a profile (default: local).")
@output_option
def command(
    file: str,
    sets: tuple[str, ...],
    slots: int | None,
    since: str | None,
    rerun: tuple[str, ...],
    no_cache: bool,
    detach: bool,
    dry_run: bool,
    driver: str,
    service_account: str | None,
    output_volume: str | None,
    preflight: bool,
    output: str,
    where: Where,
) -> int:
    """Run a pipeline file.

    FILE is of YAML or JSON, or of Python with a function that is decorated by @rankzero.pipeline;
    of several in a file, FILE.py:NAME is one.

    Each step is done when all that it depends on is; a step whose code, command, params and inputs
    are those of an earlier one is not done again: its results are taken.

    A pipeline that is attached ends with this command; Ctrl-C asks whether to stop it or to detach.
    On a cluster it goes on without it, but for --driver client: there nothing more begins once the
    command has left, until somebody resumes it.
    Exit code: 0 it succeeded, 1 it failed, 130 Ctrl-C stopped it, or left it to go on.

    JSON: with --dry-run and --detach the plan (run, name, workdir, slots, params, steps); else a
    stream: every fact, every line with kind `log`, at the end one object with kind `result`, which
    has the keys of `pipeline status`.
    """
    from rankzero import backends
    from rankzero.backends.places import LOCAL
    from rankzero.cli.pipeline.submit import OnCluster, Way, go, go_there
    from rankzero.pipelines.planning import Again
    from rankzero.spec.pipelines.functions.loading import is_python
    from rankzero.spec.pipelines.making import load_pipeline

    config = backends.config()
    name, place = backends.to_run(where, config)
    defaults = config.defaults_at(name)
    pipeline = load_pipeline(file, sets=sets, defaults=defaults)
    way = Way(Again(rerun, no_cache, since), slots, detach, dry_run, output)
    # A file of Python is code: its steps' functions are in it.
    no_code = None if is_python(file) else Path(file)
    if place.backend == LOCAL:
        return go(pipeline, no_code, way)
    if output_volume is not None:
        pipeline = pipeline.model_copy(update={"output_volume": output_volume})
    there = OnCluster(place, defaults, driver == "client", service_account, preflight)
    return go_there(pipeline, no_code, way, there)
