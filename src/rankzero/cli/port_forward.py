"""`rankzero port-forward`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import (
    NAMING,
    look_options,
    output_option,
    run_argument,
    spot_of,
    spot_options,
)

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.backends.ports import Opened


@click.command("port-forward", epilog=NAMING)
@run_argument
@click.argument("ports", nargs=-1, required=True, metavar="[LOCAL:]PORT...")
@spot_options
@click.option(
    "--address",
    default="127.0.0.1",
    metavar="ADDRESS",
    help="Listen on this address of this machine, and not on loopback alone.",
)
@look_options
@output_option
def command(
    run: str,
    ports: tuple[str, ...],
    rank: int | None,
    node: str | None,
    address: str,
    output: str,
    where: Where,
) -> int:
    """Reach ports of a run's node from this machine.

    PORT is a number, or a name from the `ports` of the node's role; :PORT takes any port that is
    free here. The node is rank 0's, unless another one is named. Goes on until Ctrl-C, or until the
    run has ended; a node that is replaced meanwhile is reached in its new place. On a laptop the
    ports are there already, and are only shown.

    JSON: a stream with run, node, name, port (on the node), address and local (where it can be
    dialled), there (it needs no forwarding), an object a port.
    """
    from rankzero import backends
    from rankzero.backends.ports import Wanted
    from rankzero.cli.show import programs, terminal

    wanted = [Wanted.read(text) for text in ports]
    spot = spot_of(rank, node)
    backend, info = backends.find(run, where)

    def opened(one: Opened) -> None:
        if output == "json":
            programs.print_line({"run": info.run, **vars(one)})
            return
        name = f" ({one.name})" if one.name != str(one.port) else ""
        place = f"[{one.address}]" if ":" in one.address else one.address
        here = "  (on this machine already: nothing is forwarded)" if one.there else ""
        terminal.out().say(f"{place}:{one.local} -> {one.node}:{one.port}{name}{here}")

    def note(text: str) -> None:
        terminal.err().say(f"  note: {text}")

    backend.forward(info.run, spot, wanted, address, opened, note)
    return 0
