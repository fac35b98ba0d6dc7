"""`rankzero image logout`."""

from __future__ import annotations

import click


@click.command()
@click.argument("registry", metavar="REGISTRY")
def command(registry: str) -> int:
    """Forget the name and the password for a registry."""
    from rankzero.cli.show import terminal
    from rankzero.images.registry import credentials
    from rankzero.images.registry.logging_in import called

    known = credentials.forget(registry := called(registry))
    terminal.err().say(f"✓ forgot {registry}" if known else f"nothing was known of {registry}")
    return 0
