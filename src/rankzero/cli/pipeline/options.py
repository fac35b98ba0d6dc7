"""What several verbs of pipelines share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import Word

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.pipelines.kept import Kept
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


def chosen(runs: tuple[str, ...], where: Where, *, every: bool = False) -> list[Kept]:
    """Those that are named, each once, or all. Errors: BadRequest, UnknownRun, Refused."""
    from rankzero.errors import BadRequest
    from rankzero.pipelines import finding

    if every:
        return all_of(where)
    if not runs:
        raise BadRequest(*_WHICH)
    found = (finding.find(run, where) for run in runs)
    return list({one.run: one for one in found}.values())


def all_of(where: Where) -> list[Kept]:
    """All of them, the newest first; a place that cannot be asked is told. Errors: Refused where
    none can."""
    from rankzero.cli.show import terminal
    from rankzero.pipelines import finding

    found, silent = finding.newest_first(where)
    if silent and not found:
        raise silent[0]
    for refused in silent:
        terminal.err().say(f"  note: {refused.args[0]}")
    return found


def progress_of(folder: Kept) -> Progress:
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


def check_steps(folder: Kept, steps: tuple[str, ...]) -> None:
    """Errors: BadRequest for a step that is not there."""
    from rankzero.errors import BadRequest
    from rankzero.spec.problems import did_you_mean

    known = folder.graph()
    for step in steps:
        if step not in known:
            raise BadRequest(f'{folder.run} has no step "{step}"{did_you_mean(step, known)}')
