"""`rankzero cluster nodes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.cluster.options import which_options
from rankzero.cli.options import output_option, selector_option

if TYPE_CHECKING:
    from rankzero.backends.places import Where


@click.command()
@selector_option
@click.option("--labels", "with_labels", is_flag=True, help="With all labels of each.")
@which_options
@output_option
def command(labels: tuple[str, ...], with_labels: bool, output: str, where: Where) -> int:
    """List the machines, with what is free on them.

    Of processors, memory and GPUs: what nobody has asked for yet, of what pods may have. RUNS are
    rankzero's own that have pods there.

    JSON: `nodes`, a list: name, states, roles, version, runtime, architecture, cpu, cpu_free,
    memory and memory_free (bytes), devices (resource, total, free, model), labels, taints, pods,
    runs. What may not be read is null.
    """
    from rankzero.backends.kubernetes.machines.looking import nodes
    from rankzero.cli.cluster.options import cluster_of
    from rankzero.cli.select import matches
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.machines import say_nodes

    found = [one for one in nodes(cluster_of(where)) if matches(dict(one.labels), labels)]
    if output == "json":
        programs.print_json({"nodes": [one.to_json() for one in found]})
    else:
        say_nodes(terminal.out(), found, labels=with_labels)
    return 0
