"""`rankzero serve status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve.options import having, look_options, name_argument

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.backends.services.kept import Kept
    from rankzero.backends.services.model import Service


@click.command()
@name_argument
@click.option("--watch", "-w", is_flag=True, help="Go on, and print whatever changes.")
@look_options
@output_option
def command(name: str, watch: bool, output: str, where: Where) -> int:
    """Show a service: where it is reached, its pods, its versions.

    What keeps a pod from being ready is said with what to do about it. With --watch a line for
    each change, until Ctrl-C; with JSON, an object for each.

    JSON: service, where, created, labels, state, version, image, program, owner, port, wanted,
    ready, waits, versions (number, replicaset, image, time, changed, wanted, there, ready,
    current), pods (pod, version, address, ready, restarts, created, leaving, machine, state,
    reason, since, cause, remedy), reach (kind, name, address, port, node_port, hosts, outside,
    urls), endpoints (address, port, pod, machine, ready, serving), scaling (minimum, maximum,
    target, at, note, cause, evidence, remedy), request, not_shown.
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.services import say_service, service_json

    place = having(name, where)
    if watch:
        return _watch(place, name, output)
    found = place.one(name)
    if output == "json":
        programs.print_json(service_json(found))
    else:
        say_service(terminal.out(), found)
    return 0


def _watch(place: Kept, name: str, output: str) -> int:
    """Until the service is deleted, which is an error."""
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.lines import visible
    from rankzero.cli.show.services import head, note, service_json

    said: object = None
    for found in place.watch(name):
        if _distinct(found) != said:
            said = _distinct(found)
            if output == "json":
                programs.print_line(service_json(found))
            else:
                terminal.out().say(f"{head(found)} · {visible(note(found))}")
    return 0


def _distinct(found: Service) -> object:
    """What must differ for it to be worth telling again; that time passes is not."""
    pods = frozenset((one.pod, one.ready, one.leaving, one.place.text) for one in found.instances)
    return found.state, found.version, found.wanted, pods
