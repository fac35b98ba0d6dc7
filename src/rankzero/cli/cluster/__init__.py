"""`rankzero cluster`: a group of verbs of its own, loaded when they are invoked."""

from __future__ import annotations

import click

from rankzero.cli.verbs import Verbs

#: In the order in which a user meets them.
VERBS = {
    "create": "Make a cluster on this machine, with a registry and storage.",
    "delete": "Delete a cluster of this machine, with all that is in it.",
    "info": "Show a cluster: its version, machines, storage, and what is installed.",
    "nodes": "List the machines, with what is free on them.",
    "label": "Put labels on machines, or take them away.",
}


@click.command(cls=Verbs, verbs=VERBS, package="rankzero.cli.cluster")
def command() -> None:
    """Make a cluster, and look at its machines."""
