"""`rankzero volume`: a group of verbs of its own, loaded when they are invoked."""

from __future__ import annotations

import click

from rankzero.cli.verbs import Verbs

#: In the order in which a user meets them.
VERBS = {
    "check": "Prove that volumes can be made, before a run needs one.",
    "create": "Make a volume, where it is not there yet.",
    "list": "List the volumes, and who uses them.",
    "put": "Send a file, or what is in a folder, to a volume.",
    "get": "Bring a file, or what is in a folder, from a volume.",
    "delete": "Delete volumes, with all that is on them.",
}


@click.command(
    cls=Verbs,
    verbs=VERBS,
    package="rankzero.cli.volume",
    epilog="Volumes are claims of a cluster (--on kubernetes, or a profile), or folders of this "
    "machine.",
)
def command() -> None:
    """Make volumes, look at them, and move folders in and out."""
