"""Ports of a local run: they are on this machine already."""

from __future__ import annotations

from collections.abc import Sequence

from rankzero.backends.local.entering import locate, roster
from rankzero.backends.local.folder import RunFolder
from rankzero.backends.ports import Opened, Wanted
from rankzero.backends.spot import Spot
from rankzero.errors import BadRequest, Refused

_HERE = "127.0.0.1"


def there(folder: RunFolder, spot: Spot, wanted: Sequence[Wanted], address: str) -> list[Opened]:
    """Where each port is. Errors: BadRequest for another number or address: there a program would
    wait for what never comes; Refused where no ranks run."""
    node = locate(folder, spot)
    found = roster(folder, node)
    if found is None:
        raise Refused(
            f"No rank of {node} of {folder.run} runs at present.", f"Why: rankzero why {folder.run}"
        )
    named = found.topology.nodes[found.node_rank].named_ports
    ports = [(one, one.number(node, named)) for one in wanted]
    for one, port in ports:
        if address != _HERE or one.local not in (None, 0, port):
            raise BadRequest(
                f"{folder.run} runs on this machine: port {port} of {node} is {_HERE}:{port}, and "
                "nothing forwards it.",
                f"Dial it there, or: rankzero port-forward {folder.run} {one.remote}",
            )
    return [Opened(node, one.remote, port, _HERE, port, there=True) for one, port in ports]
