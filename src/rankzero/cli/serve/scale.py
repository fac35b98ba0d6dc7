"""`rankzero serve scale`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve import options as of

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.places import Where


@click.command()
@of.name_argument
@click.argument("replicas", required=False, metavar="[N]")
@of.several(of.scaling_options)
@of.detach_option
@of.place_options
@output_option
def command(
    name: str,
    replicas: str | None,
    autoscale: str | None,
    at_cpu: str | None,
    detach: bool,
    output: str,
    where: Where,
) -> int:
    """Change how many pods a service has.

    N may be 0: its address stays, and nobody answers. --autoscale lets the cluster choose between
    two numbers; to name one ends that.

    Exit code: 0 all are ready, 1 they are not within the service's --wait.

    JSON: as `serve deploy`.
    """
    from rankzero.backends.kubernetes.services.changing import requested, scale
    from rankzero.backends.kubernetes.services.looking import deployment
    from rankzero.cli.serve import follow
    from rankzero.cli.show import programs, terminal
    from rankzero.errors import BadRequest
    from rankzero.spec.services.making import change

    cluster = of.cluster_of(where, name)
    if (replicas is None) == (autoscale is None):
        raise BadRequest("Say how many pods, or --autoscale MIN:MAX; one of them.")
    if autoscale is not None:
        return _autoscale(cluster, name, {"autoscale": autoscale, "at_cpu": at_cpu})
    before = requested(cluster, deployment(cluster, name))
    number = change(before, {"replicas": replicas}).replicas
    changed = scale(cluster, name, number)
    if detach:
        if output == "json":
            programs.print_json({"service": name})
        return 0
    wait = before.wait
    outcome = follow.until_ready(
        cluster, name, int(changed["metadata"]["generation"]), wait, quiet=output == "json"
    )
    if output == "json":
        follow.print_outcome(outcome, wait)
    elif outcome.ready:
        pods = f"{number}/{number} pods ready" if number else "no pods; its address stays"
        terminal.err().say(f"✓ {name}: {pods}")
    else:
        follow.say_failed(f"{name} with {number} pods", outcome, wait)
    return follow.code(outcome)


def _autoscale(cluster: Cluster, name: str, options: dict[str, str | None]) -> int:
    from rankzero.backends.kubernetes.services.changing import autoscale
    from rankzero.cli.show import terminal
    from rankzero.spec.services.making import change

    after = autoscale(cluster, name, lambda before: change(before, options))
    assert after.autoscale is not None
    bounds = f"{after.autoscale.minimum} to {after.autoscale.maximum} pods"
    terminal.out().say(f"{name} scales itself: {bounds}, processors at {after.at_cpu}%")
    return 0
