"""`rankzero volume list`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import output_option
from rankzero.cli.volume.options import there_options

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.backends.volumes import VolumeInfo

HEADS = ("VOLUME", "SIZE", "ACCESS", "CLASS", "PHASE", "AGE", "USED BY")


@click.command()
@there_options
@output_option
def command(output: str, where: Where) -> int:
    """List the volumes, and who uses them.

    In a cluster those of a namespace, whoever made them.

    JSON: `volumes`, a list: volume, size, access (a list of Kubernetes' words), class, phase,
    used_by (runs, and pods that are none's), where, created (seconds since the epoch), ours
    (whether rankzero made it), run (whose it is alone, or null).
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.table import say_table
    from rankzero.cli.volume.options import volumes_of

    found = volumes_of(where).all()
    if output == "json":
        programs.print_json({"volumes": [_json(one) for one in found]})
    elif not found:
        terminal.out().say("No volumes. Make one: rankzero volume create data --size 5Gi")
    else:
        say_table(terminal.out(), HEADS, [_row(one, time.time()) for one in found])
    return 0


def _row(one: VolumeInfo, now: float) -> tuple[str, ...]:
    from rankzero.cli.show.amounts import age

    access = ", ".join(one.access) or "-"
    old, users = age(now - one.created), ", ".join(one.used_by) or "-"
    return one.name, one.size or "-", access, one.storage_class or "-", one.phase, old, users


def _json(one: VolumeInfo) -> dict[str, Any]:
    return {
        "volume": one.name,
        "size": one.size,
        "access": list(one.access),
        "class": one.storage_class,
        "phase": one.phase,
        "used_by": list(one.used_by),
        "where": one.where,
        "created": one.created,
        "ours": one.ours,
        "run": one.of_a_run or None,
    }
