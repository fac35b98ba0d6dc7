"""`rankzero pipeline show`."""

from __future__ import annotations

import click

FORMS = ("text", "svg", "mermaid", "json")


@click.command()
@click.argument("what", metavar="FILE|RUN")
@click.option(
    "--output",
    "-o",
    type=click.Choice(FORMS),
    default="text",
    help="svg is a picture, mermaid a diagram for Markdown, json is for programs.",
)
@click.option("--set", "-s", "sets", multiple=True, metavar="K=V", help="A param's value (FILE).")
def command(what: str, output: str, sets: tuple[str, ...]) -> int:
    """Show a pipeline's graph.

    Of a file, what would be done; of a run, with the steps' states.

    JSON: steps: a list of step, state (null for a file), needs, takes (input -> step.output),
    gives (output -> `path` or `value`), when, and each (`step.output`, a list, or null).
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.graph import drawn, mermaid, nodes_of, svg

    nodes = nodes_of(what, sets)
    if output == "json":
        programs.print_json({"steps": [node.to_json() for node in nodes]})
    elif output == "svg":
        terminal.out().say(svg(nodes))
    elif output == "mermaid":
        terminal.out().say(mermaid(nodes))
    else:
        for line in drawn(terminal.out(), nodes):
            terminal.out().say(line)
    return 0
