"""`rankzero serve deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import output_option, preflight_option, wait_for_nodes_option
from rankzero.cli.serve import options as of

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.backends.services.kept import Kept, Planned

_EXAMPLES = """\b
  rankzero serve deploy app.py:Predictor --model outputs/
  rankzero serve deploy --name files -- sh -c 'exec python -m http.server $PORT'
  rankzero serve deploy app.py:Predictor --model volume:models/digits --on kubernetes
  rankzero serve deploy --image nginxinc/nginx-unprivileged --port 8080 -n 2 --on kubernetes
  rankzero serve deploy service.yaml --on kubernetes"""


@click.command(cls=of.WithCommand, epilog=_EXAMPLES)
@click.argument("target", required=False, metavar="[TARGET]")
@click.option("--name", metavar="NAME", help="Its name (default: the image's, or the file's).")
@click.option("--replicas", "-n", metavar="N", help="How many pods (default: 1).")
@click.option("--model", metavar="PATH", help="The predictor's model: volume:CLAIM/PATH, or here.")
@click.option("--python", metavar="PATH", help="The predictor's interpreter, in the image.")
@of.several(of.scaling_options)
@of.several(of.exposing_options)
@click.option(
    "--token",
    metavar="SECRET/KEY",
    help="What a predictor's clients have to say; without it, nothing.",
)
@of.version_options
@of.server_options
@of.wait_option
@of.place_options
@of.detach_option
@click.option("--dry-run", is_flag=True, help="Print what would be created and create nothing.")
@preflight_option
@wait_for_nodes_option
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    target: str | None,
    detach: bool,
    dry_run: bool,
    preflight: bool,
    wait_for_nodes: bool,
    output: str,
    where: Where,
    **given: Any,  # noqa: ANN401
) -> int:
    """Deploy a predictor, a command or an image, and keep it alive.

    Anything that listens can be served: on this machine, as a process in the background, a
    predictor or what stands after --, which finds its port in $PORT; with --on kubernetes, as pods,
    also an --image with its --port, and after -- what runs where that is not what the image would
    run. TARGET is a predictor, FILE.py:CLASS, or a file of YAML with the keys of a service. Waits
    until it is ready, and says why where it is not.

    Exit code: 0 it serves, 1 it does not within --wait (it is there all the same).

    JSON: with --dry-run service, where, request, notices, manifests, process (on this machine)
    and checks; else the service as
    `serve status` gives it, with became_ready, why, cause and remedy; with --detach its name alone.
    """
    place = of.place_of(where)
    server = of.server_asked(given)
    given |= {"server": server or None}
    file = target if target and target.endswith((".yaml", ".yml", ".json")) else None
    made = place.plan(
        of.asked(given, ctx.meta[of.REST]),
        predictor=None if file else target,
        file=None if file is None else of.tree(file),
        preflight=preflight,
        wait_for_nodes=wait_for_nodes,
    )
    if dry_run:
        return _dry_run(made, output)
    return _deploy(place, made, detach, output)


def _dry_run(made: Planned, output: str) -> int:
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.services import say_service_plan

    if output == "json":
        programs.print_json(made.to_json())
    else:
        say_service_plan(terminal.out(), made)
        click.echo(_yaml(made), nl=False)
    return 0


def _yaml(made: Planned) -> str:
    import yaml

    return str(yaml.safe_dump_all([dict(one) for one in made.documents()], sort_keys=False))


def _deploy(place: Kept, made: Planned, detach: bool, output: str) -> int:
    from rankzero.cli.serve import follow
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.services import say_service_plan

    name = made.service.name
    if output == "text":
        say_service_plan(terminal.err(), made)
    with of.turn(place, name):
        changed = place.submit(made)
        if detach:
            if output == "json":
                programs.print_json({"service": name})
            else:
                terminal.out().say(name)
            return 0
        if changed.before and changed.what:  # one of this name served until now
            if output == "text":
                terminal.err().say(f"{name}: {', '.join(changed.what)}")
            return follow.see_through(place, name, changed, undoes=True, output=output)
        outcome = follow.until_ready(place, name, changed, quiet=output == "json")
    if output == "json":
        follow.print_outcome(outcome, changed.wait)
    elif outcome.ready:
        follow.say_ready(outcome.service)
    else:
        follow.say_failed(name, outcome, changed.wait)
        terminal.err().say(
            f"  it goes on trying; change it: rankzero serve update {place.called(name)}, "
            f"end it: rankzero serve delete {place.called(name)}"
        )
    return follow.code(outcome)
