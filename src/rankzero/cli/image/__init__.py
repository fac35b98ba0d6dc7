"""`rankzero image`: a group of verbs of its own, loaded when they are invoked."""

from __future__ import annotations

import click

from rankzero.cli.verbs import Verbs

#: In the order in which a user meets them.
VERBS = {
    "build": "Build an image and send it to its registry, without Docker.",
    "login": "Remember a name and a password for a registry.",
    "logout": "Forget the name and the password for a registry.",
}


@click.command(cls=Verbs, verbs=VERBS, package="rankzero.cli.image")
def command() -> None:
    """Build images and send them to registries."""
