"""`rankzero serve deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import output_option, preflight_option, wait_for_nodes_option
from rankzero.cli.serve import options as of

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.kubernetes.services.following import Outcome
    from rankzero.backends.places import Where
    from rankzero.plan.kubernetes.services import ServicePlan

_EXAMPLES = """\b
  rankzero serve deploy --image nginxinc/nginx-unprivileged --port 8080 --replicas 2
  rankzero serve deploy --image python:3.12-slim --port 8000 -- python -m http.server
  rankzero serve deploy app.py:Predictor --model volume:models/digits --image my/torch:2
  rankzero serve deploy service.yaml"""


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
    """Deploy an image or a predictor to a cluster, and keep it alive.

    Anything that listens can be served: --image and --port, and after -- what runs where that is
    not what the image would run. TARGET is a predictor, FILE.py:CLASS, or a file of YAML with the
    keys of a service. Waits until all pods are ready, and says why where they are not.

    Exit code: 0 it serves, 1 it does not within --wait (it is there all the same).

    JSON: with --dry-run service, where, request, notices, manifests and checks; else the service as
    `serve status` gives it, with became_ready, why, cause and remedy; with --detach its name alone.
    """
    from rankzero.backends.kubernetes.services.deploying import check
    from rankzero.backends.kubernetes.services.planning import plan

    cluster, defaults = of.placed(where)
    server = of.server_asked(given)
    given |= {"server": server or None}
    file = target if target and target.endswith((".yaml", ".yml", ".json")) else None
    made = plan(
        cluster,
        of.asked(given, ctx.meta[of.REST]),
        predictor=None if file else target,
        file=None if file is None else of.tree(file),
        defaults=defaults,
    )
    if preflight:
        made = check(cluster, made, wait_for_nodes=wait_for_nodes)
    if dry_run:
        return _dry_run(made, output)
    return _deploy(cluster, made, detach, output)


def _dry_run(made: ServicePlan, output: str) -> int:
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.services import say_service_plan

    if output == "json":
        programs.print_json(made.to_json())
    else:
        say_service_plan(terminal.out(), made)
        click.echo(_yaml(made), nl=False)
    return 0


def _yaml(made: ServicePlan) -> str:
    import yaml

    return str(yaml.safe_dump_all([dict(one) for one in made.manifests], sort_keys=False))


def _deploy(cluster: Cluster, made: ServicePlan, detach: bool, output: str) -> int:
    from rankzero.backends.kubernetes.services.deploying import submit
    from rankzero.cli.serve import follow
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.services import say_service_plan

    name, wait = made.service.name, made.service.wait
    if output == "text":
        say_service_plan(terminal.err(), made)
    sent = submit(cluster, made)
    if detach:
        if output == "json":
            programs.print_json({"service": name})
        else:
            terminal.out().say(name)
        return 0
    outcome = follow.until_ready(
        cluster, name, int(sent["metadata"]["generation"]), wait, quiet=output == "json"
    )
    found = _beside(cluster, outcome)
    if output == "json":
        follow.print_outcome(found, wait)
    elif outcome.ready:
        follow.say_ready(found.service)
    else:
        follow.say_failed(name, outcome, wait)
        terminal.err().say(
            f"  it goes on trying; change it: rankzero serve update {cluster.called(name)}, "
            f"end it: rankzero serve delete {cluster.called(name)}"
        )
    return follow.code(outcome)


def _beside(cluster: Cluster, outcome: Outcome) -> Outcome:
    """With where the service is reached."""
    from rankzero.backends.kubernetes.services.looking import beside

    return outcome._replace(service=beside(cluster, outcome.service))
