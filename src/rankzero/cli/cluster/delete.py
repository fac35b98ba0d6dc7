"""`rankzero cluster delete`."""

from __future__ import annotations

import click

from rankzero.cli.cluster.options import tool_option


@click.command()
@click.argument("name", default="rankzero", metavar="[NAME]")
@tool_option
@click.option("--dry-run", is_flag=True, help="Print what would be run, and run nothing.")
def command(name: str, tool: str | None, dry_run: bool) -> int:
    """Delete a cluster of this machine, with all that is in it.

    NAME is `rankzero` where nothing is said. The kubeconfig says which tool has it; else --tool
    does. A microk8s is this machine's own, whatever it is called: all that is on it goes, so it has
    to be named.
    """
    import shlex

    from rankzero.cli.show import terminal
    from rankzero.clusters import making, tools

    by = tools.get(tool) if dry_run and tool else making.owner(tool, name)
    if dry_run:
        for step in by.delete(name):
            terminal.out().say(shlex.join(step.words))
        return 0
    making.delete(by, name, lambda step: terminal.err().say(f"$ {shlex.join(step.words)}"))
    terminal.err().say(f"✓ {name} is gone")
    return 0
