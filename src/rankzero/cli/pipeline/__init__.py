"""`rankzero pipeline`: a group of verbs of its own, loaded when they are invoked."""

from __future__ import annotations

import click

from rankzero.cli.verbs import Verbs

#: In the order in which a user meets them.
VERBS = {
    "run": "Run a pipeline file.",
    "list": "List the runs of pipelines.",
    "status": "Show where a pipeline stands, step by step.",
    "logs": "Print what the steps wrote, each line marked with its step.",
    "attach": "Follow a pipeline as if it had been started here.",
    "wait": "Wait until a pipeline is over.",
    "why": "Say why a pipeline failed, waits or stopped.",
    "events": "Print a pipeline's history.",
    "show": "Show a pipeline's graph.",
    "outputs": "Print where what the steps handed on lies, or copy it.",
    "stop": "Stop pipelines.",
    "resume": "Go on with a pipeline that nobody drives any more.",
    "delete": "Remove all that is left of pipelines that are over.",
}


@click.command(
    cls=Verbs,
    verbs=VERBS,
    package="rankzero.cli.pipeline",
    epilog="A run of a pipeline is named by its id, by the start of it, or by - if it is the "
    "newest.",
)
def command() -> None:
    """Run steps that depend on each other, and look at them."""
