"""`rankzero cluster label`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.cluster.options import which_options
from rankzero.cli.options import output_option

if TYPE_CHECKING:
    from rankzero.backends.places import Where

_EXAMPLES = """\b
  rankzero cluster label node0 node1 disk=fast
  rankzero cluster label node0 disk-"""


@click.command(epilog=_EXAMPLES)
@click.argument("words", nargs=-1, required=True, metavar="NODE... KEY=VALUE|KEY-...")
@which_options
@output_option
def command(words: tuple[str, ...], output: str, where: Where) -> int:
    """Put labels on machines, or take them away.

    A run is placed by them: `--node-selector disk=fast`, or `place:` in a job file. It takes a
    right on machines, which a namespace's Role cannot give.

    JSON: nodes (names), labels (values by key; null for what was taken away).
    """
    from rankzero.backends.kubernetes.machines import labels, looking
    from rankzero.cli.cluster.options import cluster_of
    from rankzero.cli.show import programs, terminal
    from rankzero.errors import BadRequest

    said = [word for word in words if "=" in word or word.endswith("-")]
    names = [word for word in words if word not in said]
    if not said or not names:
        raise BadRequest(
            "a label needs a machine and a KEY=VALUE.",
            "As in: rankzero cluster label node0 disk=fast",
        )
    changes = labels.changes(said)
    looking.label(cluster_of(where), names, changes)
    if output == "json":
        programs.print_json({"nodes": names, "labels": changes})
    else:
        put = [f"{key}={value}" for key, value in changes.items() if value is not None]
        taken = [f"{key} taken away" for key, value in changes.items() if value is None]
        terminal.out().say(f"{', '.join(names)}: {', '.join([*put, *taken])}")
    return 0
