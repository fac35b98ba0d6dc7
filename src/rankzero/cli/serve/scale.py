"""`rankzero serve scale`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve import options as of

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.backends.services.model import Service


@click.command()
@of.name_argument
@click.argument("replicas", required=False, metavar="[N]")
@of.several(of.scaling_options)
@of.detach_option
@of.look_options
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
    two numbers; to name one ends that. On this machine N is the number of a predictor's workers.

    Exit code: 0 all are ready, 1 they are not within the service's --wait.

    JSON: as `serve deploy`.
    """
    from rankzero.cli.serve import follow
    from rankzero.cli.show import programs, terminal
    from rankzero.errors import BadRequest

    place = of.having(name, where)
    if (replicas is None) == (autoscale is None):
        raise BadRequest("Say how many pods, or --autoscale MIN:MAX; one of them.")
    if autoscale is not None:
        bounds = place.autoscale(name, {"autoscale": autoscale, "at_cpu": at_cpu})
        terminal.out().say(f"{name} scales itself: {bounds}")
        return 0
    assert replicas is not None
    with of.turn(place, name):
        changed = place.scale(name, replicas)
        if detach:
            if output == "json":
                programs.print_json({"service": name})
            return 0
        outcome = follow.until_ready(place, name, changed, quiet=output == "json")
    if output == "json":
        follow.print_outcome(outcome, changed.wait)
    elif outcome.ready:
        terminal.err().say(f"✓ {name}: {_scaled(outcome.service)}")
    else:
        follow.say_failed(f"{name}, scaled to {replicas},", outcome, changed.wait)
    return follow.code(outcome)


def _scaled(found: Service) -> str:
    if not found.wanted:
        return "it has ended; its port is kept" if found.here else "no pods; its address stays"
    return found.program if found.here else f"{found.ready}/{found.wanted} pods ready"
