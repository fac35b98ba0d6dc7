"""`rankzero volume check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.volume.options import helper_options, source_options, there_options

if TYPE_CHECKING:
    from rankzero.backends.base import Helper
    from rankzero.backends.places import Where


@click.command()
@source_options("1Gi")
@there_options
@helper_options
@output_option
def command(
    size: str, access: str | None, kind: str | None, output: str, where: Where, helper: Helper
) -> int:
    """Prove that volumes can be made, before a run needs one.

    Makes one, has a pod mount it, writes to it and reads it, and takes everything away again.

    JSON: class, access, where, seconds (until it could be written), free (bytes, or null).
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.amounts import duration
    from rankzero.cli.volume.options import volumes_of
    from rankzero.spec.sources import source
    from rankzero.why.words import size as amount

    wanted = source("check", {"size": size, "access": access, "class": kind})
    proof = volumes_of(where).check(wanted, helper)
    if output == "json":
        programs.print_json(
            {
                "class": proof.storage_class,
                "access": proof.access,
                "where": proof.where,
                "seconds": round(proof.seconds, 3),
                "free": proof.free if proof.free >= 0 else None,
            }
        )
        return 0
    room = f", with room for {amount(proof.free)}" if proof.free >= 0 else ""
    what = f"{proof.storage_class} in {proof.where}" if proof.storage_class else "a folder here"
    took = f"written and read after {duration(proof.seconds)}"
    terminal.out().say(f"{what}: {proof.access}, {took}{room}")
    return 0
