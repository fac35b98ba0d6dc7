"""The verbs, as a table: `rankzero --help` and Tab read it and load none of their modules."""

from __future__ import annotations

import importlib
import keyword
from typing import Any

import click

#: Verb -> its summary, which is also the first line of its own help (a test compares the two).
#: In the order in which a user meets them.
VERBS = {
    "run": "Run a script, a module, a command or a job file.",
    "list": "List the runs that can be seen from here.",
    "status": "Show a run's state, node by node.",
    "logs": "Print what the ranks wrote, each line marked with its rank.",
    "attach": "Follow a run as if it had been started here.",
    "wait": "Wait until a run has ended.",
    "why": "Say why a run failed, waits or stopped.",
    "events": "Print a run's history.",
    "describe": "Show all that is known of a run, a node or a machine.",
    "exec": "Run a command, or a shell, beside a rank of a run.",
    "port-forward": "Reach ports of a run's node from this machine.",
    "outputs": "Print the folder with what a run produced, or copy it.",
    "stop": "Stop runs.",
    "recover": "Replace the nodes that a dead machine holds.",
    "rerun": "Submit a run's job once more.",
    "delete": "Remove all that is left of runs that have ended.",
    "pipeline": "Run steps that depend on each other, and look at them.",
    "volume": "Make volumes, look at them, and move folders in and out.",
    "serve": "Serve a trained model.",
    "cluster": "Make a cluster, and look at its machines.",
    "image": "Build images and send them to registries.",
    "export": "Write a job as files for Kubernetes that run without rankzero.",
    "import": "Make a job file of what starts a training today.",
    "doctor": "Check whether all is there that runs take.",
    "schema": "Print the JSON Schema of a job file.",
    "completion": "Print the script that makes Tab complete rankzero's words.",
    "version": "Print the version.",
}


def module(verb: str, package: str = "rankzero.cli") -> str:
    """Where a verb's `command` is. A word of Python's own can name no module."""
    name = verb.replace("-", "_")
    return f"{package}.{name}_" if keyword.iskeyword(name) else f"{package}.{name}"


class Verbs(click.Group):
    """A group whose commands are loaded when they are invoked, and not before."""

    def __init__(self, *, verbs: dict[str, str], package: str, **given: Any) -> None:  # noqa: ANN401
        """verbs: each with its summary; package: where their modules are."""
        super().__init__(**given)
        self._verbs, self._package = verbs, package

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._verbs:
            return None
        command = importlib.import_module(module(cmd_name, self._package)).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self._verbs:
            import difflib

            near = difflib.get_close_matches(args[0], self._verbs, n=1)
            meant = f'did you mean "{near[0]}"?' if near else f"see {ctx.command_path} --help."
            ctx.fail(f'there is no command "{args[0]}"; {meant}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._verbs.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(verb, help=summary)
            for verb, summary in self._verbs.items()
            if verb.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from rankzero.cli.version import text

        click.echo(text())
        ctx.exit()


@click.command(
    cls=Verbs,
    verbs=VERBS,
    package="rankzero.cli",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A run is named by its id, by the start of it, or by - if it is the newest.\n\n"
    "Exit codes: 0 done, 1 the job failed, 2 the request was wrong, 3 the environment "
    "refused, 130 interrupted.",
)
@click.option("--debug", is_flag=True, help="Show a traceback with every error.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version.",
)
def rankzero(debug: bool) -> None:
    """Distributed training, from the script to the result, on a laptop or a cluster."""
