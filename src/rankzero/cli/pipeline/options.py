"""What several verbs of pipelines share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import Word

if TYPE_CHECKING:
    from rankzero.pipelines.folder import PipelineFolder
    from rankzero.pipelines.progress import Progress

_WHICH = ("Which pipeline? Name a run; - is the newest.", "See them: rankzero pipeline list")
NAMING = "A run is named by its id, by the start of it, or by - if it is the newest."


class PipelineRun(Word):
    """A run's id, the start of one, or `-`; completes from those that are there."""

    name = "run"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        from click.shell_completion import CompletionItem

        from rankzero.pipelines import finding

        return [CompletionItem(run) for run in finding.ids() if run.startswith(incomplete)]


def _named(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    from rankzero.errors import BadRequest

    if value is None:
        raise BadRequest(*_WHICH)
    return value


run_argument = click.argument(
    "run", type=PipelineRun(), required=False, metavar="RUN", callback=_named
)
runs_argument = click.argument("runs", type=PipelineRun(), nargs=-1)
step_option = click.option(
    "--step", "steps", multiple=True, metavar="STEP", help="Only of this step. Repeat for more."
)


def chosen(runs: tuple[str, ...], *, every: bool = False) -> list[PipelineFolder]:
    """Those that are named, each once, or all. Errors: BadRequest."""
    from rankzero.errors import BadRequest
    from rankzero.pipelines import finding

    if every:
        return finding.newest_first()
    if not runs:
        raise BadRequest(*_WHICH)
    return list({one.run: one for one in map(finding.find, runs)}.values())


def progress_of(folder: PipelineFolder) -> Progress:
    """Where it stands. Errors: Refused for one that a crash of the machine tore."""
    from rankzero.errors import Refused
    from rankzero.pipelines.progress import Progress

    try:
        return Progress(folder.graph(), folder.events())
    except (KeyError, TypeError) as error:
        raise Refused(
            f"what {folder.run} has done does not fit its plan: {error}",
            f"Delete what is left of it: rankzero pipeline delete {folder.run}",
        ) from error


def check_steps(folder: PipelineFolder, steps: tuple[str, ...]) -> None:
    """Errors: BadRequest for a step that is not there."""
    from rankzero.errors import BadRequest
    from rankzero.spec.problems import did_you_mean

    known = folder.graph()
    for step in steps:
        if step not in known:
            raise BadRequest(f'{folder.run} has no step "{step}"{did_you_mean(step, known)}')
