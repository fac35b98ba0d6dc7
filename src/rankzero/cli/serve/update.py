"""`rankzero serve update`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve import options as of

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.kubernetes.services.changing import Changed
    from rankzero.backends.kubernetes.services.following import Outcome
    from rankzero.backends.places import Where

_EXAMPLES = """\b
  rankzero serve update web --image registry/web:2
  rankzero serve update web -e LEVEL=2 --unset OLD --memory 2Gi"""


@click.command(cls=of.WithCommand, epilog=_EXAMPLES)
@of.name_argument
@click.option("--code", is_flag=True, help="Send the predictor's code, from this folder, anew.")
@click.option("--model", metavar="PATH", help="The predictor's model; one that is here is sent.")
@of.version_options
@of.server_options
@click.option("--unset", multiple=True, metavar="NAME", help="A variable that goes.")
@of.wait_option
@click.option(
    "--undo/--no-undo",
    "undoes",
    default=True,
    help="Go back by itself where the new version does not become ready (default: yes).",
)
@of.detach_option
@of.place_options
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    name: str,
    code: bool,
    unset: tuple[str, ...],
    undoes: bool,
    detach: bool,
    output: str,
    where: Where,
    **given: Any,  # noqa: ANN401
) -> int:
    """Change a service, pod by pod; undo it where that fails.

    What is not said stays as it is. A new pod is started and has to be ready before an old one
    goes, so requests are answered all the time. Where the new version is not ready within --wait,
    or can never be, the service goes back to the version before, which has served on, and the
    reason is said. With --detach nobody is there to do that.

    What others change at the same time is kept.

    Exit code: 0 the new version serves, 1 it does not.

    JSON: as `serve deploy`, with changes (in words) and undone (whether it was taken back).
    """
    from rankzero.backends.kubernetes.services.updating import update
    from rankzero.cli.show import programs, terminal

    cluster = of.cluster_of(where, name)
    given |= {"server": of.server_asked(given) or None}
    asked = of.asked(given, ctx.meta[of.REST])
    changed = update(cluster, name, asked, unset, code=code)
    if not changed.what:
        terminal.err().say(f"{name} is like that already; nothing was changed.")
        return 0
    if output == "text":
        said = ", ".join(changed.what)
        terminal.err().say(f"{name}: {said}; version {changed.before} stays until it is ready")
    if detach:
        if output == "json":
            programs.print_json({"service": name})
        return 0
    return _see_through(cluster, name, changed, undoes, output)


def _see_through(cluster: Cluster, name: str, changed: Changed, undoes: bool, output: str) -> int:
    from rankzero.backends.kubernetes.services.changing import requested
    from rankzero.cli.serve import follow

    wait = requested(cluster, changed.deployment).wait
    quiet = output == "json"
    generation = int(changed.deployment["metadata"]["generation"])
    outcome = follow.until_ready(cluster, name, generation, wait, quiet=quiet)
    if outcome.ready:
        if quiet:
            follow.print_outcome(outcome, wait, changes=list(changed.what), undone=False)
        else:
            _say_done(cluster, outcome)
        return 0
    if not quiet:
        follow.say_failed(f"the new version of {name}", outcome, wait)
    undone = undoes and _undo(cluster, name, changed, follow.why(outcome, wait), quiet)
    if quiet:
        follow.print_outcome(outcome, wait, changes=list(changed.what), undone=undone)
    return follow.code(outcome)


def _say_done(cluster: Cluster, outcome: Outcome) -> None:
    from rankzero.backends.kubernetes.services.looking import beside
    from rankzero.cli.serve import follow

    follow.say_ready(beside(cluster, outcome.service))


def _undo(cluster: Cluster, name: str, changed: Changed, why: str, quiet: bool) -> bool:
    """Whether it was taken back."""
    from rankzero.backends.kubernetes.services.changing import undo_own
    from rankzero.cli.serve import follow
    from rankzero.cli.show import terminal

    screen = terminal.err()
    back = undo_own(cluster, name, changed, why)
    if back is None:
        screen.say(f"  {name} was changed by somebody else since, so it was left alone")
        return False
    generation = int(back.deployment["metadata"]["generation"])
    outcome = follow.until_ready(cluster, name, generation, 60, quiet=quiet)
    if not quiet:
        state = "serves on" if outcome.ready else f"is what there is to be: {outcome.service.state}"
        screen.say(
            f"  undone: version {changed.before} {state}, as version {outcome.service.version}"
        )
    return True
