"""`rankzero serve update`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve import options as of

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.backends.services.kept import Kept
    from rankzero.backends.services.model import Changed

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
@of.look_options
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

    What others change at the same time is kept. On this machine the old version ends before the new
    one begins, on the same port; one that is not running is started.

    Exit code: 0 the new version serves, 1 it does not.

    JSON: as `serve deploy`, with changes (in words) and undone (whether it was taken back).
    """
    from rankzero.cli.serve import follow
    from rankzero.cli.show import programs, terminal

    place = of.having(name, where)
    given |= {"server": of.server_asked(given) or None}
    asked = of.asked(given, ctx.meta[of.REST])
    with of.turn(place, name):
        changed = place.update(name, asked, unset, code=code)
        if not changed.what:
            terminal.err().say(f"{name} is like that already; nothing was changed.")
            return 0
        if output == "text":
            terminal.err().say(f"{name}: {', '.join(changed.what)}{_meanwhile(place, changed)}")
        if detach:
            if output == "json":
                programs.print_json({"service": name})
            return 0
        return follow.see_through(place, name, changed, undoes=undoes, output=output)


def _meanwhile(place: Kept, changed: Changed) -> str:
    """What serves until the new version is ready."""
    serves = place.serves_on and changed.before
    return f"; version {changed.before} stays until it is ready" if serves else ""
